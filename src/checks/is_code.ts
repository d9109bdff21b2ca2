import type { TensorStatistics } from "../measure/tensor_statistics.ts";

/** Whether values are 0 and 1 alone: the mean of |x| and that of x squared are both the share of ones. */
export function isCode({ maxAbs, rms, meanAbs }: TensorStatistics): boolean {
  return maxAbs === 1 && Math.abs(rms ** 2 - meanAbs) < 1e-9;
}
