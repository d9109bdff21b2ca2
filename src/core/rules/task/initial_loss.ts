import type { Measurements, TargetMeasurements } from "../../measure/measurements.ts";
import { isBias } from "../../../ground/theory/weight_kinds.ts";
import type { LossTraits } from "../../../ground/traits/loss_traits.ts";
import { lossTraits } from "../../../ground/traits/losses.ts";
import { defineRule } from "../define_rule.ts";
import { between, figure, NOTHING, number, say, type Sentence } from "../say.ts";
import { falsePositives, regressionExample } from "../rule_documentation.ts";
import type { Case, Rule } from "../rule.ts";
import type { Head } from "../network/heads.ts";
import { tooFewExamples } from "../finding.ts";
import { MIN_EXAMPLES } from "../rule_options.ts";
import { unscaledInputs } from "../signal/rescale_fix.ts";

/** Standard deviations of a normal distribution that are exceeded once in 1000 draws. */
const RARE = 3.09;

/** The rule `initial-loss`: the loss of an untrained network equals that of guessing. */
export const initialLoss: Rule = defineRule({
  name: "initial-loss",
  assertion: "assertInitialLoss",
  matcher: "toHaveInitialLoss",
  passes: "has the loss of guessing",
  settings: ["loss"],
  tags: ["task"],
  order: 140,
  causeOrder: 70,
  assertionFailsOnWarnings: ["too-small", "too-large"],
  thresholds: {
    initialLossTolerance: {
      default: 0.5,
      unit: "share of the expected loss",
      range: [0, Infinity],
      source: "Karpathy, A Recipe for Training Neural Networks: verify loss at init; neuroscope",
      about:
        "Largest share by which the loss can be below the expected loss; above it by that share, " +
        "the rule warns.",
    },
    initialLossWarning: {
      default: 0.2,
      unit: "share of the expected loss",
      range: [0, Infinity],
      source: "own: less than half of the limit for an error",
      about: "Share of the expected loss by which a lower loss is warned about.",
    },
    initialLossFactor: {
      default: 5,
      unit: "loss / expected loss",
      range: [1, Infinity],
      source:
        "simulation: 300 networks each of relu, tanh and selu with Glorot heads stay below it",
      about: "Largest ratio of the loss to the expected loss; squared for a squared error.",
    },
    initialLossError: {
      default: 30,
      unit: "loss / expected loss",
      range: [1, Infinity],
      source:
        "calibrated on the even seeds of bench/trainability: above it, 4 of 4 networks fail, " +
        "from 5 on 9 fail, 3 are slow, 7 train",
      about: "Ratio of the loss to the expected loss above which it is an error; squared for a " +
        "squared error.",
    },
    ...MIN_EXAMPLES,
  },
  problem: "an initial loss far from chance level",
  stage: "initial",
  summary: "The loss before training is at chance level: neither well above nor well below.",
  formula: "low = high = ln K for categorical cross-entropy over K classes, ln 2 for binary " +
    "cross-entropy, the variance of the targets for the mean squared error; low moves to the " +
    "entropy of the targets' prior, or to the loss of the head's bias alone, and high to " +
    "their mean square. The assertion fails if J < (1 - initialLossTolerance) low or J > initialLossFactor " +
    "high; warns if J < (1 - initialLossWarning) low or J > (1 + initialLossTolerance) high. " +
    "A mean squared error above high is a square: it fails beyond initialLossFactor^2 high, " +
    "and warns beyond initialLossFactor high. Below low, both shares are at least what chance " +
    "explains once in 1000 draws: tanh(3.09 / sqrt(k f - 2))^2 for k free outputs and f " +
    "features, on the last axis of the inputs (at most the number of examples minus one, and " +
    "1 for constant targets).",
  source: "Karpathy, A Recipe for Training Neural Networks: verify loss at init; neuroscope.",
  misleads:
    "Intended for untrained networks: a trained network has a lower loss, as it should. A head " +
    "with Glorot initialisation makes confident guesses and still trains well: 4 to 18 % of such " +
    "networks have a loss above 1.5 times ln K, so only a factor of 5 fails the assertion. Other " +
    "losses and models with several outputs are not judged. A network that is sure of the wrong " +
    "class soon learns, so a cross-entropy is rarely an error; a squared error is an error beyond " +
    "900 times chance.",
  fix: "If the loss is too large, draw the head smaller: its outputs are confident guesses. If " +
    "it is too small, look for targets that leak into the inputs, or a loss that does not fit " +
    "the head.",
  falsePositives: falsePositives(
    { draws: 1600, warnings: 93 },
    "On 300 relu networks of 64 units and 10, 20 or 30 layers: 0 errors, 60 warnings.",
  ),
  asserts: "that the loss is at least half (`initialLossTolerance`) and at most 5 times " +
    "(`initialLossFactor`; squared for a squared error) the loss at chance level: ln K for " +
    "categorical cross-entropy over K classes, ln 2 for binary cross-entropy, the variance of " +
    "the targets for the mean squared error. There is no verdict on other objectives, with " +
    "several outputs, or below 8 examples (`minExamples`). Intended for untrained networks.",
  fails: "the loss is far from chance level",
  throws: "If the loss is too large or too small.",
  example: regressionExample("assertInitialLoss"),
  // One figure for the model: no layer has a bar.
  figure: { title: "loss", scale: "linear", of: () => null },
  judge({ layers, measurements, network: { head }, thresholds }) {
    const { objective: { name, value }, batch } = measurements;
    if (head === null || !layers.includes(head.layer)) return [];
    const guessed = guessedLoss(head, measurements);
    if (guessed === null || !Number.isFinite(value)) return [];
    if (batch.examples < thresholds.minExamples) {
      return [tooFewExamples(batch.examples, thresholds.minExamples)];
    }
    const { high, what, squared } = guessed;
    const chance = explainedByChance(head, measurements);
    const limits = limitsOf(guessed, chance, thresholds);
    const fails = value < limits.fails[0] || value > limits.fails[1];
    const warns = value < limits.warns[0] || value > limits.warns[1];
    if (!fails && !warns) return [];
    const isError = value > thresholds.initialLossError ** (squared ? 2 : 1) * high;
    const [least, most] = fails ? limits.fails : limits.warns;
    const expected = between(least, most);
    const upper = fails || squared ? "initialLossFactor" : "initialLossTolerance";
    const lower = fails ? "initialLossTolerance" : "initialLossWarning";
    const threshold = value > high ? upper : lower;
    const figures = {
      loss: figure(value, "J"),
      low: figure(guessed.low, "J"),
      high: figure(high, "J"),
    };
    return [{
      severity: isError ? "error" : "warning",
      kind: `${fails ? "too-" : ""}${value > high ? "large" : "small"}`,
      layer: head.layer.name,
      measured: value,
      expected,
      threshold,
      figures,
      message: say`${name} is ${figures.loss}, while guessing gives ${what}; expected ${expected}
        (${threshold}${
        value < high && chance > thresholds[threshold]
          ? say`, widened to ${number(chance)} for so few features`
          : NOTHING
      }).`,
      fix: value > high
        ? unscaledInputs(measurements) ??
          "Draw the kernel of the head smaller, or start its bias at the prior of the targets: " +
            "the log of the class frequencies, or their mean."
        : "Look for targets that leak into the inputs, or for a loss that does not fit the head; " +
          "ignore this for a trained network.",
    }];
  },
});

