import type { TensorStatistics } from "./tensor_statistics.ts";
import type { Sums } from "../engine/native/sums.ts";

/**
 * Joins the sums of several tensors into one {@linkcode TensorStatistics}: a shared layer, a
 * time-distributed one or a recurrent cell is called many times in a pass.
 *
 * Means and squared deviations are merged pairwise (Chan, Golub and LeVeque 1979), so that a mean
 * that is large beside the deviation costs no digits.
 */
export class StatisticsAccumulator {
  #count = 0;
  #finite = 0;
  #sumAbs = 0;
  #sumSquares = 0;
  #maxAbs = 0;
  #zeros = 0;
  #mean = 0;
  #squaredDeviations = 0;

  /** Adds the sums of one more tensor. */
  add(sums: Sums): void {
    this.#count += sums.count;
    if (sums.finite === 0) return;
    const finite = this.#finite + sums.finite;
    const step = sums.mean - this.#mean;
    this.#squaredDeviations += sums.squaredDeviations +
      step * step * (this.#finite * sums.finite / finite);
    this.#mean += step * (sums.finite / finite);
    this.#finite = finite;
    this.#sumAbs += sums.sumAbs;
    this.#sumSquares += sums.sumSquares;
    this.#maxAbs = Math.max(this.#maxAbs, sums.maxAbs);
    this.#zeros += sums.zeros;
  }

  /** How many entries were added. */
  get count(): number {
    return this.#count;
  }

  /** The statistics of everything that was added, or `null` when nothing was. */
  result(): TensorStatistics | null {
    if (this.#count === 0) return null;
    const n = Math.max(1, this.#finite);
    return {
      count: this.#count,
      meanAbs: this.#sumAbs / n,
      rms: Math.sqrt(this.#sumSquares / n),
      maxAbs: this.#maxAbs,
      mean: this.#mean,
      std: Math.sqrt(this.#squaredDeviations / n),
      l2: Math.sqrt(this.#sumSquares),
      zeroFraction: this.#zeros / n,
      nonFinite: this.#count - this.#finite,
    };
  }
}
