import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";

/** Facts about a network from networks.py, which write_networks.py writes to networks.json. */
export interface NetworkFacts {
  loss: "sum" | "mse" | "crossentropy";
  /** True if batch normalisation uses the statistics of the batch. */
  training: boolean;
}

/** The loss of a network as a user of TensorFlow.js writes it. Classes are numbers. */
export function lossOf(
  tf: TensorFlow,
  loss: NetworkFacts["loss"],
  outputs: Tensor,
  targets: Tensor | null,
): Tensor {
  if (loss === "sum") return tf.sum(outputs);
  if (loss === "mse") return tf.losses.meanSquaredError(targets!, outputs);
  const classes = tf.oneHot(tf.cast(targets!.flatten(), "int32"), outputs.shape[1]!);
  const likelihoods = tf.sum(tf.mul(outputs, tf.cast(classes, "float32")), -1);
  return tf.neg(tf.mean(tf.log(likelihoods)));
}
