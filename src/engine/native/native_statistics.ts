import type { FlatCounts } from "./flat_counts.ts";
import { NativeRunner } from "./native_runner.ts";
import { addSums, FIGURES, MOST_PIECES, readSums, type Sums } from "./sums.ts";

/** From so many variances on, the squares of means would cost too many digits of the variance. */
const FAR_MEAN = 1024;

/** Columns that are looked at together, so that what is found of them takes little room. */
const CHUNK = 512;

/** A run of twice as many entries is summed up in pieces, which threads share. */
const PIECE = 2 ** 15;

/** The operations that tell how the entries of a tensor are distributed. Apart from sums, they run in one thread. */
export class NativeStatistics extends NativeRunner {
  /** All sums over `count` floats that their statistics need, in float64 and one sweep. */
  sums(address: number, count: number): Sums {
    // The pieces follow the run, so that the sums do not depend on how many threads there are.
    const pieces = Math.min(MOST_PIECES, Math.max(1, Math.floor(count / PIECE)));
    const piece = Math.max(4, Math.ceil(count / pieces / 4) * 4);
    // An entry takes as long as 16 multiply-adds. One piece is nothing to share.
    this.run("sums", { from: address, count, piece, result: this.resultAddress }, {
      work: pieces > 1 ? 16 * count : 0,
    });
    const { results } = this;
    let sums = readSums(results, 0, Math.min(piece, count));
    for (let i = 1; i * piece < count; i++) {
      const more = readSums(results, i * FIGURES, Math.min(piece, count - i * piece));
      sums = addSums(sums, more);
    }
    return sums;
  }

  /**
   * The squared deviations of [rows, width] finite floats from the means of their columns, added up in float64.
   *
   * @param sumSquares What the squares of all of them add up to, of which the means' are taken away. Where that
   * would cost digits, a second sweep takes deviations from the first row.
   */
  columnDeviations(x: number, rows: number, width: number, sumSquares: number): number {
    this.run("columnSquares", { x, row: 4 * width, rows, width, result: this.resultAddress });
    const squaredDeviations = sumSquares - this.results[0] / rows;
    if (squaredDeviations * FAR_MEAN > sumSquares) return squaredDeviations;
    let sum = 0;
    this.eachColumn(x, rows, width, (_, deviations) => sum += deviations);
    return sum;
  }

  /**
   * Shows the mean and the squared deviations of each column of [rows, width] floats; NaN for a column that is
   * not finite.
   */
  eachColumn(
    x: number,
    rows: number,
    width: number,
    see: (mean: number, squaredDeviations: number) => void,
  ): void {
    const row = 4 * width;
    for (let first = 0; first < width; first += CHUNK) {
      const count = Math.min(CHUNK, width - first);
      const chunk = { x: x + 4 * first, row, rows, width: count, result: 0 };
      this.run("columns", chunk, { scratch: 16 * count });
      const figures = new Float64Array(this.memory.buffer, this.scratchAddress, 2 * count);
      for (let i = 0; i < count; i++) see(figures[i], figures[count + i]);
    }
  }

  /** How many of `count` floats have each exponent, as it is stored: 0 to 255. Valid until the next call. */
  exponents(from: number, count: number): Int32Array {
    this.run("exponents", { from, count, result: 0 }, { scratch: 5 * 256 * 4 });
    return new Int32Array(this.memory.buffer, this.scratchAddress, 256);
  }

  /**
   * Counts the entries of [groups, units, inner] floats beyond two bounds, and tells which units have any
   * between them.
   *
   * @param bounds Entries <= `low` and those >= `high` lie beyond; NaN for a bound that is not there.
   */
  flat(
    address: number,
    { groups, units, inner }: { groups: number; units: number; inner: number },
    { low, high }: { low: number; high: number },
  ): FlatCounts {
    const bounds = { low: float32Below(low), high: -float32Below(-high) };
    this.run(
      "flat",
      { from: address, groups, units, inner, result: this.resultAddress, ...bounds },
      { scratch: 4 * units },
    );
    const [below, above, nan] = this.results;
    return {
      low: below,
      high: above,
      nan,
      active: new Int32Array(this.memory.buffer, this.scratchAddress, units),
    };
  }
}

/** The largest float32 that is not above x: a float32 is <= it just where it is <= x. */
function float32Below(x: number): number {
  const nearest = Math.fround(x);
  if (!(nearest > x)) return nearest;
  const bits = new Int32Array(new Float32Array([nearest]).buffer);
  // The next one down: away from 0 below it, towards 0 above it; below 0 itself is the smallest.
  if (nearest === 0) return -(2 ** -149);
  bits[0] += nearest > 0 ? -1 : 1;
  return new Float32Array(bits.buffer)[0];
}
