import { type Engine, EngineError } from "./engine.ts";

/**
 * TensorFlow.js is global to the process: a model does not refer to an engine, but uses the running
 * one. So public functions that take a model look it up here, once, and pass it on.
 */
let running: Engine | null = null;

/**
 * Returns the engine running in this process (in this worker), or `null`. Whoever started it must
 * stop it.
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

/** Records the running engine; for `startEngine` and `stop` only. */
export function setRunningEngine(engine: Engine | null): void {
  running = engine;
}

/**
 * Returns the running engine, for synchronous public functions.
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
