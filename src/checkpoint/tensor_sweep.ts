import { type NonFinite, ROW, UPPER_BITS, widest } from "../engine/native/checkpoint_sweep.ts";
import { addSums, type Sums } from "../engine/native/sums.ts";
import { decode } from "../files/file_types.ts";
import { BYTES, type FileType, isWhole } from "../ground/traits/number_types.ts";
import type { LineCounts, SampleMeasurements } from "../core/measure/measurements.ts";
import { binOf, emptyBins } from "../core/measure/value_bins.ts";
import { CODE_FORMATS, FIRST_ENTRIES, type Pieces } from "./plan_sweep.ts";
import { addNonFinite, type PartFigures } from "./sweep_part.ts";

/** Position of a kernel's units: its rows, or its columns in groups that follow each other. */
export type UnitAxis = { axis: "rows" } | { axis: "columns"; window: number };

/** Smallest and largest whole number: as digits if a number would round it. */
export type ExactRange = [least: number | string, largest: number | string];

/** Figures of a whole tensor. */
export interface TensorFigures {
  /** Sums over its entries, with their histograms. */
  sums: Sums;
  /** Smallest and largest whole number, beyond 2^53 as digits; absent for other types. */
  range?: ExactRange;
  /** Entries that are not finite; `null` if there are none. */
  nonFinite: NonFinite | null;
  /** Rows (along the first axis), or `null` if they are not counted. */
  rows: LineCounts | null;
  /** Columns (all other axes together), likewise. */
  columns: LineCounts | null;
  /** Number of units, of those that repeat an earlier one and that are all zeros; likewise. */
  units: { count: number; duplicate: number; zero: number } | null;
  /** Intervals of the figures of all entries, from a sample; absent if all were read. */
  sample?: SampleMeasurements;
}

/** Figures of the parts of a tensor that a sweep had when it was saved. Plain data. */
export interface SweptSoFar {
  /** Number of the pieces, and whether whole rows and columns are compared. */
  pieces: number;
  isWhole: boolean;
  codes: CodeCounts;
  sums: Sums | null;
  range: [bigint, bigint] | null;
  nonFinite: NonFinite | null;
  /** Rows from `first` on, those of the parts since it was saved before. */
  rows: SavedLines | null;
  columns: SavedLines | null;
  starts: Int32Array | null;
}

interface SavedLines {
  first: number;
  ones: Int32Array;
  twos: Int32Array;
  flags: Uint8Array;
}

/** Returns the coefficients of the hashes, see `CheckpointSweep`. */
interface Coefficients {
  rowCoefficients(count: number): [number, number];
  coefficient(index: number): number;
}

/** Figures of a tensor while its parts come in, in their order. */
export class TensorSweep {
  readonly #pieces: Pieces;
  /** Codes of the first part, each followed by its number of entries. */
  #codes: CodeCounts | null = null;
  /** Number of entries with each code, from the second part on: a small tensor has only one. */
  #counts: Float64Array | null = null;
  #sums: Sums | null = null;
  #range: [bigint, bigint] | null = null;
  #nonFinite: NonFinite | null = null;
  readonly #rows: Lines | null;
  readonly #columns: Lines | null;
  #starts: Int32Array | null = null;
  /** First row that was added to since the sweep was saved, and the one behind the last. */
  #unsaved = { from: Infinity, to: 0 };

  /**
   * @param pieces The division of the tensor.
   * @param saved Its saved state, in this order. Default: nothing.
   */
  constructor(pieces: Pieces, saved: readonly SweptSoFar[] = []) {
    const { matrix } = pieces;
    this.#pieces = pieces;
    this.#rows = matrix.compares.rows ? new Lines(matrix.rows) : null;
    this.#columns = matrix.compares.columns ? new Lines(matrix.width) : null;
    for (const { rows } of saved) if (rows !== null) this.#rows!.put(rows);
    const last = saved.at(-1);
    if (last === undefined) return;
    const { codes, sums, range, nonFinite, columns, starts } = last;
    this.#codes = codes;
    this.#sums = sums;
    this.#range = range;
    this.#nonFinite = nonFinite;
    if (columns !== null) this.#columns!.put(columns);
    this.#starts = starts;
  }