/** Returns the ranges of the loss without an error and without a warning. */
function limitsOf(
  { low, high, squared }: GuessedLoss,
  chance: number,
  thresholds: Case<
    "initialLossTolerance" | "initialLossWarning" | "initialLossFactor"
  >["thresholds"],
) {
  const { initialLossTolerance, initialLossWarning, initialLossFactor } = thresholds;
  // A random head adds its own mean square to a squared error: up to 20 times that of the targets
  // in 1 draw of 300. So the factor applies to the square root.
  const [warned, failed] = squared
    ? [initialLossFactor, initialLossFactor ** 2]
    : [1 + initialLossTolerance, initialLossFactor];
  return {
    fails: [(1 - Math.max(initialLossTolerance, chance)) * low, failed * high],
    warns: [(1 - Math.max(initialLossWarning, chance)) * low, warned * high],
  };
}

/**
 * Returns the share of the targets that a random function of the inputs may explain, by the
 * quantile of a correlation (Fisher 1915). With one feature, half of all random slopes have the
 * right sign; with a hundred, hardly any draw helps. Neighbouring steps and pixels are alike, so
 * they do not count.
 */
function explainedByChance({ activation, units }: Head, { batch }: Measurements): number {
  const features = batch.perInput.reduce(
    (sum, { shape, lookedUp }) => sum + (lookedUp ? Infinity : shape.at(-1) ?? 1),
    0,
  );
  const isConstant = batch.targets!.every(({ values, unitMeans }) =>
    values.std === 0 || unitMeans?.every((share) => share === 0 || share === 1)
  );
  const free = isConstant ? 1 : Math.min(features, batch.examples - 1);
  const outputs = Math.max(1, (units ?? 1) - (activation === "softmax" ? 1 : 0));
  const rest = free * outputs - 2;
  return rest <= 0 ? 1 : Math.tanh(RARE / Math.sqrt(rest)) ** 2;
}

/** Range of the loss of an untrained network. */
interface GuessedLoss {
  low: number;
  high: number;
  what: Sentence;
  /** True if the loss is a square, so that it grows with the square of the error. */
  squared: boolean;
}

