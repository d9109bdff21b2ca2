/**
 * A classifier of handwritten digits, as it is before training:
 *
 *     deno run -A mod.ts report examples/digits.ts
 */
import type { ModelModule } from "@gradient-health/gradient-health/model";
import { DIGITS, loadDigits } from "../fixtures/digits.ts";

export const objective: ModelModule["objective"] = "categoricalCrossentropy";

export const createModel: ModelModule["createModel"] = ({ tf, seed }) => {
  const dense = (layer: number, units: number, activation: "relu" | "softmax") =>
    tf.layers.dense({
      name: `dense_${layer}`,
      units,
      activation,
      kernelInitializer: tf.initializers.heNormal({ seed: 10 * seed + layer }),
    });
  return tf.sequential({
    name: "digits",
    layers: [
      tf.layers.flatten({ name: "flatten", inputShape: [28, 28, 1] }),
      dense(1, 64, "relu"),
      dense(2, 64, "relu"),
      dense(3, 10, "softmax"),
    ],
  });
};

/** Each seed takes the digits from another one on. */
export const createBatch: NonNullable<ModelModule["createBatch"]> = ({ tf, seed, examples }) => {
  if (examples > DIGITS) throw new RangeError(`there are ${DIGITS} digits, not ${examples}`);
  return tf.tidy(() => {
    const { inputs, targets } = loadDigits(tf);
    const first = ((seed * examples) % DIGITS + DIGITS) % DIGITS;
    const order = Array.from({ length: examples }, (_, i) => (first + i) % DIGITS);
    const indices = tf.tensor1d(order, "int32");
    return { inputs: tf.gather(inputs, indices), targets: tf.gather(targets, indices) };
  });
};