  /**
   * Returns the sums over the parts so far, and the rows added since the last call.
   *
   * @param pieces Number of the pieces so far.
   * @param options `isFirst`: true for all rows so far.
   */
  save(pieces: number, { isFirst }: { isFirst: boolean }): SweptSoFar {
    const { from, to } = this.#unsaved;
    this.#unsaved = { from: Infinity, to: 0 };
    return {
      pieces,
      isWhole: this.#pieces.isWhole,
      codes: this.#counts === null ? this.#codes! : pairsOf(this.#counts),
      sums: this.#sums,
      range: this.#range,
      nonFinite: this.#nonFinite,
      rows: this.#rows?.slice(isFirst ? 0 : from, to) ?? null,
      columns: this.#columns?.slice(0) ?? null,
      starts: this.#starts,
    };
  }

  /** Adds the figures of the next part. */
  add({ codes, sums, range, nonFinite, rows, columns, starts }: PartFigures): void {
    if (this.#codes === null) this.#codes = codes;
    else {
      this.#counts ??= this.#addCounts(this.#codes);
      this.#addCounts(codes);
    }
    if (sums !== null) this.#sums = this.#sums === null ? sums : addSums(this.#sums, sums);
    if (range !== null) this.#range = widest(this.#range, range);
    this.#nonFinite = addNonFinite(this.#nonFinite, nonFinite);
    if (rows !== null) {
      const { first, hashes, flags } = rows;
      this.#unsaved.from = Math.min(this.#unsaved.from, first);
      this.#unsaved.to = first + flags.length;
      for (let i = 0; i < flags.length; i++) {
        this.#rows!.add(first + i, hashes[2 * i], hashes[2 * i + 1]);
        this.#rows!.flags[first + i] |= flags[i];
      }
    }
    if (columns !== null) {
      for (let i = 0; i < columns.ones.length; i++) {
        this.#columns!.add(i, columns.ones[i], columns.twos[i]);
      }
      for (const column of columns.broken) this.#columns!.flags[column] |= ROW.broken;
    }
    this.#starts ??= starts;
  }

  #addCounts(codes: CodeCounts): Float64Array {
    const { bytes } = CODE_FORMATS[this.#pieces.type]!;
    const counts = this.#counts ?? new Float64Array(2 ** (bytes > 2 ? UPPER_BITS : 8 * bytes));
    for (let i = 0; i < codes.length; i += 2) counts[codes[i]] += codes[i + 1];
    return counts;
  }

  /**
   * Returns the figures of the tensor, or `null` if the first entries of its rows and columns do not
   * tell them apart.
   *
   * @param coefficients The coefficients of the hashes.
   * @param units Position of its units, or `null` if it has none.
   */
  finish(coefficients: Coefficients, units: UnitAxis | null): TensorFigures | null {
    const { matrix, type } = this.#pieces;
    // For a row in several pieces, only the first says that it is constant.
    this.#rows?.flagZeros({ keepsConstant: matrix.compares.columns || !this.#pieces.isWhole });
    this.#flagColumns(coefficients);
    const rows = this.#rows?.count() ?? null;
    const columns = this.#columns?.count() ?? null;
    const differ = (lines: LineCounts | null, length: number) =>
      this.#pieces.isWhole || length <= FIRST_ENTRIES || lines === null ||
      lines.zero + lines.constant + lines.repeated === 0;
    if (!differ(rows, matrix.width) || !differ(columns, matrix.rows)) return null;
    return {
      ...isWhole(type) ? this.#wholeFigures() : { sums: this.#sumsWithHistograms() },
      nonFinite: this.#nonFinite,
      rows,
      columns,
      units: units === null ? null : this.#countUnits(units, coefficients),
    };
  }

  #codesAndValues(): { codes: CodeCounts; values: Float32Array } {
    return {
      codes: this.#counts === null ? this.#codes! : pairsOf(this.#counts),
      values: this.#sums === null ? valuesOf(this.#pieces.type) : UPPER_VALUES,
    };
  }

