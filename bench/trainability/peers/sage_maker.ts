import type { Peer } from "./peers.ts";
import { type LayerOutput, type PeerView, shareOfUnits, trainedWeights } from "./view.ts";

// Amazon SageMaker developer guide, "List of Debugger built-in rules": VanishingGradient threshold 1e-7,
// DeadRelu threshold_inactivity 1 % and threshold_layer 50 %, SaturatedActivation threshold_tanh
// (-9.4999, 9.4999), threshold_sigmoid (-23, 16.99999), the same two shares, ExplodingTensor for whatever is
// no finite number, PoorWeightInitialization threshold 10.

/** A unit is active where its input is inside of the thresholds; told from what it puts out. */
const ACTIVE: Record<string, (value: number) => boolean> = {
  // float32 puts out 1 from an input of 9.01 on: that is as near as its output can tell.
  tanh: (value) => Math.abs(value) < 1,
  sigmoid: (value) => value > 1 / (1 + Math.exp(23)) && value < 1,
};

const inactive = (output: LayerOutput, active: (value: number) => boolean) =>
  shareOfUnits(output, active, 0.01) > 0.5;

const rules: Peer["rules"] = {
  VanishingGradient: (view) =>
    trainedWeights(view).some(({ gradients }) => gradients!.meanAbs < 1e-7),
  DeadRelu: ({ outputs }) =>
    outputs.some((output) =>
      output.activation === "relu" && inactive(output, (value) => value > 0)
    ),
  SaturatedActivation: ({ outputs }) =>
    outputs.some((output) =>
      output.activation in ACTIVE && inactive(output, ACTIVE[output.activation])
    ),
  ExplodingTensor: (view) =>
    view.outputs.some(({ values }) => !values.every(Number.isFinite)) ||
    trainedWeights(view).some(({ values, gradients }) =>
      values.nonFinite > 0 || gradients!.nonFinite > 0
    ),
};

/** The rules that look at one step. */
export const sageMaker: Peer = { name: "SageMaker Debugger", rules };

/** The largest variance of the inputs of relus against the least. */
function spread({ measurements }: PeerView): number {
  const variances = measurements.layers.flatMap(({ activation, preActivations }) =>
    activation === "relu" && preActivations !== null ? [preActivations.std ** 2] : []
  );
  return variances.length < 2 ? 1 : Math.max(...variances) / Math.min(...variances);
}

/** With the one clause of PoorWeightInitialization that needs no further steps and no percentiles. */
export const sageMakerWithWeights: Peer = {
  name: "SageMaker Debugger, with PoorWeightInitialization",
  rules: { ...rules, PoorWeightInitialization: (view) => spread(view) > 10 },
};
