import { NativeRunner } from "./native_runner.ts";
import { addSums, FIGURES, MOST_PIECES, readSums, type Sums } from "./sums.ts";

/**
 * If the squared mean exceeds the variance by this factor, subtracting it costs too many digits.
 */
const FAR_MEAN = 1024;

/** Number of columns processed together, which bounds the memory for their results. */
const COLUMNS_AT_ONCE = 512;

/** Number of entries in a piece; runs of at least two pieces are split and shared by threads. */
const PIECE_ENTRIES = 2 ** 15;

/**
 * Operations on the distribution of a tensor's entries. Apart from sums, they run in one thread.
 */
export class NativeStatistics extends NativeRunner {
  /** Returns all sums over `count` floats that their statistics need, in float64 and one sweep. */
  sums(address: number, count: number): Sums {
    // The size of the pieces depends only on the run, so the sums do not depend on the number of
    // threads.
    const pieces = Math.min(MOST_PIECES, Math.max(1, Math.floor(count / PIECE_ENTRIES)));
    const piece = Math.max(4, Math.ceil(count / pieces / 4) * 4);
    // An entry takes as long as 16 multiply-adds. A single piece cannot be shared.
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

  /** Returns the sum of the squares of `count` floats, in float64; not finite if one of them is not. */
  squares(address: number, count: number): number {
    this.run("columnSquares", {
      x: address,
      row: 0,
      rows: 1,
      width: count,
      result: this.resultAddress,
    });
    return this.results[0];
  }

  /**
   * Sums the squared deviations of [rows, width] finite floats from the means of their columns, in
   * float64.
   *
   * @param sumSquares Sum of all squares, from which those of the means are subtracted. If that
   * would cost digits, a second sweep uses deviations from the first row.
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
   * Shows the mean and the squared deviations of each column of [rows, width] floats; NaN for a
   * column that is not finite.
   */
  eachColumn(
    x: number,
    rows: number,
    width: number,
    see: (mean: number, squaredDeviations: number) => void,
  ): void {
    const row = 4 * width;
    for (let first = 0; first < width; first += COLUMNS_AT_ONCE) {
      const count = Math.min(COLUMNS_AT_ONCE, width - first);
      const chunk = { x: x + 4 * first, row, rows, width: count, result: 0 };
      this.run("columns", chunk, { scratch: 16 * count });
      const figures = new Float64Array(this.memory.buffer, this.scratchAddress, 2 * count);
      for (let i = 0; i < count; i++) see(figures[i], figures[count + i]);
    }
  }

  /** Counts the floats with each exponent as stored, 0 to 255. Valid until the next call. */
  exponents(from: number, count: number): Int32Array {
    this.run("exponents", { from, count, result: 0 }, { scratch: 5 * 256 * 4 });
    return new Int32Array(this.memory.buffer, this.scratchAddress, 256);
  }

  /**
   * Counts the entries of [groups, units, inner] floats beyond two bounds, and finds the units with
   * any between them.
   *
   * @param bounds Entries <= `low` and those >= `high` are counted; NaN for no bound.
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

/**
 * Returns the largest float32 that is not above x, so that a float32 is <= it exactly if it is <=
 * x.
 */
function float32Below(x: number): number {
  const nearest = Math.fround(x);
  if (!(nearest > x)) return nearest;
  const bits = new Int32Array(new Float32Array([nearest]).buffer);
  // The next float32 down: away from 0 for negative numbers, towards 0 for positive ones; below 0
  // itself, the smallest negative one.
  if (nearest === 0) return -(2 ** -149);
  bits[0] += nearest > 0 ? -1 : 1;
  return new Float32Array(bits.buffer)[0];
}

/** Number of a tensor's entries beyond two bounds. */
interface FlatCounts {
  /** Number of entries <= the lower bound. */
  low: number;
  /** Number of entries >= the upper bound that are not <= the lower. */
  high: number;
  /** Number of NaN entries. */
  nan: number;
  /**
   * Nonzero for each unit that has an entry between the bounds, or a NaN. On the heap: valid until
   * the next call.
   */
  active: Int32Array;
}
