import type { Measurements, TargetMeasurements } from "../measure/measurements.ts";
import { type LossTraits, lossTraits } from "../traits/losses.ts";
import { isBias } from "../theory/weight_kinds.ts";
import type { Head } from "./network/heads.ts";
import { figure, number, say } from "./say.ts";
import type { Sentence } from "./sentence.ts";

/** Range of the loss of an untrained network. */
export interface GuessedLoss {
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
  const { labelSmoothing = 0, reduction, weight = 1 } = losses[0] ?? {};
  const guessed = guessOfMean(head, targets[0], traits, labelSmoothing);
  if (guessed === null) return null;
  const scale = weight * (reduction === "sum" ? rowsOf(targets[0]) : 1);
  if (scale === 1) return guessed;
  const { low, high, what, squared } = guessed;
  return {
    low: scale * low,
    high: scale * high,
    what: say`${number(scale)} times ${what}`,
    squared,
  };
}

/** Returns the number of losses per target: one per row of units, or one per class number. */
function rowsOf({ values, shape, classes }: TargetMeasurements): number {
  return classes !== undefined || shape.length < 2 ? values.count : values.count / shape.at(-1)!;
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