/** Returns the loss of a head that outputs only its bias, or `null` if it is not known. */
function lossOfBias({ layer }: Head, applied: string | null, prior: number[]): number | null {
  const entries = layer.weights.find(isBias)?.entries;
  if (entries == null || entries.length !== prior.length) return null;
  if (applied === "sigmoid") {
    const losses = prior.map((p, i) => Math.log1p(Math.exp(entries[i])) - p * entries[i]);
    return losses.reduce((sum, loss) => sum + loss / losses.length, 0);
  }
  if (applied !== "softmax") return null;
  const largest = Math.max(...entries);
  const all = largest +
    Math.log(entries.reduce((sum, entry) => sum + Math.exp(entry - largest), 0));
  return prior.reduce((sum, p, i) => sum + p * (all - entries[i]), 0);
}

/**
 * Relative difference below which an entropy reads the same as that of equally frequent classes.
 */
const SAME = 1e-3;

const isUniform = (prior: number, uniform: number) =>
  prior === 0 || Math.abs(prior - uniform) <= SAME * uniform;

/**
 * Describes the entropy of the classes. The trial compares with it too, so that there is one figure
 * for guessing.
 */
const byFrequencies = (prior: number) =>
  say`${figure(prior, "J")} by the frequencies of the classes`;

/** Returns the loss of guessing, or `null` for losses without a known value. */
export function guessedLoss(head: Head, measurements: Measurements): GuessedLoss | null {
  const { objective: { name, losses = [] }, batch: { targets = [] } } = measurements;
  const traits = lossTraits(name);
  if (targets.length !== 1 || !traits?.hasKnownGuess) return null;
  const { labelSmoothing = 0, reduction, weight = 1, ...rest } = losses[0] ?? {};
  const isWeighted = rest.classWeights ?? rest.unitWeights ?? rest.positiveWeights;
  if (isWeighted !== undefined || rest.classAxis !== undefined) return null;
  const guessed = guessOfMean(head, targets[0], traits, labelSmoothing);
  if (guessed === null) return null;
  const scale = weight * (reduction === "sum" ? rowsOf(targets[0], traits) : 1);
  if (scale === 1) return guessed;
  const { low, high, what, squared } = guessed;
  return {
    low: scale * low,
    high: scale * high,
    what: say`${number(scale)} times ${what}`,
    squared,
  };
}

/** Returns the number of losses per target that a sum adds up. */
function rowsOf(
  { values, shape, classes }: TargetMeasurements,
  { sumsUnits }: LossTraits,
): number {
  return classes !== undefined || shape.length < 2 || sumsUnits
    ? values.count
    : values.count / shape.at(-1)!;
}

/** Returns the mean loss of guessing over the rows. */
function guessOfMean(
  head: Head,
  { values, unitMeans: shares }: TargetMeasurements,
  { family, logits }: LossTraits,
  labelSmoothing: number,
): GuessedLoss | null {
  const { units, activation } = head;
  const even = family === "labels" ? 0.5 : 1 / (units ?? 1);
  const unitMeans = shares?.map((p) => (1 - labelSmoothing) * p + labelSmoothing * even) ?? null;
  const applied = logits ?? activation;
  const known = (unitMeans === null ? null : lossOfBias(head, applied, unitMeans)) ?? Infinity;
  if (family === "classes") {
    if (units === null || units < 2) return null;
    const uniform = Math.log(units);
    const prior = unitMeans === null
      ? uniform
      : unitMeans.reduce((sum, p) => p > 0 ? sum - p * Math.log(p) : sum, 0);
    // A batch of one class has no entropy, and no network is expected to know that.
    const low = Math.min(known, prior > 0.1 * uniform ? prior : uniform, uniform);
    const what = isUniform(prior, uniform)
      ? say`ln ${number(units, "exact")} = ${figure(uniform, "J")}`
      : byFrequencies(prior);
    return { low, high: uniform, what, squared: false };
  }
  if (family === "labels") {
    const entropies = (unitMeans ?? []).map((p) =>
      p > 0 && p < 1 ? -p * Math.log(p) - (1 - p) * Math.log(1 - p) : Math.LN2
    );
    const prior = entropies.reduce((sum, entropy) => sum + entropy / entropies.length, 0);
    const low = Math.min(known, entropies.length === 0 ? Math.LN2 : prior, Math.LN2);
    const what = entropies.length === 0 || isUniform(prior, Math.LN2)
      ? say`ln 2 = ${figure(Math.LN2, "J")}`
      : byFrequencies(prior);
    return { low, high: Math.LN2, what, squared: false };
  }
  if (!(values.std > 0)) return null;
  const variance = values.std ** 2;
  const what = say`the variance of the targets, ${figure(variance, "J")}`;
  return { low: variance, high: values.rms ** 2, what, squared: true };
}
