import type {
  LayerMeasurements,
  Measurements,
  WeightMeasurements,
} from "../measure/measurements.ts";
import { defineRule } from "./define_rule.ts";
import { falsePositives } from "./false_positives.ts";
import { formatNumber } from "./format.ts";
import { type Head, headLayer } from "./heads.ts";
import type { Case, Verdict } from "./judge.ts";
import type { Rule } from "./rule.ts";

/** The rule `bias-init`: biases start at zero, or at the prior of the targets in the head. */
export const biasInit: Rule = defineRule(
  {
    name: "bias-init",
    assertion: "assertBiasInit",
    problem: "biases that start elsewhere than at zero or the prior",
    stage: "initial",
    summary:
      "Biases of hidden layers are zero, or small beside z; the head's are zero or the prior " +
      "of the targets. It only warns.",
    formula:
      "hidden: rms(bias) / rms(z) <= biasRatio; head: all 0, or each within biasTolerance of " +
      "ln of the class share (softmax, up to a constant), its logit (sigmoid), or the mean of the " +
      "targets (regression; tolerance in standard deviations of the targets).",
    thresholds: ["biasRatio", "biasTolerance"],
    source: "Karpathy, A Recipe for Training Neural Networks: init well.",
    misleads:
      "Made for untrained networks: training moves biases. Recurrent layers are not judged, " +
      "for a forget gate's bias starts at 1.",
    fix: "Initialise hidden biases with zeros, and the head's with the prior or with zeros.",
    falsePositives: falsePositives({ draws: 1600 }, "Their biases are zeros."),
  },
  {
    title: "rms of the bias",
    scale: "linear",
    of: (layer) => biasOf(layer)?.values.rms ?? null,
  },
  (subject) =>
    subject.layers.flatMap((layer) => {
      const bias = biasOf(layer);
      if (bias === undefined || bias.values.maxAbs === 0 || bias.values.nonFinite > 0) return [];
      return layer.role === "hidden" ? hidden(layer, bias, subject) : ofHead(layer, bias, subject);
    }),
);

function biasOf({ weights, className }: LayerMeasurements): WeightMeasurements | undefined {
  if (/^(LSTM|GRU|SimpleRNN|RNN|ConvLSTM2D)/.test(className)) return undefined;
  return weights.find(({ name, shape }) => shape.length === 1 && /(^|\/)bias[^/]*$/.test(name));
}

function hidden(
  layer: LayerMeasurements,
  { name, values }: WeightMeasurements,
  { thresholds: { biasRatio } }: Case,
): Verdict[] {
  const size = layer.preActivations?.rms ?? 0;
  const ratio = size === 0 ? Infinity : values.rms / size;
  if (ratio <= biasRatio) return [];
  const limit = formatNumber(biasRatio);
  return [{
    severity: "warning",
    layer: layer.name,
    measured: ratio,
    expected: `<= ${limit}`,
    threshold: "biasRatio",
    message:
      `The rms of ${name} is ${formatNumber(values.rms)}, ${formatNumber(ratio)} times that ` +
      `of z in ${layer.name}; expected <= ${limit} (biasRatio).`,
    advice: `Initialise ${name} with zeros.`,
  }];
}

function ofHead(
  layer: LayerMeasurements,
  { name, entries }: WeightMeasurements,
  { measurements, thresholds: { biasTolerance } }: Case,
): Verdict[] {
  const head = headLayer(measurements);
  const prior = head === null ? null : priorOf(head, measurements);
  if (entries == null || prior === null || prior.length !== entries.length) return [];
  const isSoftmax = head!.activation === "softmax";
  // A softmax does not change when the same number is added to all of its inputs.
  const shift = isSoftmax ? mean(entries) - mean(prior) : 0;
  const off = Math.max(...entries.map((entry, i) => Math.abs(entry - shift - prior[i])));
  const unit = isSoftmax || head!.activation === "sigmoid"
    ? 1
    : measurements.batch.targets![0].values.std;
  if (off <= biasTolerance * unit) return [];
  const limit = formatNumber(biasTolerance * unit);
  return [{
    severity: "warning",
    layer: layer.name,
    measured: off,
    expected: `<= ${limit}`,
    threshold: "biasTolerance",
    message: `${name} is neither zero nor the prior of the targets: an entry is off by ` +
      `${formatNumber(off)}; expected <= ${limit} (biasTolerance).`,
    advice: `Initialise ${name} with zeros, or with ` +
      `${isSoftmax ? "ln of the share of each class" : "the prior of the targets"}.`,
  }];
}

/** What the head's biases are when it predicts the mean target whatever the input. */
function priorOf({ activation }: Head, { batch }: Measurements): number[] | null {
  const [target, ...others] = batch.targets ?? [];
  if (target === undefined || others.length > 0 || target.unitMeans === null) return null;
  if (activation === "linear") return target.unitMeans;
  if (activation !== "softmax" && activation !== "sigmoid") return null;
  // A class that the batch lacks is given half an example.
  const least = 0.5 / batch.examples;
  const shares = target.unitMeans.map((share) => Math.min(Math.max(share, least), 1 - least));
  return shares.map((share) =>
    activation === "softmax" ? Math.log(share) : Math.log(share / (1 - share))
  );
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