  #sumsWithHistograms(): Sums {
    const { codes, values } = this.#codesAndValues();
    const sums = this.#sums ?? sumsOfCodes(codes, values);
    return {
      ...sums,
      ...histogramsOf(codes, values, sums),
      ...sums.finite === 0 ? {} : { quantiles: quantilesOf(codes, values, sums) },
    };
  }

  #wholeFigures(): Pick<TensorFigures, "sums" | "range"> {
    if (this.#range !== null) {
      const [least, largest] = this.#range;
      return { sums: this.#sums!, range: [exact(least), exact(largest)] };
    }
    const { codes, values } = this.#codesAndValues();
    const range: [number, number] = [Infinity, -Infinity];
    for (let i = 0; i < codes.length; i += 2) {
      range[0] = Math.min(range[0], values[codes[i]]);
      range[1] = Math.max(range[1], values[codes[i]]);
    }
    return { sums: sumsOfCodes(codes, values), range };
  }

  #flagColumns(coefficients: Coefficients): void {
    const columns = this.#columns;
    if (columns === null) return;
    columns.flagZeros({ keepsConstant: false });
    const { rows } = this.#pieces.matrix;
    const hashed = this.#pieces.isWhole ? rows : Math.min(rows, FIRST_ENTRIES);
    const [one, two] = coefficients.rowCoefficients(hashed);
    columns.flags.forEach((flags, column) => {
      const first = this.#starts![2 * column], second = this.#starts![2 * column + 1];
      const isConstant = columns.ones[column] === Math.imul(first, one) &&
        columns.twos[column] === Math.imul(second, two);
      if (isConstant && flags === 0) columns.flags[column] = ROW.constant;
    });
  }

  #countUnits(units: UnitAxis, coefficients: Coefficients): TensorFigures["units"] {
    const lines = units.axis === "rows" ? this.#rows : this.#columns;
    if (lines === null) return null;
    const own = units.axis === "rows" || units.window === 1
      ? lines
      : lines.grouped(units.window, coefficients);
    const { repeated, zero } = own.count();
    return { count: own.flags.length, duplicate: repeated, zero };
  }
}

/** Hashes and flags of all rows or columns of a tensor. */
class Lines {
  readonly ones: Int32Array;
  readonly twos: Int32Array;
  readonly flags: Uint8Array;

  constructor(count: number) {
    this.ones = new Int32Array(count);
    this.twos = new Int32Array(count);
    this.flags = new Uint8Array(count);
  }

  add(line: number, one: number, two: number): void {
    this.ones[line] += one;
    this.twos[line] += two;
  }

  slice(first: number, end?: number): SavedLines {
    const { ones, twos, flags } = this;
    return {
      first,
      ones: ones.slice(first, end),
      twos: twos.slice(first, end),
      flags: flags.slice(first, end),
    };
  }

  put({ first, ones, twos, flags }: SavedLines): void {
    this.ones.set(ones, first);
    this.twos.set(twos, first);
    this.flags.set(flags, first);
  }

  /** Flags the lines of zeros, once their hashes are complete; those with a NaN keep their flag. */
  flagZeros({ keepsConstant }: { keepsConstant: boolean }): void {
    this.flags.forEach((flags, line) => {
      if ((flags & ROW.broken) !== 0) this.flags[line] = ROW.broken;
      else if (this.ones[line] === 0 && this.twos[line] === 0) this.flags[line] = ROW.zero;
      else this.flags[line] = keepsConstant ? flags & ROW.constant : 0;
    });
  }

  /** Returns the sums of each group of `window` lines. */
  grouped(window: number, coefficients: Coefficients): Lines {
    const groups = new Lines(this.ones.length / window);
    const factors = Array.from({ length: window }, (_, i) => coefficients.coefficient(i));
    this.flags.forEach((flags, line) => {
      const group = Math.floor(line / window);
      const factor = factors[line % window];
      groups.add(
        group,
        Math.imul(factor, this.ones[line]),
        Math.imul(factor, this.twos[line]),
      );
      groups.flags[group] |= flags & ROW.broken;
    });
    groups.flagZeros({ keepsConstant: false });
    return groups;
  }

  count(): LineCounts {
    let zero = 0, constant = 0, whole = 0;
    const hashes = new BigUint64Array(this.flags.length);
    this.flags.forEach((flags, line) => {
      if (flags === ROW.zero) zero++;
      if (flags === ROW.constant) constant++;
      // A NaN equals nothing.
      if ((flags & ROW.broken) !== 0) return;
      hashes[whole++] = BigInt(this.ones[line] >>> 0) << 32n | BigInt(this.twos[line] >>> 0);
    });
    const sorted = hashes.subarray(0, whole).sort();
    let repeated = 0;
    for (let i = 1; i < whole; i++) if (sorted[i] === sorted[i - 1]) repeated++;
    return { zero, constant, repeated };
  }
}

/** Returns a whole number as such, or as digits if that would round it. */
const exact = (x: bigint) => Number.isSafeInteger(Number(x)) ? Number(x) : `${x}`;

