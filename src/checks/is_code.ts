import type { TensorStatistics } from "../measure/tensor_statistics.ts";

/**
 * Returns true if all values are 0 or 1: the means of |x| and of x squared then both equal the
 * share of ones.
 */
export function isCode({ maxAbs, rms, meanAbs }: TensorStatistics): boolean {
  return maxAbs === 1 && Math.abs(rms ** 2 - meanAbs) < 1e-9;
}
