import type { Sums } from "../engine/native/sums.ts";
import type { TensorStatistics } from "./tensor_statistics.ts";

/** The statistics that follow from sums, or `null` where nothing was summed up. */
export function statisticsOf(sums: Sums | null): TensorStatistics | null {
  if (sums === null || sums.count === 0) return null;
  const n = Math.max(1, sums.finite);
  return {
    count: sums.count,
    meanAbs: sums.sumAbs / n,
    rms: Math.sqrt(sums.sumSquares / n),
    maxAbs: sums.maxAbs,
    mean: sums.mean,
    std: Math.sqrt(sums.squaredDeviations / n),
    l2: Math.sqrt(sums.sumSquares),
    zeroFraction: sums.zeros / n,
    nonFinite: sums.count - sums.finite,
  };
}
