import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { sizeOf } from "./axes.ts";

/**
 * Replaces an axis by weighted sums of its entries, as in interpolation.
 *
 * @param rows Weights of all old entries, one row for each new one.
 */
export function resample(
  tf: TensorFlow,
  x: Tensor,
  axis: number,
  rows: readonly (readonly number[])[],
): Tensor {
  const weights = tf.tensor2d(rows as number[][], [rows.length, x.shape[axis]]);
  const inner = sizeOf(x.shape.slice(axis + 1));
  const shape = x.shape.with(axis, rows.length);
  if (inner === 1) {
    const last = tf.reshape(x, [-1, x.shape[axis]]) as Tensor;
    return tf.reshape(tf.matMul(last, weights, false, true), shape);
  }
  const parts = tf.reshape(x, [-1, x.shape[axis], inner]) as Tensor;
  return tf.reshape(tf.matMul(tf.expandDims(weights, 0), parts), shape);
}
