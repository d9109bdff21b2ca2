import type { GradientComparison } from "../../src/probe/probe_gradients.ts";
import type { WeightStep } from "../../src/probe/probe_step.ts";

/** What every probe says of the model and the batch it ran on. */
export const SUBJECT = {
  model: { name: "test" },
  seed: 7,
  batch: { examples: 4, seed: 3 },
  objective: { name: "meanSquaredError" },
};

/** A kernel of mean size 1 that a step moved. */
export function makeStep(given: Partial<WeightStep> = {}): WeightStep {
  return {
    layer: "dense_1",
    name: "dense_1/kernel",
    shape: [5, 4],
    trainable: true,
    frozen: false,
    meanAbs: 1,
    meanAbsUpdate: 1e-3,
    changed: 20,
    changedLater: null,
    ...given,
  };
}

/** A weight whose quotients at smaller and smaller steps are these, beside a gradient of 1. */
export function makeComparison(
  quotients: number[],
  given: Partial<GradientComparison> = {},
): GradientComparison {
  const differences = quotients.map((numeric, k) => ({
    step: 0.1 / 4 ** k,
    numeric,
    forward: numeric,
    backward: numeric,
  }));
  return { layer: "dense_1", name: "dense_1/kernel", analytic: 1, scale: 1, differences, ...given };
}
