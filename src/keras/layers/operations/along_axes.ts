import type { Tensor, TensorFlow } from "../../../engine/tensorflow.ts";
import {
  innerAxes,
  innerAxis,
  type Operation,
  type OperationSettings,
  withoutGradient,
} from "./operation.ts";

type Reduction = (tf: TensorFlow, x: Tensor, axes: number[], settings: OperationSettings) => Tensor;

/**
 * Defines an operation that leaves one entry of each axis that it works along, or removes the axis.
 */
function reduction(run: Reduction): Operation {
  return {
    shape([shape], { axis, keepdims }) {
      const axes = innerAxes(axis, shape);
      if (keepdims === true) return shape.map((size, i) => axes.includes(i) ? 1 : size);
      return shape.filter((_, i) => !axes.includes(i));
    },
    run(tf, [x], settings) {
      const axes = innerAxes(settings.axis, x.shape);
      const kept = run(tf, x, axes, settings);
      if (settings.keepdims === true) return kept;
      return tf.reshape(kept, x.shape.filter((_, i) => !axes.includes(i)));
    },
  };
}

/** Defines an operation along axes that keeps the shape. */
function along(run: Reduction): Operation {
  return {
    shape([shape], { axis }) {
      innerAxes(axis, shape);
      return shape;
    },
    run: (tf, [x], settings) => run(tf, x, innerAxes(settings.axis, x.shape), settings),
  };
}

/**
 * Returns the largest entry. Equal maxima share its gradient, as in Keras; TensorFlow.js sends each
 * of them all of it.
 */
function largest(tf: TensorFlow, x: Tensor, axes: number[]): Tensor {
  const operation = tf.customGrad((given, save) => {
    const own = given as Tensor;
    const value = tf.max(own, axes, true);
    (save as (tensors: Tensor[]) => void)([own, value]);
    const gradFunc = (dy: Tensor, [input, most]: Tensor[]) => {
      const isMost = tf.cast(tf.equal(input, most), "float32");
      return tf.mul(isMost, tf.div(dy, tf.sum(isMost, axes, true)));
    };
    return { value, gradFunc };
  });
  return operation(x);
}

const mean: Reduction = (tf, x, axes) => tf.mean(x, axes, true);
const variance = (tf: TensorFlow, x: Tensor, axes: number[]) => tf.moments(x, axes, true).variance;

/** Returns the norm of vectors: l2 by default, l1, or the largest entry. */
function norm(tf: TensorFlow, x: Tensor, axes: number[], order: unknown): Tensor {
  if (order === 1) return tf.sum(tf.abs(x), axes, true);
  if (order === Infinity) return largest(tf, tf.abs(x), axes);
  return tf.sqrt(tf.sum(tf.square(x), axes, true));
}

/** Keras's default epsilon. */
const EPSILON = 1e-7;

export const ALONG_AXES: Readonly<Record<string, Operation>> = {
  All: reduction((tf, x, axes) =>
    withoutGradient(tf, [x], (own) => tf.all(tf.notEqual(own, 0), axes, true))
  ),
  Any: reduction((tf, x, axes) =>
    withoutGradient(tf, [x], (own) => tf.any(tf.notEqual(own, 0), axes, true))
  ),
  Average: reduction(mean),
  Cumsum: along((tf, x, axes) => tf.cumsum(x, axes[0])),
  LogSoftmax: along((tf, x, axes) => tf.sub(x, tf.logSumExp(x, axes, true))),
  Logsumexp: reduction((tf, x, axes) => tf.logSumExp(x, axes, true)),
  Max: reduction(largest),
  Mean: reduction(mean),
  Min: reduction((tf, x, axes) => tf.neg(largest(tf, tf.neg(x), axes))),
  Norm: reduction((tf, x, axes, { ord }) => norm(tf, x, axes, ord)),
  Normalize: {
    shape([shape], { axis }) {
      innerAxis(axis, shape);
      return shape;
    },
    run(tf, [x], { axis, order, epsilon }) {
      const axes = innerAxes(axis, x.shape);
      const least = (epsilon ?? EPSILON) as number;
      if (order === 2) {
        const inverse = tf.rsqrt(tf.sum(tf.square(x), axes, true));
        return tf.mul(x, tf.minimum(inverse, 1 / least));
      }
      return tf.div(x, tf.maximum(norm(tf, x, axes, order), least));
    },
  },
  Prod: reduction((tf, x, axes) => axes.reduce((own, axis) => tf.prod(own, axis, true), x)),
  Std: reduction((tf, x, axes) => tf.sqrt(variance(tf, x, axes))),
  Sum: reduction((tf, x, axes) => tf.sum(x, axes, true)),
  Var: reduction(variance),
};
