/**
 * The discriminator of a GAN during training, on digits and on the generator's pictures from noise:
 *
 *     deno run -A mod.ts report examples/gan/discriminator.ts
 */
import type { ModelModule, Tensor } from "@gradient-health/gradient-health/model";
import { createBatch as createDigits } from "../digits.ts";
import { createDiscriminator, createGenerator, NOISE } from "./networks.ts";

/** Cross-entropy of logits, with 1 for real and 0 for made: -log D(x) and -log(1 - D(G(z))). */
export const objective: ModelModule["objective"] = function telling([logits], [real]) {
  return logits.softplus().sub(logits.mul(real)).mean();
};

export const createModel: ModelModule["createModel"] = ({ tf }) => createDiscriminator(tf);

/** Half of the pictures are digits. */
export const createBatch: NonNullable<ModelModule["createBatch"]> = async (
  { tf, seed, examples },
) => {
  const half = Math.ceil(examples / 2);
  const digits = await createDigits({ tf, seed, examples: half });
  const generator = createGenerator(tf);
  const batch = tf.tidy(() => {
    const noise = tf.randomNormal([examples - half, NOISE]);
    const made = generator.apply(noise) as Tensor;
    return {
      inputs: tf.concat([digits.inputs as Tensor, made]),
      targets: tf.concat([tf.ones([half, 1]), tf.zeros([examples - half, 1])]),
    };
  });
  generator.dispose();
  tf.dispose([digits.inputs, digits.targets!]);
  return batch;
};
