import { checkpointBinary } from "./checkpoint_binary.ts";

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

const FIGURES = ["squaresA", "squaresB", "products", "squaredDifferences", "differing"] as const;

/** Returns the sums of both. */
export function addComparisons(a: ComparisonSums, b: ComparisonSums): ComparisonSums {
  const sum = { ...a };
  for (const figure of FIGURES) sum[figure] += b[figure];
  return sum;
}

/** Exports of the module; every number is an i32, and addresses are in bytes. */
interface Exports {
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
  readonly #exports: Exports;
  readonly #buffer: ArrayBuffer;
  readonly #tables: (Float32Array | null)[] = [null, null];

  constructor() {
    const bytes = NULL + RESULT + 2 * (RAW + WIDE + TABLE);
    const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 2 ** 16) });
    this.#buffer = memory.buffer as ArrayBuffer;
    const module = new WebAssembly.Module(Uint8Array.fromBase64(checkpointBinary));
    this.#exports = new WebAssembly.Instance(module, { env: { memory } })
      .exports as unknown as Exports;
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
    const found = new Float64Array(this.#buffer, NULL, FIGURES.length);
    return Object.fromEntries(
      FIGURES.map((name, i) => [name, found[i]]),
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
