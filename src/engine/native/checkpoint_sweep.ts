import { checkpointBinary } from "./checkpoint_binary.ts";
import { addSums, FIGURES, readSums, type Sums } from "./sums.ts";

/** Bits of the numbers of a format. */
export interface CodeFormat {
  /** Bytes of a number: 1, 2, 4 or 8. */
  bytes: number;
  /** Smallest magnitude, as a code, that is not finite; of float64, that of its float32. */
  infinity: number;
  /** Smallest magnitude that is NaN. */
  nan: number;
  /** Kind of whole numbers; absent for others. */
  whole?: "signed" | "unsigned";
}

/** Number of the upper bits of a float32 by which it is counted. */
export const UPPER_BITS = 13;

/** Largest number of bytes of a chunk: the L2 cache holds it between the sweeps over it. */
export const CHUNK_BYTES = 2 ** 20;

/** Largest width of a matrix whose columns are hashed, and of a piece of a row. */
export const MAX_WIDTH = 2 ** 17;

/** Largest number of rows of a chunk. */
export const MAX_ROWS = 2 ** 16;

/** Chunk of a tensor. */
interface Chunk {
  /** Number of rows; 1 for a run of entries without rows. */
  rows: number;
  /** Number of entries of a row. */
  width: number;
  /** Index of the first row in its tensor. */
  first: number;
  /** Number of the first entries of each row that are hashed; 0 for none. */
  hashedWidth: number;
  /** Number of the first rows whose entries are added to the hashes of the columns. */
  hashedRows: number;
}

/** Entries of a chunk that are not finite, with the index in the chunk of the first of each kind. */
export interface NonFinite {
  nan: number;
  infinite: number;
  firstNaN: number;
  firstInfinite: number;
}

/** Figures of a chunk; views are valid until the next one. */
interface ChunkFigures {
  /** Two hashes of each row, one after the other; empty if rows are not hashed. */
  rowHashes: Int32Array;
  /** Flags of each row, see {@linkcode ROW}. */
  flags: Uint8Array;
  /** `null` if all entries are finite. */
  nonFinite: NonFinite | null;
}

/** Returns the range that holds two ranges of whole numbers. */
export function widest(
  a: readonly [bigint, bigint] | null,
  b: readonly [bigint, bigint],
): [least: bigint, largest: bigint] {
  if (a === null) return [...b];
  return [a[0] < b[0] ? a[0] : b[0], a[1] > b[1] ? a[1] : b[1]];
}

/** Flags of a row: all zeros; all entries equal, but not 0; has a NaN. */
export const ROW = { zero: 1, constant: 2, broken: 4 } as const;

/** Exports of the module; every number is an i32, and addresses and sizes are in bytes. */
interface SweepExports {
  count8(from: number, count: number, counts: number): void;
  count16(from: number, count: number, counts: number): void;
  narrow(at: number, count: number): void;
  sumWhole32(from: number, count: number, isSigned: boolean, result: number): void;
  sumWhole64(from: number, count: number, isSigned: boolean, result: number): void;
  sums(from: number, count: number, result: number): void;
  count32(from: number, count: number, counts: number): void;
  coefficient(index: number, seed: number): number;
  fillCoefficients(to: number, count: number, seed: number): void;
  hash(matrix: number): void;
  mixFirst(matrix: number, to: number): void;
  scan(matrix: number, result: number): void;
}

/** Seeds of the coefficients of rows and columns in each of the two hashes. */
const ROW_SEEDS = [1, 0x5bd1e995] as const;
const COLUMN_SEEDS = [0x1b873593, 0x2545f491] as const;

/** Bytes of each region of the memory, in this order. */
const SIZES = {
  /** Never used: its address is null. */
  null: 64,
  matrix: 64,
  result: 8 * (FIGURES + 2),
  counts: 4 * 2 ** 16,
  ones: 4 * MAX_WIDTH,
  twos: 4 * MAX_WIDTH,
  columnOnes: 4 * MAX_WIDTH,
  columnTwos: 4 * MAX_WIDTH,
  starts: 8 * MAX_WIDTH,
  broken: MAX_WIDTH,
  hashes: 8 * MAX_ROWS,
  flags: MAX_ROWS,
  chunk: CHUNK_BYTES,
};

