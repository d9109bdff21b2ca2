/**
 * The two networks of a GAN that draws digits. They are measured as they are trained, each with its own
 * loss: see `generator.ts` and `discriminator.ts`.
 */
import type { LayersModel, TensorFlow } from "@gradient-health/gradient-health/model";

/** Number of random numbers from which a picture is made. */
export const NOISE = 32;

/** From noise to pictures of 28 x 28, from 0 for paper to 1 for ink. */
export function createGenerator(tf: TensorFlow): LayersModel {
  const enlarge = (
    filters: number,
  ) => ({ filters, kernelSize: 4, strides: 2, padding: "same" } as const);
  return tf.sequential({
    name: "generator",
    layers: [
      tf.layers.dense({ name: "dense", units: 7 * 7 * 32, useBias: false, inputShape: [NOISE] }),
      tf.layers.batchNormalization({ name: "norm_1" }),
      tf.layers.reLU({ name: "relu_1" }),
      tf.layers.reshape({ name: "reshape", targetShape: [7, 7, 32] }),
      tf.layers.conv2dTranspose({ name: "enlarge_1", ...enlarge(16), useBias: false }),
      tf.layers.batchNormalization({ name: "norm_2" }),
      tf.layers.reLU({ name: "relu_2" }),
      tf.layers.conv2dTranspose({ name: "enlarge_2", ...enlarge(1), activation: "sigmoid" }),
    ],
  });
}

/** From pictures to one number: above 0 for real ones. Without a sigmoid, which the losses contain. */
export function createDiscriminator(tf: TensorFlow): LayersModel {
  const reduce = (filters: number) => ({
    filters,
    kernelSize: 4,
    strides: 2,
    padding: "same",
    kernelInitializer: "heNormal",
  } as const);
  return tf.sequential({
    name: "discriminator",
    layers: [
      tf.layers.conv2d({ name: "reduce_1", ...reduce(16), inputShape: [28, 28, 1] }),
      tf.layers.leakyReLU({ name: "relu_1", alpha: 0.2 }),
      tf.layers.conv2d({ name: "reduce_2", ...reduce(32) }),
      tf.layers.leakyReLU({ name: "relu_2", alpha: 0.2 }),
      tf.layers.flatten({ name: "flatten" }),
      tf.layers.dense({ name: "real", units: 1 }),
    ],
  });
}
