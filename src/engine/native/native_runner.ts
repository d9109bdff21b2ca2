import { HEAP_LIMIT } from "../guard_heap.ts";
import { compileNative } from "./compile_native.ts";
import { heapMemory } from "./heap_memory.ts";
import type { NativeExports } from "./native_exports.ts";
import { type Arguments, type Operation, OPERATIONS, RECORDS } from "./operations.ts";
import { startHelpers } from "./start_helpers.ts";
import { FIGURES, MOST_PIECES } from "./sums.ts";
import type { WasmBackend } from "./wasm_backend.ts";

/** Bytes of a record of arguments, of what an operation leaves behind it, and of the helpers' pool. */
const RECORD = 128, RESULT = 8 * FIGURES * MOST_PIECES, POOL = 64;

/** The fields of each operation's arguments in their order, and which of them are floats. */
const LAYOUTS = Object.values(OPERATIONS).map((records) =>
  records.flatMap((record) => Object.entries(RECORDS[record]))
    .map(([name, type]) => ({ name, isFloat: type === "f32" }))
);
const NUMBERS = Object.fromEntries(Object.keys(OPERATIONS).map((name, number) => [name, number]));

/** Work below this, in multiply-adds, some 3 us of it, is not worth telling another thread of. */
const WORTH_SHARING = 50_000;
/** Work of some milliseconds, in multiply-adds: long enough for one thread to fall behind the others. */
const LONG = 1 << 26;

/** An instance of our own WASM module on a heap, with its threads: what runs its operations. */
export class NativeRunner {
  /** Whether it computes with fused multiply-add (relaxed SIMD). */
  readonly relaxedSimd: boolean;
  /** The heap. */
  readonly memory: WebAssembly.Memory;
  readonly #backend: WasmBackend;
  readonly #exports: NativeExports;
  readonly #record: number;
  readonly #pool: number;
  readonly #helpers: Promise<() => Promise<void>>;
  /** The record, and what an operation leaves behind it, for as long as the heap does not grow. */
  #words: Int32Array;
  #floats: Float32Array;
  #results: Float64Array;
  #scratch = 0;
  /** Bytes of scratch a thread has. */
  #scratchBytes = 0;
  #stopped: Promise<void> | undefined;
  /** Threads that compute now, this one included. */
  #threads = 1;

  /**
   * @param backend The backend whose heap it works on.
   * @param relaxedSimd Whether to use relaxed SIMD; the runtime must have it.
   * @param threads How many threads to compute in; only a shared heap allows more than 1.
   */
  constructor(backend: WasmBackend, relaxedSimd: boolean, threads: number) {
    this.relaxedSimd = relaxedSimd;
    this.memory = heapMemory(backend);
    this.#backend = backend;
    const shared = this.memory.buffer instanceof SharedArrayBuffer;
    const module = compileNative(shared, relaxedSimd);
    this.#exports = new WebAssembly.Instance(module, { env: { memory: this.memory } })
      .exports as unknown as NativeExports;
    this.#record = this.#allocate(RECORD + RESULT + POOL);
    this.#pool = this.#record + RECORD + RESULT;
    new Uint8Array(this.memory.buffer, this.#record, RECORD + RESULT + POOL).fill(0);
    [this.#words, this.#floats, this.#results] = this.#views();
    this.#helpers = shared && threads > 1
      ? startHelpers(module, this.memory, this.#pool, threads - 1).then((stop) => {
        // Each thread needs scratch of its own.
        this.#scratchBytes = 0;
        this.#threads = threads;
        return stop;
      })
      : Promise.resolve(() => Promise.resolve());
  }

  /** Resolves when every thread is there to compute; until then one does it all. */
  async ready(): Promise<void> {
    await this.#helpers;
  }

  /**
   * Ends the helpers and gives its memory back. The module must not be used afterwards.
   *
   * @returns Once the helpers have ended. Stopping twice does nothing.
   */
  stop(): Promise<void> {
    return this.#stopped ??= this.#stop();
  }

  async #stop(): Promise<void> {
    const helpersEnd = await this.#helpers;
    this.#threads = 1;
    this.#exports.dismiss(this.#pool);
    await helpersEnd();
    try {
      // The backend may be gone by now, and its heap with it.
      this.#backend.wasm?._free(this.#scratch);
      this.#backend.wasm?._free(this.#record);
    } catch {
      // After a trap the allocator may trap, too; the heap goes with its backend all the same.
    }
  }

