import { EngineError } from "./engine_error.ts";
import { runningEngine } from "./running_engine.ts";
import type { TensorFlow } from "./tensorflow.ts";

/**
 * TensorFlow.js of the running engine, for functions that are too plain to be asynchronous.
 *
 * @throws {EngineError} If no engine runs.
 */
export function requireEngine(): TensorFlow {
  const engine = runningEngine();
  if (engine === null) {
    throw new EngineError("no engine runs: start the engine first, with await startEngine()");
  }
  return engine.tf;
}
