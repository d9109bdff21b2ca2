import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";

/** Returns 1 for the target class of each row of the outputs, and 0 for the others. */
export function oneHot(tf: TensorFlow, targets: Tensor, outputs: Pick<Tensor, "shape">): Tensor {
  const classes = tf.cast(tf.reshape(targets, outputs.shape.slice(0, -1)), "int32");
  // TensorFlow.js encodes no single class.
  if (outputs.shape.at(-1) === 1) {
    return tf.cast(tf.expandDims(tf.equal(classes, 0), -1), "float32");
  }
  return tf.cast(tf.oneHot(classes as never, outputs.shape.at(-1)!), "float32");
}
