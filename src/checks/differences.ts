import type { InputMeasurements } from "../measure/measurements.ts";

/** Below this share of the second moment, examples are all but alike: what is common drowns what differs. */
export const ALIKE = 1e-4;
/** Above this one a layer tells examples apart again. */
export const REGAINED = 0.01;
/** From this factor on, what one feature says drowns what the others say. */
export const APART = 100;

/** What is asked of the features of a tensor, an input's or a target's. */
type Features = Pick<InputMeasurements, "shape" | "features" | "spread" | "values">;

/**
 * How many times as much as the others the largest feature varies: its standard deviation over the rms of
 * theirs.
 *
 * @returns `null` where fewer than two vary, or that is not known.
 */
export function featureFactor({ shape, features, spread, values }: Features): number | null {
  if (features === undefined || features.largestStd === null || spread == null) return null;
  const others = features.count - features.constant - 1;
  if (others < 1) return null;
  // The variances of all features together; of a sequence or a picture with their means, so that the factor
  // is no larger than it says.
  const all = (shape.length === 2 ? spread : 1) * features.count * values.rms ** 2;
  const rest = Math.max(all - features.largestStd ** 2, 1e-15 * all) / others;
  return features.largestStd / Math.sqrt(rest);
}
