import type { TensorStatistics } from "../../measure/measurements.ts";

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
