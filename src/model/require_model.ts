import type { LayersModel } from "../engine/tensorflow.ts";
import { showValue } from "../words/show_value.ts";
import { isDisposed } from "./is_disposed.ts";

/** Whether something is a layers model by its looks; it may still have no inputs or be disposed of. */
export function looksLikeModel(value: unknown): value is LayersModel {
  const { layers, apply } = Object(value);
  return Array.isArray(layers) && typeof apply === "function";
}

/**
 * What is found where a layers model should be, and what was expected, for the end of a sentence; `null`
 * where there is one that can be used.
 */
export function modelComplaint(value: unknown): string | null {
  const { name, weights, inputs, then, dataSync } = Object(value);
  if (looksLikeModel(value)) {
    if (!Array.isArray(inputs) || inputs.length === 0 || !Array.isArray(weights)) {
      return `${showValue(name)}, a model without inputs, expected its first layer to have an ` +
        "inputShape";
    }
    return isDisposed(value)
      ? `${showValue(name)}, a model that was disposed of, expected one with its weights`
      : null;
  }
  const found = typeof then === "function"
    ? "a promise"
    : typeof dataSync === "function"
    ? "a tensor"
    : showValue(value);
  return `${found}, expected a layers model of TensorFlow.js`;
}

/** What is thrown where something else than a layers model was given. */
export class NoModelError extends TypeError {
  /** As for any wrong argument. */
  override name = "TypeError";

  /**
   * @param message What was found, and what was expected.
   * @param found What was given.
   */
  constructor(message: string, readonly found: unknown) {
    super(message);
  }
}

/**
 * Refuses what is not a layers model that can be used, for callers without a type checker.
 *
 * @param value What was given as the argument `model`.
 * @throws {TypeError} If it is something else, has no inputs yet or was disposed of.
 */
export function requireModel(value: unknown): asserts value is LayersModel {
  const complaint = modelComplaint(value);
  if (complaint !== null) throw new NoModelError(`model is ${complaint}`, value);
}

/**
 * Refuses what is not a layers model; one without inputs or weights has layers all the same.
 *
 * @param value What was given as the argument `model`.
 * @throws {TypeError} If it is something else.
 */
export function requireLayers(value: unknown): void {
  if (!looksLikeModel(value)) requireModel(value);
}
