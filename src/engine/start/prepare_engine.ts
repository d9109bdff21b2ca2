import type { KernelBackend } from "@tensorflow/tfjs";
import { InputError, refusal } from "../../ground/words/input_error.ts";
import { type Engine, EngineError } from "../engine.ts";
import type { Heap } from "../heap/heap.ts";

interface EngineParts {
  backend: KernelBackend;
  /** Heap of that backend. */
  heap: Heap;
  /**
   * Restores what another copy of TensorFlow.js has replaced, and repairs the layers of that copy.
   */
  repair(model: object | null): void;
}

const parts = new WeakMap<Engine, EngineParts>();

/** Records the parts of an engine; for `startEngine` only. */
export function setEngineParts(engine: Engine, made: EngineParts): void {
  parts.set(engine, made);
}

/** Returns the heap of an engine. */
export function heapOf(engine: Engine): Heap {
  const made = parts.get(engine);
  if (made === undefined) {
    throw new InputError(refusal`engine is unknown, expected one that startEngine() made`);
  }
  return made.heap;
}

/**
 * Prepares an engine for a model, whatever the model's code has done to it.
 *
 * If another backend was made active, as scripts for TensorFlow.js often do first, the engine's
 * becomes active again; tensors created meanwhile are moved when they are used. A copy of
 * TensorFlow.js that was imported while the engine ran has replaced the engine's ops and gradients:
 * they are restored. Layers of such a copy are repaired like those of the engine's TensorFlow.js.
 *
 * @param model Model that it will run, if known.
 * @throws {EngineError} If the backend is gone.
 */
export function prepareEngine(engine: Engine, model: object | null): void {
  const change = backendChange(engine);
  const made = parts.get(engine);
  if (change !== null) {
    if (engine.tf.engine().registry["wasm"] !== made?.backend) throw new EngineError(change);
    // The backend exists, so this completes before the call returns.
    engine.tf.setBackend("wasm");
  }
  made?.repair(model);
}

/**
 * Returns a sentence about what happened to the backend of an engine, or `null` if it is active.
 */
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
