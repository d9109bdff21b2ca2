import type { Tensor, TensorFlow } from "../tensorflow.ts";

/**
 * Sums a gradient over the axes along which an input was broadcast, so that it has the input's shape
 * again: what a broadcast copies, its gradient adds up.
 */
export function reduceLike(tf: TensorFlow, gradient: Tensor, shape: readonly number[]): Tensor {
  const missing = gradient.rank - shape.length;
  const axes = gradient.shape.flatMap((size, axis) =>
    axis < missing || (shape[axis - missing] === 1 && size !== 1) ? [axis] : []
  );
  return axes.length === 0 ? gradient : tf.reshape(tf.sum(gradient, axes), [...shape]);
}
