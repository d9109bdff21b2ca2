import type { TensorStatistics } from "../measure/tensor_statistics.ts";

/** Returns true if some values are below 0. If none is, the mean of |x| equals the mean of x. */
export function hasNegative({ meanAbs, mean, maxAbs }: TensorStatistics): boolean {
  return meanAbs - mean > 1e-9 * maxAbs;
}