  /** Scratch that a product needs, or a convolution whose window has so many entries. */
  protected scratchOf(taps: number): number {
    return this.#exports.convolutionScratch(taps) >>> 0;
  }

  /** Scratch that a segment sum needs. */
  protected segmentScratchOf(rows: number, width: number, count: number): number {
    return this.#exports.segmentScratch(rows, width, count) >>> 0;
  }

  /** Scratch that a recurrent layer needs. */
  protected recurrentScratchOf(): number {
    return this.#exports.recurrentScratch() >>> 0;
  }

  /** Bytes that the packed kernel of a recurrent cell takes. */
  protected recurrentPanelBytesOf(cell: number, units: number, isBack: boolean): number {
    return this.#exports.recurrentPanelBytes(cell, units, isBack) >>> 0;
  }

  /** Rows of a block whose sums a normalisation takes by themselves. */
  protected rowsOfBlock(width: number): number {
    return this.#exports.rowsOfBlock(width);
  }

  /** Float64 that the sums of all blocks of rows take, for a normalisation of [rows, width]. */
  partialsOf(rows: number, width: number): number {
    return this.#exports.blocksOf(rows, width) * 2 * width;
  }

  /** Where an operation leaves its results: an address for the record, to be read with `results`. */
  protected get resultAddress(): number {
    return this.#record + RECORD;
  }

  /** The scratch of this thread, as the last operation left it. */
  protected get scratchAddress(): number {
    return this.#scratch;
  }

  /** What the last operation left behind; valid until the next. */
  protected get results(): Float64Array {
    return this.#results;
  }

  /**
   * Runs an operation.
   *
   * @param operation Its name.
   * @param given Its arguments.
   * @param needs `work`: how much it computes, in multiply-adds; too little is not shared. `scratch`:
   * bytes that each thread needs.
   */
  protected run<O extends Operation>(
    operation: O,
    given: Arguments<O>,
    { work = 0, scratch = 0 }: { work?: number; scratch?: number } = {},
  ): void {
    // In twice as many parts, one that falls behind leaves the rest to the others. But each part of a product
    // packs all of one operand.
    const shares = work >= LONG ? 2 * this.#threads : this.#threads;
    const parts = this.#threads > 1 && work >= WORTH_SHARING ? shares : 1;
    if (scratch > this.#scratchBytes) {
      this.#backend.wasm._free(this.#scratch);
      // Where there is no room, the next operation must not go on with what was given back.
      this.#scratch = this.#scratchBytes = 0;
      this.#scratch = this.#allocate(scratch * this.#threads);
      this.#scratchBytes = scratch;
    }
    if (this.#words.buffer !== this.memory.buffer) {
      [this.#words, this.#floats, this.#results] = this.#views();
    }
    const number = NUMBERS[operation];
    const layout = LAYOUTS[number];
    for (let i = 0; i < layout.length; i++) {
      const { name, isFloat } = layout[i];
      (isFloat ? this.#floats : this.#words)[i] = (given as Record<string, number>)[name];
    }
    this.#exports.runTogether(
      this.#pool,
      number,
      this.#record,
      parts,
      this.#scratch,
      this.#scratchBytes,
    );
  }

  #views(): [Int32Array, Float32Array, Float64Array] {
    const { buffer } = this.memory;
    return [
      new Int32Array(buffer, this.#record, RECORD / 4),
      new Float32Array(buffer, this.#record, RECORD / 4),
      new Float64Array(buffer, this.#record + RECORD, RESULT / 8),
    ];
  }

  #allocate(bytes: number): number {
    // Where no guard stands before it, the allocator takes sizes modulo 2^32.
    const address = bytes < HEAP_LIMIT ? this.#backend.wasm._malloc(bytes) >>> 0 : 0;
    if (address === 0) throw new RangeError(`The WASM heap has no ${bytes} bytes left`);
    return address;
  }
}
