import { NativeRunner } from "./native_runner.ts";
import { addSums, FIGURES, MOST_PIECES, readSums, type Sums } from "./sums.ts";
import {
  type Arguments,
  cellNumbers,
  GATES,
  gatesOf,
  type RecurrentCell,
  type SelfGate,
} from "./operations.ts";

/**
 * If the squared mean exceeds the variance by this factor, subtracting it costs too many digits.
 */
const FAR_MEAN = 1024;

/** Number of columns processed together, which bounds the memory for their results. */
const COLUMNS_AT_ONCE = 512;

/** Number of entries in a piece; runs of at least two pieces are split and shared by threads. */
const PIECE_ENTRIES = 2 ** 15;

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

/** Addresses of the tensors of a normalisation, and its sizes. */
interface Normalization {
  x: number;
  /** Address of the result. */
  to: number;
  /** Floats for each normalised column or row. */
  mean: number;
  variance: number;
  /** Amount by which each mean was rounded up; 0 if means are given. */
  lack: number;
  /** Floats for each column. */
  scale: number;
  rows: number;
  width: number;
  epsilon: number;
}

/** Further arguments of the gradient. */
interface NormalizationGradient extends Normalization {
  dy: number;
  /** Output addresses of the gradients of scale and offset. */
  dScale: number;
  dOffset: number;
  /** Memory for `partialsOf` float64. */
  partials: number;
}

/** Arguments that are unused by the forward or the backward pass. */
const NONE = { dy: 0, dScale: 0, dOffset: 0, offset: 0, partials: 0, isBatch: 0 };

/** Largest number of rows normalised in float64, as in `assembly/normalize_columns.ts`. */
const FEW = 16;

interface SequenceSize {
  batch: number;
  steps: number;
  units: number;
}

/** Fields of a record that describe a cell. */
type CellField = keyof ReturnType<typeof cellNumbers>;

/** Parameters of a step of Adam. */
export interface AdamRates {
  beta1: number;
  beta2: number;
  epsilon: number;
  /** Learning rate, corrected for the bias of the first moment. */
  rate: number;
  /** Factor of the root of the second moment that corrects its bias. */
  scale: number;
}

/** Number of rows, and of floats in each. */
interface RowsSize {
  rows: number;
  width: number;
}

/** Arguments of an operation on pairs; `low` and `high` only of `clipGradient`. */
type BinaryArguments =
  & Omit<Arguments<"clipGradient">, "low" | "high">
  & Partial<Pick<Arguments<"clipGradient">, "low" | "high">>;

/**
 * Operations that sweep over entries, rows, columns or the steps of a sequence. A normalisation has its
 * mean and variance in float64 before they are rounded.
 */
export class NativeSweeps extends NativeRunner {
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

  /**
   * Computes (x - mean) / sqrt(variance + epsilon) * scale + offset by columns. With `partials`,
   * memory for `partialsOf` float64, it computes and writes the columns' mean and variance, and
   * `lack`; otherwise they are given.
   */
  normalizeColumns(n: Normalization & { offset: number; partials?: number }): void {
    const given = { ...NONE, ...n };
    const work = 4 * n.rows * n.width;
    if (given.partials && n.rows <= FEW) return this.run("normalizeFewRows", given, { work });
    if (given.partials) this.run("columnSums", given, { work });
    this.run("normalizeColumns", given, { work, scratch: 12 * n.width });
  }

  /**
   * Computes the gradient of `normalizeColumns`. `isBatch`: true if mean and variance are those of
   * the columns.
   */
  normalizeColumnsGradient(n: NormalizationGradient & { isBatch: boolean }): void {
    const given = { ...NONE, ...n, isBatch: n.isBatch ? 1 : 0 };
    const work = 4 * n.rows * n.width;
    if (n.isBatch && n.rows <= FEW) {
      return this.run("normalizeFewRowsGradient", given, { work });
    }
    this.run("columnSums", given, { work });
    this.run("normalizeColumnsGradient", given, { work, scratch: 12 * n.width });
  }

  /**
   * Normalises by rows. Each row has its own mean and variance, which are written; scale and offset
   * are as above.
   */
  normalizeRows(n: Normalization & { offset: number }): void {
    this.run("normalizeRows", { ...NONE, ...n }, { work: 8 * n.rows * n.width });
  }

  /** Computes the gradient of `normalizeRows`. */
  normalizeRowsGradient(n: NormalizationGradient): void {
    const given = { ...NONE, ...n };
    const scratch = 12 * this.rowsOfBlock(n.width);
    this.run("normalizeRowsGradient", given, { work: 8 * n.rows * n.width, scratch });
    this.run("sumRowBlocks", given);
  }

