/**
 * The generator of a GAN as it is trained, through a discriminator whose weights are frozen meanwhile:
 *
 *     deno run -A mod.ts report examples/gan/generator.ts
 *
 * Its one warning is of the discriminator, which is frozen here and trained by a step of its own.
 * `gradient-health.json` beside this file says so, and checks both networks:
 *
 *     deno run -A mod.ts check --config examples/gan/gradient-health.json
 */
import type { ModelModule } from "@gradient-health/gradient-health/model";
import { createDiscriminator, createGenerator, NOISE } from "./networks.ts";

/**
 * -log D(G(z)), of logits: it passes a gradient where the discriminator is sure of a fake, which
 * log(1 - D(G(z))) does not (Goodfellow et al. 2014).
 */
export const objective: ModelModule["objective"] = function fooling([logits]) {
  return logits.neg().softplus().mean();
};

export const createModel: ModelModule["createModel"] = ({ tf }) => {
  const discriminator = createDiscriminator(tf);
  for (const layer of discriminator.layers) layer.trainable = false;
  return tf.sequential({ name: "gan", layers: [createGenerator(tf), discriminator] });
};

/** The loss needs no targets. */
export const createBatch: NonNullable<ModelModule["createBatch"]> = ({ tf, examples }) => ({
  inputs: tf.randomNormal([examples, NOISE]),
});
