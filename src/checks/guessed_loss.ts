import type { Measurements } from "../measure/measurements.ts";
import { isBias } from "../theory/weight_kinds.ts";
import type { Head } from "./network/heads.ts";
import { figure, number, say } from "./say.ts";
import type { Sentence } from "./sentence.ts";

/** What the loss of an untrained network may be: from one value to another. */
export interface GuessedLoss {
  low: number;
  high: number;
  what: Sentence;
  /** Whether the loss is a square: it grows as the square of what is wrong. */
  squared: boolean;
}

/** The loss of a head that puts out its bias alone, `null` where that is not known. */
function lossOfBias({ layer, activation }: Head, prior: number[]): number | null {
  const entries = layer.weights.find(isBias)?.entries;
  if (entries == null || entries.length !== prior.length) return null;
  if (activation === "sigmoid") {
    const losses = prior.map((p, i) => Math.log1p(Math.exp(entries[i])) - p * entries[i]);
    return losses.reduce((sum, loss) => sum + loss / losses.length, 0);
  }
  if (activation !== "softmax") return null;
  const largest = Math.max(...entries);
  const all = largest +
    Math.log(entries.reduce((sum, entry) => sum + Math.exp(entry - largest), 0));
  return prior.reduce((sum, p, i) => sum + p * (all - entries[i]), 0);
}

/** The loss that guessing has, `null` for a loss of which that is not known. */
export function guessedLoss(head: Head, measurements: Measurements): GuessedLoss | null {
  const { units } = head;
  const { objective: { name }, batch: { targets = [] } } = measurements;
  if (targets.length !== 1) return null;
  const [{ values, unitMeans }] = targets;
  const known = (unitMeans === null ? null : lossOfBias(head, unitMeans)) ?? Infinity;
  if (name === "categoricalCrossentropy" || name === "sparseCategoricalCrossentropy") {
    if (units === null || units < 2) return null;
    const uniform = Math.log(units);
    const prior = unitMeans === null
      ? uniform
      : unitMeans.reduce((sum, p) => p > 0 ? sum - p * Math.log(p) : sum, 0);
    // A batch with one class has no entropy, and no network is expected to know that.
    const low = Math.min(known, prior > 0.1 * uniform ? prior : uniform, uniform);
    const what = say`ln ${number(units, "exact")} = ${figure(uniform, "J")}`;
    return { low, high: uniform, what, squared: false };
  }
  if (name === "binaryCrossentropy") {
    const entropies = (unitMeans ?? []).map((p) =>
      p > 0 && p < 1 ? -p * Math.log(p) - (1 - p) * Math.log(1 - p) : Math.LN2
    );
    const prior = entropies.reduce((sum, entropy) => sum + entropy / entropies.length, 0);
    const low = Math.min(known, entropies.length === 0 ? Math.LN2 : prior, Math.LN2);
    return { low, high: Math.LN2, what: say`ln 2 = ${figure(Math.LN2, "J")}`, squared: false };
  }
  if (name === "meanSquaredError" && values.std > 0) {
    const variance = values.std ** 2;
    const what = say`the variance of the targets, ${figure(variance, "J")}`;
    return { low: variance, high: values.rms ** 2, what, squared: true };
  }
  return null;
}
