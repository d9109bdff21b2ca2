import type { KernelBackend } from "@tensorflow/tfjs";
import type { Engine } from "./engine.ts";
import { EngineError } from "./engine_error.ts";
import type { Heap } from "./heap.ts";

/** What an engine is made of. */
interface EngineParts {
  /** The backend that it computes on. */
  backend: KernelBackend;
  /** The heap of that backend. */
  heap: Heap;
  /** Puts back what another copy of TensorFlow.js has replaced, and repairs the layers of that copy. */
  repair(model: object | null): void;
}

const parts = new WeakMap<Engine, EngineParts>();

/** Records what an engine is made of; for `startEngine` alone. */
export function setEngineParts(engine: Engine, made: EngineParts): void {
  parts.set(engine, made);
}

/** The heap that an engine computes on, for those who were handed the engine. */
export function heapOf(engine: Engine): Heap {
  const made = parts.get(engine);
  if (made === undefined) throw new TypeError("engine was not made by startEngine()");
  return made.heap;
}

/**
 * Gets an engine ready for a model, whatever the code of a model has done to it.
 *
 * Its backend becomes the active one again where another one was made active, as scripts for TensorFlow.js
 * often do first; what was built meanwhile is moved when it is used. A copy of TensorFlow.js that was
 * imported while the engine ran has registered its kernels and gradients in place of the engine's: they
 * come back. Layers of such a copy are repaired as those of the engine's TensorFlow.js are.
 *
 * @param engine The engine.
 * @param model The model that it is to run, if it is known.
 * @throws {EngineError} If the backend is gone.
 */
export function prepareEngine(engine: Engine, model: object | null): void {
  const change = backendChange(engine);
  const made = parts.get(engine);
  if (change !== null) {
    if (engine.tf.engine().registry["wasm"] !== made?.backend) throw new EngineError(change);
    // It is there already, so that this is done before the call returns.
    engine.tf.setBackend("wasm");
  }
  made?.repair(model);
}

/** What happened to the backend of an engine, in one sentence; `null` where it is the active one. */
export function backendChange(engine: Engine): string | null {
  const { tf } = engine;
  const made = parts.get(engine);
  if (made === undefined) return null;
  if (tf.engine().registry["wasm"] !== made.backend) {
    return "The WASM backend of TensorFlow.js was removed while the engine computed on it: " +
      'remove the call tf.removeBackend("wasm") or tf.engine().reset()';
  }
  const active = tf.getBackend();
  if (active === "wasm") return null;
  return `The code of the model made "${active}" the active backend of TensorFlow.js: ` +
    `remove its call to tf.setBackend("${active}")`;
}
