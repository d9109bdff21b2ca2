import type { InputMeasurements, TensorStatistics } from "../measure/measurements.ts";
import { activationTraits } from "../../ground/traits/activation_traits.ts";

/**
 * Share of the second moment below which examples are nearly identical: what they have in common
 * hides the differences.
 */
export const ALIKE = 1e-4;
/** Share of the second moment above which a layer tells examples apart again. */
export const REGAINED = 0.01;
/** Smallest factor by which one feature hides the others. */
export const APART = 100;

/** Measurements of the features of an input or a target. */
type Features = Pick<InputMeasurements, "shape" | "features" | "spread" | "values">;

/**
 * Compares the largest feature with the others: its standard deviation over the rms of theirs.
 *
 * @returns The factor, or `null` if fewer than two features vary or it is not known.
 */
export function featureFactor({ shape, features, spread, values }: Features): number | null {
  if (features === undefined || features.largestStd === null || spread == null) return null;
  const others = features.count - features.constant - 1;
  if (others < 1) return null;
  // Variance of all features. For sequences and pictures it includes their means, so that the
  // factor is a lower bound.
  const all = (shape.length === 2 ? spread : 1) * features.count * values.rms ** 2;
  const rest = Math.max(all - features.largestStd ** 2, 1e-15 * all) / others;
  return features.largestStd / Math.sqrt(rest);
}

/** Returns true if some values are below 0. If none is, the mean of |x| equals the mean of x. */
export function hasNegative({ meanAbs, mean, maxAbs }: TensorStatistics): boolean {
  return meanAbs - mean > 1e-9 * maxAbs;
}

/**
 * Returns true if all values are 0 or 1: the means of |x| and of x squared then both equal the
 * share of ones.
 */
export function isCode({ maxAbs, rms, meanAbs }: TensorStatistics): boolean {
  return maxAbs === 1 && Math.abs(rms ** 2 - meanAbs) < 1e-9;
}

/** Describes the outputs of a saturated layer: `at -1 or 1` for tanh. */
export function stuckAt(activation: string | null): string {
  const [low, high] = (activation === null ? null : activationTraits(activation))?.range ?? [];
  return Number.isFinite(low) && Number.isFinite(high)
    ? `at ${low} or ${high}`
    : "where the activation is flat";
}

type Spread = Pick<TensorStatistics, "std" | "maxAbs">;

/** Relative standard deviation of rounding: sums in float64 leave about 1e-16 of a constant. */
const ROUNDING = 1e-12;

/** Returns true if all entries are equal; false if one is NaN. */
export function isConstant({ std, maxAbs }: Spread): boolean {
  return std <= ROUNDING * maxAbs;
}

/** Returns true if entries differ; false if one is NaN. */
export function varies({ std, maxAbs }: Spread): boolean {
  return std > ROUNDING * maxAbs;
}
