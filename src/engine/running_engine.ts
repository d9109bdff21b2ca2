import type { Engine } from "./engine.ts";

let running: Engine | null = null;

/** The engine that runs in this process (in this worker), or `null`. */
export function runningEngine(): Engine | null {
  return running;
}

/** Records which engine runs; for `startEngine` and `stop` alone. */
export function setRunningEngine(engine: Engine | null): void {
  running = engine;
}
