import type { TensorStatistics } from "../measure/tensor_statistics.ts";

/** Whether some values are below 0: where none is, the mean of |x| is that of x. */
export function hasNegative({ meanAbs, mean, maxAbs }: TensorStatistics): boolean {
  return meanAbs - mean > 1e-9 * maxAbs;
}
