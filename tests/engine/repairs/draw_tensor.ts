import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";

/** Normal numbers of standard deviation 1, the same for the same seed. */
export function normal(tf: TensorFlow, shape: number[], seed: number): Tensor {
  return tf.randomNormal(shape, 0, 1, "float32", seed);
}
