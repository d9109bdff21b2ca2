import type { KernelBackend } from "@tensorflow/tfjs";
import type { Engine } from "./engine.ts";
import { EngineError } from "./engine_error.ts";

/** The backend that each engine computes on. */
const backends = new WeakMap<Engine, KernelBackend>();

/** Records which backend an engine computes on; for `startEngine` alone. */
export function setEngineBackend(engine: Engine, backend: KernelBackend): void {
  backends.set(engine, backend);
}

/**
 * Makes the backend of an engine the active one again, where the code of a model made another one active,
 * as scripts for TensorFlow.js often do first. What was built meanwhile is moved when it is used.
 *
 * @throws {EngineError} If the backend is gone, and what lay on it with it.
 */
export function activateBackend(engine: Engine): void {
  const change = backendChange(engine);
  if (change === null) return;
  if (engine.tf.engine().registry["wasm"] !== backends.get(engine)) throw new EngineError(change);
  // It is there already, so that this is done before the call returns.
  engine.tf.setBackend("wasm");
}

/** What happened to the backend of an engine, in one sentence; `null` where it is the active one. */
export function backendChange(engine: Engine): string | null {
  const { tf } = engine;
  const backend = backends.get(engine);
  if (backend === undefined) return null;
  if (tf.engine().registry["wasm"] !== backend) {
    return "The WASM backend of TensorFlow.js was removed while the engine computed on it: " +
      'take out the tf.removeBackend("wasm") or tf.engine().reset()';
  }
  const active = tf.getBackend();
  if (active === "wasm") return null;
  return `The code of the model made "${active}" the active backend of TensorFlow.js: ` +
    `take out its tf.setBackend("${active}")`;
}
