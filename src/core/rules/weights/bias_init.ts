import type {
  LayerMeasurements,
  Measurements,
  WeightMeasurements,
} from "../../measure/measurements.ts";
import { mean, NORMAL_QUANTILE, wilsonInterval } from "../../../ground/theory/statistics.ts";
import { fans } from "../../../ground/theory/initializers.ts";
import { isBias, isKernel } from "../../../ground/theory/weight_kinds.ts";
import { isSigmoid } from "../../../ground/traits/activation_traits.ts";
import { defineRule } from "../define_rule.ts";
import { atMost, figure, layerName, NOTHING, say, weightName } from "../say.ts";
import type { Verdict } from "../finding.ts";
import type { Case, Rule } from "../rule.ts";
import { isDrawnByPyTorch } from "../network/biases_of.ts";
import { isGate } from "../network/graph.ts";
import type { Head } from "../network/heads.ts";

/** The rule `bias-init`: biases start at zero, or at the prior of the targets in the head. */
export const biasInit: Rule = defineRule({
  name: "bias-init",
  assertion: "assertBiasInit",
  matcher: "toHaveBiasInit",
  passes: "has biases at zero or the prior",
  tags: ["weights"],
  order: 130,
  causeOrder: 60,
  weightsAlone: true,
  assertionFailsOnWarnings: true,
  thresholds: {
    biasRatio: {
      default: 0.1,
      unit: "rms(bias) / rms(z)",
      range: [0, Infinity],
      source: "own: biases start at zero by default; below a tenth of z they hardly matter",
      about: "Largest rms of a hidden layer's biases relative to the rms of its z.",
    },
    biasTolerance: {
      default: 0.5,
      unit: "logits, or standard deviations of the targets",
      range: [0, Infinity],
      source: "after Karpathy, A Recipe for Training Neural Networks: init well",
      about: "Largest difference between a head's bias and the prior of the targets.",
    },
  },
  problem: "biases that start neither at zero nor at the prior",
  stage: "initial",
  summary:
    "Biases of hidden layers are zero, or small compared with z; the head's are zero or the " +
    "prior of the targets. The rule only warns.",
  formula:
    "hidden: rms(bias) / rms(z) <= biasRatio, unless all biases under a sigmoid are the same " +
    "number, as in a gate; head: all 0, or each within biasTolerance of ln of the class share " +
    "(softmax, up to a constant), its logit (sigmoid), or the mean of the targets " +
    "(regression; tolerance in standard deviations of the targets). Where the batch is small, " +
    "the 95 % interval of the share or of the mean counts. Of a file of weights alone: rms(bias) / " +
    "(rms(kernel) sqrt(fan-in)), z for inputs of rms 1. Biases drawn as PyTorch draws them by " +
    "default are not judged.",
  source: "Karpathy, A Recipe for Training Neural Networks: init well.",
  misleads:
    "Intended for untrained networks: training moves biases. Recurrent layers are not judged " +
    "because a forget gate's bias starts at 1.",
  fix: "Initialise hidden biases with zeros, and the head's biases with the prior or with zeros.",
  asserts:
    "that hidden biases are zero or small compared with z (`biasRatio`, 0.1), and that the " +
    "head's are zero or the prior of the targets, unless PyTorch's default drew them. `report` and the gate only " +
    "warn of it. Intended for untrained networks.",
  fails: "biases start neither at zero nor at the prior of the targets",
  throws: "If biases start at other values.",
  example: {
    title: "A network that passes",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertBiasInit } from "@gradient-health/gradient-health/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      assertBiasInit(await measure(model, randomBatch(model)));
      model.dispose();
    `,
  },
  figure: {
    title: "rms of the bias",
    scale: "linear",
    of: (layer) => biasOf(layer)?.values.rms ?? null,
  },
  judge: (subject) =>
    subject.layers.flatMap((layer) => {
      const bias = biasOf(layer);
      if (bias === undefined || bias.values.maxAbs === 0 || bias.values.nonFinite > 0) return [];
      if (isDrawnByPyTorch(layer, bias)) return [];
      return layer.role === "hidden" ? hidden(layer, bias, subject) : ofHead(layer, bias, subject);
    }),
});

function biasOf({ weights, kind }: LayerMeasurements): WeightMeasurements | undefined {
  if (kind === "recurrent") return undefined;
  return weights.find(isBias);
}

function hidden(
  layer: LayerMeasurements,
  weight: WeightMeasurements,
  { measurements, network, thresholds: { biasRatio } }: Case<"biasRatio">,
): Verdict[] {
  const { name, values } = weight;
  // A gate may start open or closed; saturated-activations reports one that is stuck.
  const isGating = isSigmoid(layer.activation) || isGate(layer, network.graph);
  if (isGating && values.std <= 1e-6 * values.maxAbs) return [];
  const isAlone = measurements.weightsOnly !== undefined;
  const size = isAlone ? sizeAlone(layer) : layer.preActivations?.rms ?? 0;
  if (size === null) return [];
  const ratio = size === 0 ? Infinity : values.rms / size;
  if (ratio <= biasRatio) return [];
  const expected = atMost(biasRatio);
  const bias = weightName(name, layer.name);
  const figures = {
    rms: figure(values.rms, "rms(bias)"),
    ratio: figure(ratio, "rms(bias) / rms(z)"),
  };
  return [{
    severity: "warning",
    kind: "hidden",
    layer: layer.name,
    measured: ratio,
    expected,
    threshold: "biasRatio",
    figures,
    message: say`The biases of ${layerName(layer.name)} are large compared with z: the rms of
      ${bias} is ${figures.rms}, ${figures.ratio} times that of z${
      isAlone ? say` for inputs of rms 1` : NOTHING
    }; expected ${expected}
      (biasRatio).`,
    fix: say`Initialise ${bias} with zeros.`,
  }];
}

/**
 * Returns the rms of z for inputs of rms 1, for a layer without measured signals, or `null` without
 * a kernel.
 */
function sizeAlone({ weights, kernelLayout }: LayerMeasurements): number | null {
  const kernel = weights.find(isKernel);
  if (kernel === undefined || kernelLayout === undefined) return null;
  return kernel.values.rms * Math.sqrt(fans(kernel.shape, kernelLayout).fanIn);
}

function ofHead(
  layer: LayerMeasurements,
  weight: WeightMeasurements,
  { measurements, network: { head }, thresholds: { biasTolerance } }: Case<"biasTolerance">,
): Verdict[] {
  const { name, entries } = weight;
  const priors = head === null ? null : priorsOf(head, measurements);
  if (entries == null || priors === null || priors.length !== entries.length) return [];
  const isSoftmax = head!.activation === "softmax";
  // Adding the same number to all inputs of a softmax does not change it.
  const shift = isSoftmax ? mean(entries) - mean(priors.map(({ likely }) => likely)) : 0;
  const off = Math.max(
    ...entries.map((entry, i) =>
      Math.max(entry - shift - priors[i].high, priors[i].low - entry + shift)
    ),
  );
  const isLogit = isSoftmax || head!.activation === "sigmoid";
  const unit = isLogit ? 1 : measurements.batch.targets![0].values.std;
  if (off <= biasTolerance * unit) return [];
  const expected = atMost(biasTolerance * unit);
  const bias = weightName(name, layer.name);
  const figures = { difference: figure(off, isLogit ? "logits" : "units of the targets") };
  return [{
    severity: "warning",
    kind: "head",
    layer: layer.name,
    measured: off,
    expected,
    threshold: "biasTolerance",
    figures,
    message: say`${bias} is neither zero nor the prior of the targets: one entry is
      ${figures.difference} away from what the batch allows; expected ${expected} (biasTolerance).`,
    fix: say`Initialise ${bias} with zeros, or with ${
      isSoftmax ? say`ln of the share of each class` : say`the prior of the targets`
    }.`,
  }];
}

/** Returns the biases of a head that always predicts the mean target. */
function priorsOf(
  { activation }: Head,
  { batch }: Measurements,
): { likely: number; low: number; high: number }[] | null {
  const [target, ...others] = batch.targets ?? [];
  if (target === undefined || others.length > 0 || target.unitMeans === null) return null;
  const { examples } = batch;
  if (examples < 1 || !target.unitMeans.every(Number.isFinite)) return null;
  if (activation === "linear") {
    const error = NORMAL_QUANTILE * target.values.std / Math.sqrt(examples);
    return target.unitMeans.map((mean) => ({
      likely: mean,
      low: mean - error,
      high: mean + error,
    }));
  }
  if (activation !== "softmax" && activation !== "sigmoid") return null;
  // A class that is missing in the batch counts as at least half an example.
  const least = 0.5 / examples;
  const logitOf = (share: number) => {
    const known = Math.min(Math.max(share, least), 1 - least);
    return activation === "softmax" ? Math.log(known) : Math.log(known / (1 - known));
  };
  return target.unitMeans.map((share) => {
    const whole = Math.min(Math.max(Math.round(share * examples), 0), examples);
    const [low, high] = wilsonInterval(whole, examples).map(logitOf);
    return { likely: logitOf(share), low, high };
  });
}
