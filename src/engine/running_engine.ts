import type { Engine } from "./engine.ts";
import { EngineError } from "./engine_error.ts";

/**
 * TensorFlow.js is a global of the process: a model belongs to whatever engine runs, and says of none. So
 * the public functions, which take a model, look here, once; all that they call is handed the engine.
 */
let running: Engine | null = null;

/**
 * The engine that runs in this process (in this worker), or `null`. Its starter stops it.
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

/**
 * The running engine, for public functions that are too plain to be asynchronous.
 *
 * @throws {EngineError} If no engine runs.
 */
export function requireEngine(): Engine {
  const engine = runningEngine();
  if (engine === null) {
    throw new EngineError("No engine runs: start the engine first, with await startEngine()");
  }
  return engine;
}