const values = new Map<FileType, Float32Array>();

/** Returns the numbers that the codes of a type of 8 or 16 bits mean. */
export function valuesOf(type: FileType): Float32Array {
  const known = values.get(type);
  if (known !== undefined) return known;
  const codes = BYTES[type] === 1
    ? Uint8Array.from({ length: 2 ** 8 }, (_, code) => code)
    : new Uint8Array(Uint16Array.from({ length: 2 ** 16 }, (_, code) => code).buffer);
  const decoded = decode(codes, type);
  values.set(type, decoded);
  return decoded;
}

/** Smallest magnitudes of the float32 with each combination of upper bits. */
const UPPER_VALUES = new Float32Array(
  Uint32Array.from({ length: 2 ** UPPER_BITS }, (_, code) => code << (32 - UPPER_BITS)).buffer,
);

/** Returns the codes that occur, each followed by its number of entries. */
function pairsOf(counts: Float64Array): Float64Array {
  const pairs = new Float64Array(2 * counts.length);
  let length = 0;
  counts.forEach((count, code) => {
    if (count === 0) return;
    pairs[length++] = code;
    pairs[length++] = count;
  });
  return pairs.subarray(0, length);
}

/** Codes that occur, each followed by its number of entries. */
type CodeCounts = Uint32Array | Float64Array;

/** Returns the numbers of entries by exponent and by value, given the number of those with each code. */
function histogramsOf(
  codes: CodeCounts,
  values: Float32Array,
  { maxAbs }: Sums,
): Pick<Sums, "exponents" | "bins"> {
  const bits = new Uint32Array(values.buffer, values.byteOffset);
  const exponents = new Float64Array(256);
  const bins = emptyBins(maxAbs);
  for (let i = 0; i < codes.length; i += 2) {
    const code = codes[i];
    exponents[bits[code] >>> 23 & 255] += codes[i + 1];
    if (bins !== null && Number.isFinite(values[code])) {
      bins.counts[binOf(values[code], bins.limit)] += codes[i + 1];
    }
  }
  return { exponents, ...bins === null ? {} : { bins } };
}

/** Shares of the entries at and below the quantiles: the middle, and the tails that a lower precision cuts. */
const QUANTILES = [0.001, 0.01, 0.25, 0.5, 0.75, 0.99, 0.999];

/**
 * Returns the quantiles at `QUANTILES` of the finite entries, given the number of those with each
 * code in ascending order: the smallest entry that, with all below it, makes up the share.
 */
function quantilesOf(codes: CodeCounts, values: Float32Array, { finite }: Sums): number[] {
  const quantiles: number[] = [];
  let counted = 0;
  const add = (i: number) => {
    const value = values[codes[i]];
    if (!Number.isFinite(value)) return;
    counted += codes[i + 1];
    while (counted >= QUANTILES[quantiles.length] * finite) quantiles.push(value + 0);
  };
  // The first bit of a code is its sign: negative numbers come last, with growing magnitude.
  let positive = 0;
  while (positive < codes.length && !isNegative(values[codes[positive]])) positive += 2;
  for (let i = codes.length - 2; i >= positive; i -= 2) add(i);
  for (let i = 0; i < positive; i += 2) add(i);
  return quantiles;
}

const isNegative = (value: number) => value < 0 || Object.is(value, -0);

/** Returns the sums over entries, given the number of those with each code. */
function sumsOfCodes(codes: CodeCounts, values: Float32Array): Sums {
  let count = 0, finite = 0, sum = 0, sumAbs = 0, sumSquares = 0, maxAbs = 0, zeros = 0;
  for (let i = 0; i < codes.length; i += 2) {
    const x = values[codes[i]], n = codes[i + 1];
    count += n;
    if (!Number.isFinite(x)) continue;
    finite += n;
    sum += n * x;
    sumAbs += n * Math.abs(x);
    sumSquares += n * x * x;
    maxAbs = Math.max(maxAbs, Math.abs(x));
    if (x === 0) zeros += n;
  }
  const mean = sum / Math.max(1, finite);
  let squaredDeviations = 0;
  for (let i = 0; i < codes.length; i += 2) {
    const x = values[codes[i]];
    if (Number.isFinite(x)) squaredDeviations += codes[i + 1] * (x - mean) ** 2;
  }
  return { count, finite, sumAbs, sumSquares, maxAbs, zeros, mean, squaredDeviations };
}
