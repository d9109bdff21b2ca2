import type { GradientComparison } from "../../src/core/probe/probe_gradients.ts";
import type { WeightStep } from "../../src/core/probe/probe_step.ts";
import type { Attempt, LayerTraining, Trial } from "../../src/core/probe/trial.ts";

/** Model and batch of a probe. */
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

/** A layer that training has moved. */
export function makeLayer(given: Partial<LayerTraining> = {}): LayerTraining {
  return {
    layer: "dense_1",
    updateRatio: 0.01,
    growth: 1,
    moved: 1,
    nonFiniteGradient: null,
    ...given,
  };
}

/** An attempt that learns. */
export function makeAttempt(given: Partial<Attempt> = {}): Attempt {
  return {
    optimizer: "Adam",
    learningRate: 0.003,
    given: false,
    steps: 40,
    loss: { first: 2.5, last: 0.5, least: 0.5 },
    losses: [2.5, 1.4, 0.5],
    penalty: { first: 0, last: 0, gradientRatio: null },
    accuracy: null,
    fit: 0.75,
    nonFiniteStep: null,
    verdict: "learns",
    layers: [makeLayer()],
    stillLayers: 0,
    ...given,
  };
}

/** A trial of these attempts. */
export function makeTrial(given: Partial<Trial> = {}): Trial {
  return {
    ...SUBJECT,
    objective: { name: "meanSquaredError" },
    randomTargets: false,
    guess: 2,
    verdict: "learns",
    givenVerdict: null,
    reason: null,
    attempts: [makeAttempt()],
    best: 0,
    ...given,
  };
}
