import type { Engine } from "./engine.ts";

let running: Engine | null = null;

/**
 * The engine that runs in this process (in this worker), or `null`. Whoever started it stops it.
 *
 * @example
 * ```ts
 * import { runningEngine, startEngine } from "@gradient-health/gradient-health/engine";
 *
 * const engine = await startEngine();
 * console.assert(runningEngine()?.threads === 1);
 * await engine.stop();
 * console.assert(runningEngine() === null);
 * ```
 */
export function runningEngine(): Engine | null {
  return running;
}

/** Records which engine runs; for `startEngine` and `stop` alone. */
export function setRunningEngine(engine: Engine | null): void {
  running = engine;
}
