import { layer, measurements, statistics, weight } from "./sample.ts";

/** Three layers with a kernel: one fine, one saturated, one frozen. */
export const small = measurements([
  layer("dense_1", { gradient: 0, activation: 0.346, delta: 0 }, {
    activation: "relu",
    deadFraction: 0.45,
    activations: statistics(0.346, { zeroFraction: 0.45 }),
  }),
  layer("dense_2", { gradient: 4.2e-7, activation: 0.98, delta: 3e-6 }, {
    saturatedFraction: 0.993,
  }),
  layer("flatten", {}, {
    weights: [],
    preActivations: null,
    preActivationGradients: null,
    absent: { preActivationGradients: "no pre-activation" },
  }),
  layer("dense_3", { activation: 1.16, delta: 1 }, {
    role: "output",
    weights: [weight("dense_3/kernel", 0, {
      gradients: null,
      absent: { gradients: "the layer is frozen" },
    })],
  }),
]);