const PAGE = 2 ** 16;

/** Makes an instance of the module that works in a memory. */
function instantiate<Exports>(memory: WebAssembly.Memory): Exports {
  const module = new WebAssembly.Module(Uint8Array.fromBase64(checkpointBinary));
  return new WebAssembly.Instance(module, { env: { memory } }).exports as Exports;
}

/** Number of fields of the record of a matrix, see `assembly/checkpoint.ts`. */
const FIELDS = 16;

/**
 * Sums, counts and hashes over the entries of tensors as they are stored in a file. Each instance
 * has its own memory of 6 MB, into which a chunk is read, and works in one thread.
 */
export class CheckpointSweep {
  /** Room for the bytes of a chunk. */
  readonly chunk: Uint8Array<ArrayBuffer>;
  readonly #exports: SweepExports;
  readonly #at: Readonly<Record<keyof typeof SIZES, number>>;
  readonly #buffer: ArrayBuffer;
  #sums: Sums | null = null;
  #range: [least: bigint, largest: bigint] | null = null;

  constructor() {
    let end = 0;
    const at = Object.entries(SIZES).map(([name, bytes]) => {
      const start = end;
      end = start + Math.ceil(bytes / 64) * 64;
      return [name, start];
    });
    this.#at = Object.fromEntries(at);
    const memory = new WebAssembly.Memory({ initial: Math.ceil(end / PAGE) });
    this.#buffer = memory.buffer as ArrayBuffer;
    this.#exports = instantiate<SweepExports>(memory);
    this.#exports.fillCoefficients(this.#at.ones, MAX_WIDTH, COLUMN_SEEDS[0]);
    this.#exports.fillCoefficients(this.#at.twos, MAX_WIDTH, COLUMN_SEEDS[1]);
    this.chunk = new Uint8Array(this.#buffer, this.#at.chunk, CHUNK_BYTES);
  }

  /** Begins a tensor, or a part of one. `columns`: true if its columns are compared. */
  begin({ columns }: { columns: boolean }): void {
    this.#sums = null;
    this.#range = null;
    const ofColumns = columns ? ["columnOnes", "columnTwos", "broken"] as const : [];
    for (const region of ["counts", ...ofColumns] as const) {
      new Uint8Array(this.#buffer, this.#at[region], SIZES[region]).fill(0);
    }
  }

  /** Adds the chunk that has been read. */
  add(chunk: Chunk, format: CodeFormat): ChunkFigures {
    const { rows, width, first, hashedWidth, hashedRows } = chunk;
    const count = rows * width;
    const before = this.#nonFinite(format);
    if (format.bytes === 8 && format.whole === undefined) {
      this.#exports.narrow(this.#at.chunk, count);
    }
    this.#count(count, format);
    const { matrix, starts } = this.#at;
    if (hashedRows > 0) {
      this.#describe(chunk, { rows: hashedRows, width, columns: true }, format);
      this.#exports.hash(matrix);
      if (first === 0) this.#exports.mixFirst(matrix, starts);
    }
    if (hashedWidth > 0 && (hashedWidth < width || hashedRows < rows)) {
      this.#describe(chunk, { rows, width: hashedWidth, columns: false }, format);
      this.#exports.hash(matrix);
    }
    let nonFinite: NonFinite | null = null;
    if (this.#nonFinite(format) > before) {
      this.#describe(chunk, { rows, width, columns: hashedRows > 0 }, format);
      nonFinite = this.#scan();
    }
    const rowsHashed = hashedWidth > 0 ? rows : 0;
    return {
      rowHashes: new Int32Array(this.#buffer, this.#at.hashes, 2 * rowsHashed),
      flags: new Uint8Array(this.#buffer, this.#at.flags, rowsHashed),
      nonFinite,
    };
  }

  /**
   * Returns the number of entries with each code since `begin()`. Of a format of more than 16 bits,
   * a code is the upper {@linkcode UPPER_BITS} bits of a float32; whole numbers are not counted then.
   */
  counts({ bytes, whole }: CodeFormat): Int32Array {
    const counts = new Int32Array(this.#buffer, this.#at.counts, 2 ** 16);
    if (bytes <= 2) return counts;
    if (whole !== undefined) return counts.subarray(0, 0);
    const sums = new Int32Array(2 ** UPPER_BITS);
    for (let i = 0; i < 4 * sums.length; i++) sums[i >> 2] += counts[i];
    return sums;
  }

  /** Sums over the entries of a format of more than 16 bits since `begin()`. */
  get sums(): Sums | null {
    return this.#sums;
  }

  /** Smallest and largest whole number of more than 16 bits since `begin()`. */
  get range(): [least: bigint, largest: bigint] | null {
    return this.#range;
  }

  /** Hashes of the first `width` columns since `begin()`. */
  columns(width: number): { ones: Int32Array; twos: Int32Array; broken: Uint8Array } {
    return {
      ones: new Int32Array(this.#buffer, this.#at.columnOnes, width),
      twos: new Int32Array(this.#buffer, this.#at.columnTwos, width),
      broken: new Uint8Array(this.#buffer, this.#at.broken, width),
    };
  }

  /**
   * Mixed codes of the first row of the tensor, if it was added since `begin()`: two for each column,
   * one for each hash.
   */
  starts(width: number): Int32Array {
    return new Int32Array(this.#buffer, this.#at.starts, 2 * width);
  }

  /** Returns the sums of the coefficients of `count` rows, one for each hash. */
  rowCoefficients(count: number): [number, number] {
    let one = 0, two = 0;
    for (let row = 0; row < count; row++) {
      one = one + this.#exports.coefficient(row, ROW_SEEDS[0]) | 0;
      two = two + this.#exports.coefficient(row, ROW_SEEDS[1]) | 0;
    }
    return [one, two];
  }

  /** Returns a coefficient for the piece of a row, or for a place in a window. */
  coefficient(index: number): number {
    return this.#exports.coefficient(index, 0);
  }

  #count(count: number, { bytes, whole }: CodeFormat): void {
    const { chunk, counts, result } = this.#at;
    if (bytes === 1) return this.#exports.count8(chunk, count, counts);
    if (bytes === 2) return this.#exports.count16(chunk, count, counts);
    if (whole === undefined) this.#exports.sums(chunk, count, result);
    else {
      const sumWhole = bytes === 4 ? this.#exports.sumWhole32 : this.#exports.sumWhole64;
      sumWhole(chunk, count, whole === "signed", result);
      this.#range = widest(this.#range, this.#readRange(whole));
    }
    const sums = readSums(new Float64Array(this.#buffer, result, FIGURES), 0, count);
    this.#sums = this.#sums === null ? sums : addSums(this.#sums, sums);
    if (whole === undefined) this.#exports.count32(chunk, count, counts);
  }

  #readRange(whole: "signed" | "unsigned"): [bigint, bigint] {
    const Entries = whole === "signed" ? BigInt64Array : BigUint64Array;
    const [least, largest] = new Entries(this.#buffer, this.#at.result + 8 * FIGURES, 2);
    return [least, largest];
  }

  /** Returns the number of entries that are not finite so far. */
  #nonFinite(format: CodeFormat): number {
    const { bytes, infinity, whole } = format;
    if (whole !== undefined) return 0;
    if (bytes > 2) return this.#sums === null ? 0 : this.#sums.count - this.#sums.finite;
    const counts = this.counts(format);
    const sign = 2 ** (8 * bytes - 1);
    let sum = 0;
    for (let code = infinity; code < sign; code++) sum += counts[code] + counts[code + sign];
    return sum;
  }

  /** Writes the record of the rows and columns of a chunk that an operation reads. */
  #describe(
    chunk: Chunk,
    { rows, width, columns }: { rows: number; width: number; columns: boolean },
    { bytes, infinity, nan, whole }: CodeFormat,
  ): void {
    const at = this.#at;
    const size = whole === undefined ? Math.min(bytes, 4) : bytes;
    const sign = 2 ** (8 * size - 1);
    // In a format without infinities below it, the sign alone is a NaN.
    const hasTwoZeros = whole === undefined && infinity < sign;
    new Int32Array(this.#buffer, at.matrix, FIELDS).set([
      at.chunk,
      rows,
      width,
      chunk.width,
      size,
      chunk.first,
      hasTwoZeros ? sign : 0,
      at.ones,
      at.twos,
      columns ? at.columnOnes : 0,
      columns ? at.columnTwos : 0,
      at.hashes,
      chunk.hashedWidth > 0 ? at.flags : 0,
      infinity,
      nan,
      columns ? at.broken : 0,
    ]);
  }

  #scan(): NonFinite {
    this.#exports.scan(this.#at.matrix, this.#at.result);
    const [nan, infinite, firstNaN, firstInfinite] = new Int32Array(
      this.#buffer,
      this.#at.result,
      4,
    );
    return { nan, infinite, firstNaN, firstInfinite };
  }
}

/** Number of entries that are compared at once. */
export const COMPARED_AT_ONCE = 2 ** 18;

/** Largest number of bytes of an entry. */
const MAX_BYTES = 8;

/** Sums over the entries of two tensors, which add up over their parts. */
export interface ComparisonSums {
  squaresA: number;
  squaresB: number;
  products: number;
  squaredDifferences: number;
  /** Number of entries that differ in their bits, as float32. */
  differing: number;
}

const COMPARED = ["squaresA", "squaresB", "products", "squaredDifferences", "differing"] as const;

/** Returns the sums of both. */
export function addComparisons(a: ComparisonSums, b: ComparisonSums): ComparisonSums {
  const sum = { ...a };
  for (const figure of COMPARED) sum[figure] += b[figure];
  return sum;
}

/** Exports of the module; every number is an i32, and addresses are in bytes. */
interface ComparisonExports {
  narrow(at: number, count: number): void;
  widen8(from: number, to: number, count: number, table: number): void;
  widen16(from: number, to: number, count: number, table: number): void;
  compare(a: number, b: number, count: number, result: number): void;
}

/** Entries of one of the two tensors. */
export interface ComparedSide {
  /** Bytes of an entry: 1, 2, 4 or 8. */
  bytes: number;
  /** Numbers that its codes mean, if they have 8 or 16 bits. */
  values: Float32Array | null;
}

/** Bytes of each region of the memory; the first one is never used, as its address is null. */
const NULL = 64, RESULT = 64;
const RAW = MAX_BYTES * COMPARED_AT_ONCE, WIDE = 4 * COMPARED_AT_ONCE, TABLE = 4 * 2 ** 16;

/** Compares entries as they are stored in two files. Each instance works in one thread. */
export class CheckpointComparison {
  readonly #exports: ComparisonExports;
  readonly #buffer: ArrayBuffer;
  readonly #tables: (Float32Array | null)[] = [null, null];

  constructor() {
    const bytes = NULL + RESULT + 2 * (RAW + WIDE + TABLE);
    const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) });
    this.#buffer = memory.buffer as ArrayBuffer;
    this.#exports = instantiate<ComparisonExports>(memory);
  }

  /** Returns the room for the bytes of the first (0) or second (1) tensor. */
  room(side: 0 | 1, bytes: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#buffer, this.#raw(side), bytes);
  }

  /** Compares the entries that have been read into both rooms. */
  compare(sides: readonly [ComparedSide, ComparedSide], count: number): ComparisonSums {
    const a = this.#widen(0, sides[0], count);
    const b = this.#widen(1, sides[1], count);
    this.#exports.compare(a, b, count, NULL);
    const found = new Float64Array(this.#buffer, NULL, COMPARED.length);
    return Object.fromEntries(
      COMPARED.map((name, i) => [name, found[i]]),
    ) as unknown as ComparisonSums;
  }

  /** Converts entries to float32, and returns their address. */
  #widen(side: 0 | 1, { bytes, values }: ComparedSide, count: number): number {
    const raw = this.#raw(side);
    if (bytes === 8) this.#exports.narrow(raw, count);
    if (bytes >= 4) return raw;
    const wide = raw + RAW, table = wide + WIDE;
    if (this.#tables[side] !== values) {
      new Float32Array(this.#buffer, table, values!.length).set(values!);
      this.#tables[side] = values;
    }
    const widen = bytes === 1 ? this.#exports.widen8 : this.#exports.widen16;
    widen(raw, wide, count, table);
    return wide;
  }

  #raw(side: 0 | 1): number {
    return NULL + RESULT + side * (RAW + WIDE + TABLE);
  }
}
