import { runningEngine } from "../../engine/running_engine.ts";
import type { LayersModel } from "../../engine/tensorflow.ts";
import { InputError, type Refusal } from "../../ground/words/input_error.ts";
import { showValue } from "../../ground/words/show_value.ts";

/** Part of TensorFlow.js that tracks the data of tensors. */
interface Tracked {
  tensorInfo: WeakMap<object, unknown>;
}

/**
 * Returns true if a model, or only its weights (`tf.disposeVariables()`), was disposed of. Public
 * functions check this before they start an engine.
 */
export function isDisposed(model: LayersModel): boolean {
  if ((model as unknown as { _refCount: number })._refCount === 0) return true;
  const state = runningEngine()?.tf.engine().state as unknown as Tracked | undefined;
  try {
    // TensorFlow.js offers no other test than reading. After disposeVariables() reading succeeds,
    // but the data is no longer tracked.
    return model.layers.some(({ weights }) =>
      weights.some((weight) => {
        const { dataId } = weight.read();
        return state !== undefined && !state.tensorInfo.has(dataId);
      })
    );
  } catch {
    return true;
  }
}

/**
 * Returns true if something looks like a layers model; it may still have no inputs or be disposed
 * of.
 */
export function looksLikeModel(value: unknown): value is LayersModel {
  const { layers, apply } = Object(value);
  return Array.isArray(layers) && typeof apply === "function";
}

/** Describes the value found in place of a usable layers model; `null` if it is one. */
export function modelMismatch(value: unknown): Omit<Refusal, "place"> | null {
  const { name, weights, inputs } = Object(value);
  if (looksLikeModel(value)) {
    if (!Array.isArray(inputs) || inputs.length === 0 || !Array.isArray(weights)) {
      return {
        found: `${showValue(name)}, a model without inputs`,
        expected: "its first layer to have an inputShape",
      };
    }
    if (!isDisposed(value)) return null;
    return {
      found: `${showValue(name)}, a model that was disposed of`,
      expected: "one with its weights",
    };
  }
  return { found: describeOther(value), expected: "a layers model of TensorFlow.js" };
}

function describeOther(value: unknown): string {
  const { then, dataSync } = Object(value);
  if (typeof then === "function") return "a promise";
  return typeof dataSync === "function" ? "a tensor" : showValue(value);
}

/** The value given is not a layers model. */
export class NoModelError extends InputError {
  /**
   * @param refusal Value found, and the one expected.
   * @param given Value that was given.
   */
  constructor(refusal: Refusal, readonly given: unknown) {
    super(refusal);
  }
}

/**
 * Rejects anything except a usable layers model, for callers without a type checker.
 *
 * @param value Value of the argument `model`.
 * @throws {InputError} If it is something else, has no inputs yet or was disposed of.
 */
export function requireModel(value: unknown): asserts value is LayersModel {
  const wrong = modelMismatch(value);
  if (wrong !== null) throw new NoModelError(Object.assign({ place: "model" }, wrong), value);
}

/**
 * Rejects anything except a layers model; one without inputs or weights still has layers.
 *
 * @param value Value of the argument `model`.
 */
export function requireLayers(value: unknown): void {
  if (!looksLikeModel(value)) requireModel(value);
}
