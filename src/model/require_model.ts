import type { LayersModel } from "../engine/tensorflow.ts";
import { showValue } from "../words/show_value.ts";
import { isDisposed } from "./is_disposed.ts";

/**
 * Returns true if something looks like a layers model; it may still have no inputs or be disposed
 * of.
 */
export function looksLikeModel(value: unknown): value is LayersModel {
  const { layers, apply } = Object(value);
  return Array.isArray(layers) && typeof apply === "function";
}

/**
 * Describes the value found in place of a layers model, and the one expected, for the end of a
 * sentence; `null` if it is a usable model.
 */
export function modelComplaint(value: unknown): string | null {
  const { name, weights, inputs } = Object(value);
  if (looksLikeModel(value)) {
    if (!Array.isArray(inputs) || inputs.length === 0 || !Array.isArray(weights)) {
      return `${showValue(name)}, a model without inputs, expected its first layer to have an ` +
        "inputShape";
    }
    return isDisposed(value)
      ? `${showValue(name)}, a model that was disposed of, expected one with its weights`
      : null;
  }
  return `${describeOther(value)}, expected a layers model of TensorFlow.js`;
}

/** Describes a value that is not a model. */
function describeOther(value: unknown): string {
  const { then, dataSync } = Object(value);
  if (typeof then === "function") return "a promise";
  return typeof dataSync === "function" ? "a tensor" : showValue(value);
}

/** The value given is not a layers model. */
export class NoModelError extends TypeError {
  /** Same name as for any wrong argument. */
  override name = "TypeError";

  /**
   * @param message Value found, and the one expected.
   * @param found Value that was given.
   */
  constructor(message: string, readonly found: unknown) {
    super(message);
  }
}

/**
 * Rejects anything except a usable layers model, for callers without a type checker.
 *
 * @param value Value of the argument `model`.
 * @throws {TypeError} If it is something else, has no inputs yet or was disposed of.
 */
export function requireModel(value: unknown): asserts value is LayersModel {
  const complaint = modelComplaint(value);
  if (complaint !== null) throw new NoModelError(`model is ${complaint}`, value);
}

/**
 * Rejects anything except a layers model; one without inputs or weights still has layers.
 *
 * @param value Value of the argument `model`.
 * @throws {TypeError} If it is something else.
 */
export function requireLayers(value: unknown): void {
  if (!looksLikeModel(value)) requireModel(value);
}