  /**
   * Computes a recurrent layer over a sequence, starting from x W + b; see `assembly/recurrent.ts`.
   *
   * @param size Number of examples, steps, and units of the state.
   */
  recurrent(
    cell: RecurrentCell,
    size: SequenceSize,
    addresses: Omit<Arguments<"recurrent">, keyof SequenceSize | CellField>,
  ): void {
    this.run("recurrent", { ...cellNumbers(cell), ...size, ...addresses }, this.#needs(cell, size));
  }

  /** Computes its backward pass, from dJ/dh to dJ/dz. */
  recurrentGradient(
    cell: RecurrentCell,
    size: SequenceSize,
    addresses: Omit<Arguments<"recurrentGradient">, keyof SequenceSize | CellField>,
  ): void {
    this.run(
      "recurrentGradient",
      { ...cellNumbers(cell), ...size, ...addresses },
      this.#needs(cell, size),
    );
  }

  /** Returns the number of floats that {@linkcode packKernel} writes. */
  panelsOf(cell: RecurrentCell, given: { units: number; isBack: boolean }): number {
    return this.recurrentPanelBytesOf({ ...given, cell: cellNumbers(cell).cell }) / 4;
  }

  /** Packs the recurrent kernel once for all steps of a sequence, or of its backward pass. */
  packKernel(
    cell: RecurrentCell,
    given: { units: number; isBack: boolean; kernel: number; panels: number },
  ): void {
    const { cell: kind } = cellNumbers(cell);
    this.run("packKernel", { ...given, cell: kind, isBack: given.isBack ? 1 : 0 });
  }

  #needs(cell: RecurrentCell, { batch, steps, units }: SequenceSize) {
    return {
      work: batch * steps * units * units * gatesOf(cell),
      scratch: this.recurrentScratchOf(),
    };
  }

  /** Computes tanh of `count` floats. */
  tanh(x: number, result: number, count: number): void {
    this.run("tanh", { from: x, to: result, count }, { work: count * 8, scratch: 64 });
  }

  /** Computes dy (1 - y^2) of `count` floats. */
  tanhGradient(y: number, dy: number, result: number, count: number): void {
    this.#binary("tanhGradient", { first: y, second: dy, to: result, count });
  }

  /** Computes x times a gate of itself, of `count` floats. */
  selfGate(gate: SelfGate, x: number, result: number, count: number): void {
    this.#selfGate("selfGate", gate, { x, dy: 0, to: result, count });
  }

  /** Computes dy times the derivative of that. */
  selfGateGradient(gate: SelfGate, given: Omit<Arguments<"selfGate">, "gate">): void {
    this.#selfGate("selfGateGradient", gate, given);
  }

  #selfGate(
    name: "selfGate" | "selfGateGradient",
    gate: SelfGate,
    given: Omit<Arguments<"selfGate">, "gate">,
  ): void {
    this.run(name, { gate: GATES.indexOf(gate), ...given }, {
      work: given.count * 16,
      scratch: 128,
    });
  }

  /** Computes x, or 0 if x is below; of `count` floats. */
  relu(x: number, result: number, count: number): void {
    this.run("relu", { from: x, to: result, count }, { work: count });
  }

  /** Computes dy where x > 0, dy times 0 elsewhere, NaN where x is NaN; of `count` floats. */
  reluGradient(x: number, dy: number, result: number, count: number): void {
    this.#binary("reluGradient", { first: x, second: dy, to: result, count });
  }

  /** Adds `count` floats to others. */
  add(a: number, b: number, result: number, count: number): void {
    this.#binary("add", { first: a, second: b, to: result, count });
  }

  /** Adds a row of `width` floats to each of `rows` at x. */
  addRow(x: number, row: number, result: number, { rows, width }: RowsSize): void {
    this.run("addRow", { x, row, to: result, rows, width }, { work: rows * width * 2 });
  }

  /** Computes the softmax of each of `rows` rows of `width` floats. */
  softmax(x: number, result: number, { rows, width }: RowsSize): void {
    this.run(
      "softmax",
      { x, dy: 0, to: result, rows, width },
      { work: rows * width * 8, scratch: 80 },
    );
  }

  softmaxGradient(y: number, dy: number, result: number, { rows, width }: RowsSize): void {
    this.run("softmaxGradient", { x: y, dy, to: result, rows, width }, { work: rows * width * 4 });
  }

  /** Computes dy where `low` <= x <= `high`, NaN where x is NaN, otherwise 0; of `count` floats. */
  clipGradient(
    x: number,
    dy: number,
    result: number,
    { count, low, high }: { count: number; low: number; high: number },
  ): void {
    this.#binary("clipGradient", { first: x, second: dy, to: result, count, low, high });
  }

  /**
   * Runs a step of Adam on `count` weights, computed in float64. Both moments are updated in place:
   * nothing else may read them.
   *
   * @param addresses Addresses of the weights, their gradient, the moments, and the new weights.
   * @param rates Rates; `rate` and `scale` include the bias corrections of the moments.
   */
  adam(
    addresses: Omit<Arguments<"adam">, "count" | "rates">,
    count: number,
    { beta1, beta2, epsilon, rate, scale }: AdamRates,
  ): void {
    const rates = this.resultAddress;
    new Float64Array(this.memory.buffer, rates, 5).set([beta1, beta2, epsilon, rate, scale]);
    this.run("adam", { ...addresses, count, rates }, { work: 16 * count });
  }

  /** Runs an operation on pairs of entries. */
  #binary(
    name: "add" | "clipGradient" | "reluGradient" | "tanhGradient",
    { first, second, to, count, low = 0, high = 0 }: BinaryArguments,
  ): void {
    this.run(name, { first, second, to, count, low, high }, { work: count * 2 });
  }
}
