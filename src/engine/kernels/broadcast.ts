import type { Tensor, TensorFlow } from "../tensorflow.ts";

/**
 * Returns, for each entry of an array of shape `to`, the offset of its entry in an array of shape
 * `from` that is broadcast: missing leading axes and axes of size 1 repeat.
 */
export function broadcastOffsets(from: readonly number[], to: readonly number[]): Int32Array {
  const missing = to.length - from.length;
  let offsets = new Int32Array(1);
  to.forEach((size, axis) => {
    const own = axis < missing ? 1 : from[axis - missing];
    const next = new Int32Array(offsets.length * size);
    for (let k = 0; k < offsets.length; k++) {
      const start = offsets[k] * own;
      for (let i = 0; i < size; i++) next[k * size + i] = own === 1 ? start : start + i;
    }
    offsets = next;
  });
  return offsets;
}

/**
 * Sums a gradient over the axes along which an input was broadcast, so that it has the input's
 * shape again.
 */
export function reduceLike(tf: TensorFlow, gradient: Tensor, shape: readonly number[]): Tensor {
  const missing = gradient.rank - shape.length;
  const axes = gradient.shape.flatMap((size, axis) =>
    axis < missing || (shape[axis - missing] === 1 && size !== 1) ? [axis] : []
  );
  return axes.length === 0 ? gradient : tf.reshape(tf.sum(gradient, axes), [...shape]);
}
