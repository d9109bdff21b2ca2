import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";

/** Smallest product of a probability and its complement that PyTorch divides a gradient by. */
const MIN_PRODUCT = 1e-12;

/**
 * Computes the binary cross entropy of each probability as PyTorch does: no logarithm is below
 * -100, and the gradient is finite at 0 and 1 too.
 */
export function shareLoss(tf: TensorFlow, shares: Tensor, targets: Tensor): Tensor {
  const log = (x: Tensor): Tensor => tf.maximum(tf.log(x), -100);
  const compute = tf.customGrad((...args) => {
    const [x, t, save] = args as unknown as [Tensor, Tensor, (tensors: Tensor[]) => void];
    save([x, t]);
    return {
      value: tf.neg(tf.add(tf.mul(t, log(x)), tf.mul(tf.sub(1, t), log(tf.sub(1, x))))),
      gradFunc(dy: Tensor, [x, t]: Tensor[]) {
        const product = tf.maximum(tf.mul(x, tf.sub(1, x)), MIN_PRODUCT);
        return [
          tf.mul(dy, tf.div(tf.sub(x, t), product)),
          tf.mul(dy, tf.sub(log(tf.sub(1, x)), log(x))),
        ];
      },
    };
  });
  return compute(shares, targets);
}
