import type { Attempt, LayerTraining, Trial } from "../../src/probe/trial.ts";
import { SUBJECT } from "./make_probes.ts";

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
