import { heapView } from "../engine/heap_view.ts";
import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { outputsOf } from "../measure/outputs_of.ts";
import type { ResolvedObjective } from "../measure/resolve_objective.ts";
import type { KeptProbe } from "./keep_model.ts";
import { MeasureError } from "../measure/measure_error.ts";
import { showValue } from "../words/show_value.ts";

/** Returns a copy of the entries of a tensor, as floats. */
export function copyOf(tf: TensorFlow, tensor: Tensor): Float32Array {
  return Float32Array.from(heapView(tf, tensor));
}

/** Output of a model, copied from the engine. */
export interface Output {
  /** Its shape, examples first. */
  shape: number[];
  /** Its entries, row-major. */
  values: Float32Array;
}

/**
 * Runs a model on inputs in inference mode, from the states that it had before the probe.
 *
 * @returns Its outputs, in the model's order.
 */
export function runForward({ tf, model, rewind }: KeptProbe, inputs: Tensor[]): Output[] {
  rewind();
  // Cloned: a model may return an input as its output, and that one is not ours to dispose.
  const outputs = tf.tidy(() => outputsOf(tf, model, inputs).map((output) => output.clone()));
  const read = outputs.map((tensor) => ({ shape: [...tensor.shape], values: copyOf(tf, tensor) }));
  tf.dispose(outputs);
  return read;
}

/** Returns J of a model on these inputs, in inference mode, from the states before the probe. */
export function evaluateObjective(
  { tf, model, rewind }: KeptProbe,
  { name, evaluate }: ResolvedObjective,
  inputs: Tensor[],
): number {
  rewind();
  const value = tf.tidy(() => evaluate(outputsOf(tf, model, inputs)));
  if (typeof value?.dataSync !== "function") {
    throw new MeasureError(
      `The objective ${name} returned ${showValue(value)}, expected a scalar of dtype float32`,
    );
  }
  const [number] = value.dataSync();
  value.dispose();
  return number;
}

/**
 * Returns the largest |difference| of two arrays of equal length; NaN if only one of a pair is NaN.
 */
export function largestChange(before: ArrayLike<number>, after: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < before.length; i++) {
    // Equal infinities do not differ, nor do two NaNs.
    if (Object.is(before[i], after[i])) continue;
    const change = Math.abs(before[i] - after[i]);
    if (!(change <= largest)) largest = change;
    if (Number.isNaN(largest)) return NaN;
  }
  return largest;
}

/** Returns the root mean square. */
export function rmsOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ** 2;
  return Math.sqrt(sum / Math.max(1, values.length));
}
