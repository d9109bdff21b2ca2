import type { LayerMeasurements, Measurements } from "../../measure/measurements.ts";
import { isKernel } from "../../../ground/theory/weight_kinds.ts";
import { activationTraits } from "../../../ground/traits/activation_traits.ts";
import { defineRule } from "../define_rule.ts";
import type { Verdict } from "../finding.ts";
import { networkOf } from "../network/network.ts";
import type { Case, Rule } from "../rule.ts";
import {
  atLeast,
  atMost,
  counted,
  figure,
  layerNames,
  lessThan,
  number,
  say,
  shareFigure,
} from "../say.ts";

/** The rule `regularization`: dropout and penalties leave enough signal to learn from. */
export const regularization: Rule = defineRule({
  name: "regularization",
  assertion: "assertRegularization",
  matcher: "toHaveMildRegularization",
  passes: "has mild regularization",
  tags: ["task"],
  order: 170,
  causeOrder: 80,
  assertionFailsOnWarnings: true,
  thresholds: {
    dropoutRate: {
      default: 0.6,
      unit: "rate",
      range: [0, 1],
      source: "Srivastava et al. 2014: 0.5 in hidden layers, 0.2 of the inputs; even seeds of " +
        "bench/trainability: from 0.6 on 1 fails, 1 is slow, 1 trains",
      about: "The rate of dropout from which on a layer drops too much.",
    },
    dropoutKept: {
      default: 0.03,
      unit: "share of entries",
      range: [0, 1],
      source: "even seeds of bench/trainability: of the chains below it 5 fail, 3 are slow, 1 " +
        "trains; at 0.058 one trains",
      about: "The least share of entries that layers of dropout in a row keep together.",
    },
    penaltyGradient: {
      default: 5,
      unit: "l2 of the penalties' gradient / of the loss's",
      range: [0, Infinity],
      source: "own: relu layers of 64 units stay fitted at 2.4 and collapse at 8; even seeds of " +
        "bench/trainability: above it, 3 networks fail, 1 is slow, 2 train; none is from 0.04 to 7",
      about: "Gradient of the penalties, relative to that of the loss, above which the rule warns.",
    },
    penaltyGradientError: {
      default: 10,
      unit: "l2 of the penalties' gradient / of the loss's",
      range: [0, Infinity],
      source: "even seeds of bench/trainability: of networks without normalisation beyond it 6 " +
        "fail and 1 is slow; of those with one, 1 fails and 1 trains",
      about:
        "Gradient of the penalties, relative to that of the loss, above which it is an error " +
        "in a network without normalisation.",
    },
  },
  problem: "regularization that leaves little to learn from",
  summary: "Dropout keeps enough entries, and penalties weigh less than the loss.",
  formula: "rate < dropoutRate for each layer of dropout; in a network without additions, " +
    "concatenations and merges the product of all (1 - rate) >= dropoutKept, an error otherwise; and " +
    "l2 of the gradient of the penalties / l2 of dJ/dw <= penaltyGradient, with penalties taken " +
    "for L2 ones: 2 penalty / l2(w) for each layer; beyond penaltyGradientError it is an error, " +
    "unless the network has a normalisation; and in a chain of n dense layers with L2 penalties of one " +
    "weight l = penalty / l2(w)^2, under a mean squared error: l (s / x)^(2 / n) / v <= the maximum of " +
    "y^(1 - 2 / n) (1 - y), v the variance of the targets, s their deviation over all units, x that of " +
    "the inputs times the slopes of the activations.",
  source:
    "Srivastava et al. 2014 for dropout; Krogh & Hertz 1991 for weight decay. A product of n " +
    "norms is at most the mean of their squares to the power of n / 2, and bounds by how much outputs " +
    "vary: hence the limit, which no threshold changes.",
  misleads: "A pass drops nothing and knows the penalties only as they are before training: the " +
    "trial decides. The gradient of an L1 penalty is about two thirds of this estimate. " +
    "Behind a normalisation a penalty only sets the pace of learning: such networks often " +
    "train. Trained networks are not judged.",
  fix: "Lower the rates of dropout, and make the penalties weaker.",
  asserts: "that no layer of dropout has a rate of 0.6 or more (`dropoutRate`), that layers of " +
    "dropout in a row keep 3 % together (`dropoutKept`), and that the gradient of the penalties is " +
    "at most 5 times that of the loss (`penaltyGradient`). `report` and the gate only warn of " +
    "a high rate alone, and of penalties up to 10 times (`penaltyGradientError`) or in a network " +
    "with normalisation.",
  fails: "dropout or penalties leave little to learn from",
  throws: "If dropout drops too much, or penalties outweigh the loss.",
  example: {
    title: "A network that passes",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertRegularization } from "@gradient-health/gradient-health/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      assertRegularization(await measure(model, randomBatch(model)));
      model.dispose();
    `,
  },
  figure: { title: "rate of dropout", scale: "linear", of: (layer) => rateOf(layer) },
  judge(subject) {
    // In a trained network these settings no longer matter.
    if (subject.trained) return [];
    const heavy = penalties(subject);
    return [...dropout(subject), ...heavy, ...heavy.length > 0 ? [] : flattening(subject)];
  },
});

/** Returns the share of entries that a layer drops in training. */
function rateOf({ dropout, recurrentDropout }: LayerMeasurements): number | null {
  return dropout === undefined && recurrentDropout === undefined
    ? null
    : Math.max(dropout ?? 0, recurrentDropout ?? 0);
}

function dropout(subject: Case<"dropoutRate" | "dropoutKept">): Verdict[] {
  const { layers, measurements, thresholds: { dropoutRate, dropoutKept } } = subject;
  const dropping = layers.flatMap((layer) => {
    const rate = rateOf(layer);
    return rate === null || rate === 0 ? [] : [{ name: layer.name, rate }];
  });
  if (dropping.length === 0) return [];
  const high = dropping.filter(({ rate }) => rate >= dropoutRate);
  // If branches are joined, one path keeps what another drops.
  const branches = measurements.layers.some(({ kind }) =>
    kind === "addition" || kind === "concatenation" || kind === "merge" || kind === "opaque"
  );
  const kept = dropping.reduce((product, { rate }) => product * (1 - rate), 1);
  const isStarved = !branches && kept < dropoutKept;
  const severity = isStarved ? "error" : "warning";
  const shown = high.length > 0 ? high : dropping;
  const fix = say`Lower the rate of ${namesOf(shown, measurements)}: 0.1 to 0.5 is usual.`;
  if (high.length > 0 && !(isStarved && dropping.length > 1)) {
    return [{ severity, ...highRate(high, subject), fix }];
  }
  return isStarved ? [{ severity, ...stackedRates(dropping, kept, subject), fix }] : [];
}

/** Layer that drops entries in training. */
interface Dropping {
  name: string;
  rate: number;
}

function namesOf(found: readonly Dropping[], { layers }: Measurements) {
  return layerNames(found.map(({ name }) => name), layers);
}

function layersOf(found: readonly Dropping[]): Pick<Verdict, "layer" | "layers"> {
  const layer = found[0].name;
  return found.length > 1 ? { layer, layers: found.map(({ name }) => name) } : { layer };
}

/** Returns the verdict on rates that are too high by themselves. */
function highRate(
  high: readonly Dropping[],
  { measurements, thresholds: { dropoutRate } }: Case<"dropoutRate" | "dropoutKept">,
): Omit<Verdict, "severity" | "fix"> {
  const most = Math.max(...high.map(({ rate }) => rate));
  const figures = { rate: shareFigure(most, "entries") };
  const several = high.every(({ rate }) => rate === most) ? say`each drop` : say`drop up to`;
  return {
    ...layersOf(high),
    kind: "dropout",
    measured: most,
    expected: lessThan(dropoutRate),
    threshold: "dropoutRate",
    figures,
    message: say`${namesOf(high, measurements)} ${
      high.length === 1 ? say`drops` : several
    } ${figures.rate} of the entries in training; expected less than ${
      shareFigure(dropoutRate, "entries")
    }
        (dropoutRate).`,
  };
}

/** Returns the verdict on layers that drop too much together. */
function stackedRates(
  dropping: readonly Dropping[],
  kept: number,
  { measurements, thresholds: { dropoutKept } }: Case<"dropoutRate" | "dropoutKept">,
): Omit<Verdict, "severity" | "fix"> {
  const figures = { kept: shareFigure(kept, "entries") };
  return {
    ...layersOf(dropping),
    kind: "stacked-dropout",
    measured: kept,
    expected: atLeast(dropoutKept),
    threshold: "dropoutKept",
    figures,
    message: say`${counted(dropping.length, "layer")} of dropout in a row, ${
      namesOf(dropping, measurements)
    }, keep ${figures.kept} of the paths through the network; expected ${
      shareFigure(dropoutKept, "entries")
    } or more (dropoutKept).`,
  };
}

function penalties(
  { layers, measurements: { layers: all, objective }, thresholds }: Case<
    "penaltyGradient" | "penaltyGradientError"
  >,
): Verdict[] {
  const { penaltyGradient, penaltyGradientError } = thresholds;
  const penalised = layers.filter(({ penalty }) => (penalty ?? 0) > 0);
  // The sum of the outputs is not a loss.
  if (penalised.length === 0 || objective.name === "sum") return [];
  const ofPenalties = Math.hypot(
    ...penalised.map(({ penalty, weights }) => 2 * penalty! / kernelNorm(weights)),
  );
  const ofLoss = Math.hypot(
    ...all.flatMap(({ weights }) => weights.map(({ gradients }) => gradients?.l2 ?? 0)),
  );
  const ratio = ofPenalties / ofLoss;
  // If the loss has no gradient at all, that is the problem.
  if (!(ratio > penaltyGradient) || !Number.isFinite(ratio)) return [];
  const names = penalised.map(({ name }) => name);
  const penalty = objective.penalty ?? 0;
  // A normalisation makes the size of the kernel before it irrelevant.
  const isError = ratio > penaltyGradientError && !all.some(({ kind }) => kind === "normalization");
  const threshold = isError ? "penaltyGradientError" as const : "penaltyGradient" as const;
  const expected = atMost(thresholds[threshold]);
  const figures = {
    ratio: figure(ratio, "l2 of the penalties' gradient / of the loss's"),
    share: shareFigure(penalty / (penalty + Math.abs(objective.value)), "penalty + J"),
  };
  return [{
    severity: isError ? "error" : "warning",
    kind: "penalties",
    layer: names[0],
    ...names.length > 1 ? { layers: names } : {},
    measured: ratio,
    expected,
    threshold,
    figures,
    message: say`The penalties of ${layerNames(names, all)} outweigh the loss: they make up
      ${figures.share} of the objective, and their gradient is ${figures.ratio} times that of the
      loss; expected ${expected} (${threshold}).`,
    fix: say`Make the penalties of ${layerNames(names, all)} at least ${
      number(enoughWeaker(ratio), "exact")
    } times weaker, or leave them out.`,
  }];
}

/**
 * Returns the l2 norm of a layer's kernels, which regularizers usually act on, or of all weights if
 * it has none.
 */
function kernelNorm(weights: LayerMeasurements["weights"]): number {
  const kernels = weights.filter(isKernel);
  return Math.hypot(...(kernels.length > 0 ? kernels : weights).map(({ values }) => values.l2));
}

/**
 * Returns the factor by which to weaken penalties so that their gradient, `ratio` times that of the
 * loss, becomes equal to it. Rounded up to two digits.
 */
export function enoughWeaker(ratio: number): number {
  const unit = 10 ** (Math.floor(Math.log10(ratio)) - 1);
  return Number((Math.ceil(ratio / unit) * unit).toPrecision(2));
}

/**
 * Reports penalties under which the best that training can reach is one answer for every example.
 *
 * In a chain of n dense layers whose activations have slopes of at most 1, outputs vary by at most
 * L times the inputs, L the product of the norms of the kernels, which cost n l L^(2 / n) at least
 * under L2 penalties of weight l. If that grows faster than the loss can fall, whatever L is, every
 * fit shrinks until nothing is left.
 */
export function flattening({ layers, measurements }: Case): Verdict[] {
  const ratio = flatness(measurements);
  if (ratio === null || !(ratio > 1)) return [];
  const { layers: all } = measurements;
  const names = layers.filter(({ penalty }) => (penalty ?? 0) > 0).map(({ name }) => name);
  if (names.length === 0) return [];
  const figures = { ratio: figure(ratio, "penalties / the largest that leave a fit") };
  return [{
    severity: "error",
    kind: "flattening",
    layer: names[0],
    layers: names,
    measured: ratio,
    expected: atMost(1),
    figures,
    message: say`The penalties of ${layerNames(names, all)} flatten the network: they are at least
      ${figures.ratio} times those under which kernels that fit the targets gain more than they cost, so
      that training ends in one answer for every example.`,
    fix: say`Make the penalties of ${layerNames(names, all)} at least ${
      number(weakerThanFlat(ratio), "exact")
    } times weaker, or leave them out.`,
  }];
}

/** At this share of the limit, penalties leave 97 % of a fit in a chain of three layers. */
const MARGIN = 20;

/** Returns the factor by which penalties must be weaker that are this many times the limit. */
export function weakerThanFlat(ratio: number): number {
  return enoughWeaker(MARGIN * ratio);
}

/**
 * L2 penalties of one weight give the same sum over the squares of each kernel within this share; L1
 * penalties do not.
 */
const SAME = 1e-3;

/** Losses that are the mean square of the difference. */
const SQUARES: readonly string[] = ["meanSquaredError", "mse_loss"];

/** Returns the penalties over the largest that leave a fit; `null` if theory does not apply. */
function flatness(measurements: Measurements): number | null {
  const { batch, objective: { name } } = measurements;
  const { chain, plain } = networkOf(measurements);
  const [target, ...others] = batch.targets ?? [];
  const count = chain.length;
  const isPlain = typeof plain !== "string" && count >= 2 &&
    chain.every(({ layer, kernel }) => (layer.penalty ?? 0) > 0 && kernel.shape.length === 2);
  if (!isPlain || !SQUARES.includes(name) || others.length > 0 || target?.spread == null) {
    return null;
  }
  const slope = chain.reduce((product, { activation }) => product * steepest(activation), 1);
  const [{ values: { rms, count: entries }, spread }] = batch.perInput;
  const reach = slope * rms * Math.sqrt((spread ?? 1) * entries / batch.examples);
  const weights = chain.map(({ layer }) => layer.penalty! / kernelNorm(layer.weights) ** 2);
  const [weight] = weights;
  if (weights.some((other) => Math.abs(other / weight - 1) > SAME)) return null;
  const variance = target.spread * target.values.rms ** 2;
  const deviation = Math.sqrt(variance * target.values.count / batch.examples);
  // Outputs of s times the deviation of the targets gain 2 s - s^2 of the variance at most, and more
  // than they cost only if weight (deviation / reach)^(2 / n) < variance s^(1 - 2 / n) (1 - s).
  const power = 1 - 2 / count;
  const share = power / (1 + power);
  const limit = variance * share ** power * (1 - share);
  return weight * (deviation / reach) ** (2 / count) / limit;
}

/** Inputs among which an activation is steepest. */
const GRID = Array.from({ length: 161 }, (_, i) => (i - 80) / 10);

/** Returns the largest slope of an activation; infinite if unknown, since then nothing is known. */
function steepest(name: string): number {
  const curve = activationTraits(name)?.curve;
  return curve == null ? Infinity : Math.max(...GRID.map((z) => Math.abs(curve.derivative(z))));
}
