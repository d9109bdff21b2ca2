import type {
  LayerMeasurements,
  Measurements,
  TensorStatistics,
  WeightMeasurements,
} from "../../src/core/measure/measurements.ts";
import { atMost, layerName, say } from "../../src/core/rules/say.ts";
import { type Finding, makeFinding, type Verdict } from "../../src/core/rules/finding.ts";
import { makeLayer, makeMeasurements, makeWeight } from "./measurements.ts";

/** Statistics with the given mean of absolute values, all entries alike. */
export function statistics(
  meanAbs: number,
  over: Partial<TensorStatistics> = {},
): TensorStatistics {
  return {
    count: 10,
    meanAbs,
    rms: meanAbs,
    maxAbs: meanAbs,
    mean: meanAbs,
    std: 0,
    l2: meanAbs * 4,
    zeroFraction: meanAbs === 0 ? 1 : 0,
    nonFinite: 0,
    ...over,
  };
}

/** A weight with a gradient of the given size. */
export function weight(
  name: string,
  gradient: number,
  over: Partial<WeightMeasurements> = {},
): WeightMeasurements {
  return makeWeight({
    name,
    values: statistics(0.1),
    gradients: statistics(gradient),
    ...over,
  });
}

/** A tanh layer with figures of the given sizes. */
export function layer(
  name: string,
  { gradient = 0.1, activation = 0.1, delta = 0.1 },
  over: Partial<LayerMeasurements> = {},
): LayerMeasurements {
  return makeLayer({
    name,
    preActivations: statistics(1),
    activations: statistics(activation),
    activationGradients: statistics(delta),
    preActivationGradients: statistics(delta),
    weights: [weight(`${name}/kernel`, gradient)],
    saturatedFraction: null,
    ...over,
  });
}

/** Measurements of a model with these layers. */
export function measurements(
  layers: LayerMeasurements[],
  over: Partial<Measurements> = {},
): Measurements {
  return makeMeasurements([], {
    model: { name: "exercise", source: null, parameters: 4021, layers: layers.length },
    batch: {
      examples: 32,
      seed: 0,
      inputs: statistics(0.8, { mean: 0.01, std: 0.998 }),
      perInput: [
        { name: "input_1", shape: [32, 20], dtype: "float32", values: statistics(0.8) },
      ],
    },
    objective: { name: "sum", value: 1.1625 },
    seed: 3,
    layers,
    ...over,
  });
}

/** An error of the given layer. */
export function finding(
  layer: string | null,
  { rule = "saturated-activations", ...over }: Partial<Verdict> & {
    rule?: string;
    suppressed?: string;
  } = {},
): Finding {
  const name = layer === null ? say`null` : [layerName(layer)];
  return makeFinding(rule, {
    severity: "error",
    layer,
    measured: 0.99,
    expected: atMost(0.5),
    message: say`99 % of the entries of ${name} are saturated.`,
    fix: say`Scale the kernel of ${name} down.`,
    ...over,
  });
}

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
