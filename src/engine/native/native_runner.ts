import { HEAP_LIMIT } from "../heap/guard_heap.ts";
import { binaries } from "./binaries.ts";
import { type Arguments, type Operation, OPERATIONS, RECORDS } from "./operations.ts";
import { FIGURES, MOST_PIECES } from "./sums.ts";
import { heapMemory, type WasmBackend } from "./wasm_backend.ts";

/**
 * Value that a broken helper leaves in `done` of the pool, its second word: negative, whatever is
 * added.
 */
const BROKEN = -(2 ** 30);

/**
 * Source of a helper: it reports that it is ready, or why not, serves until it is dismissed, and
 * reports its end. If it breaks down, it also tells the thread that waits for its part, which would
 * not notice otherwise.
 */
const HELPER = `
self.onmessage = ({ data: { compiled, memory, pool, part } }) => {
  let native;
  try {
    native = new WebAssembly.Instance(compiled, { env: { memory } }).exports;
  } catch (error) {
    self.postMessage(error.message);
    return;
  }
  self.postMessage("ready");
  try {
    native.serve(pool, part);
  } catch {
    const words = new Int32Array(memory.buffer);
    Atomics.store(words, pool / 4 + 1, ${BROKEN});
    Atomics.notify(words, pool / 4 + 1);
  }
  self.postMessage("ended");
  self.close();
};
`;

/**
 * Starts threads that compute parts of the native module's operations. They are Deno workers, which
 * start in half the time of those of `node:worker_threads` and need no permission.
 *
 * @param pool Address of the pool that they watch, initially zero.
 * @throws {Error} If one does not start.
 * @returns Once all are ready, a function that waits until all have ended after they were
 * dismissed.
 */
export async function startHelpers(
  compiled: WebAssembly.Module,
  memory: WebAssembly.Memory,
  pool: number,
  count: number,
): Promise<() => Promise<void>> {
  const url = `data:text/javascript,${encodeURIComponent(HELPER)}`;
  const helpers = Array.from({ length: count }, (_, i) => {
    const worker = new Worker(url, { type: "module" });
    const ready = Promise.withResolvers<void>(), ended = Promise.withResolvers<void>();
    worker.addEventListener("message", ({ data }) => {
      if (data === "ready") ready.resolve();
      else if (data === "ended") ended.resolve();
      else ready.reject(new Error(data));
    });
    worker.addEventListener("error", (event) => {
      // Otherwise the error would end the program.
      event.preventDefault();
      ended.resolve();
    });
    worker.postMessage({ compiled, memory, pool, part: i + 1 });
    return { worker, ready: ready.promise, ended: ended.promise };
  });
  try {
    await Promise.all(helpers.map(({ ready }) => ready));
  } catch (error) {
    for (const { worker } of helpers) worker.terminate();
    throw error;
  }
  return async () => {
    await Promise.all(helpers.map(({ ended }) => ended));
    for (const { worker } of helpers) worker.terminate();
  };
}

/**
 * Exports of this project's WASM module. Every number is an i32; addresses and sizes are in bytes.
 */
interface NativeExports {
  /** Computes an operation, in `parts` concurrent parts if there are helpers. */
  runTogether(
    pool: number,
    operation: number,
    record: number,
    parts: number,
    scratch: number,
    scratchBytes: number,
  ): void;
  /** Makes this thread a helper; returns when it is dismissed. */
  serve(pool: number, part: number): void;
  /** Ends the helpers. */
  dismiss(pool: number): void;
  /** Returns the scratch bytes of a convolution with a window of `taps`; of a product if all are 0. */
  convolutionScratch(taps: number, channels: number, filters: number): number;
  /** Returns the scratch bytes of a recurrent layer. */
  recurrentScratch(): number;
  /** Returns the size of the packed kernel of a recurrent cell. */
  recurrentPanelBytes(cell: number, units: number, isBack: boolean): number;
  /** Returns the scratch bytes of a segment sum. */
  segmentScratch(rows: number, width: number, count: number): number;
  /** Returns the number of rows in a block that a normalisation sums separately. */
  rowsOfBlock(width: number): number;
  /** Returns the number of such blocks in all rows. */
  blocksOf(rows: number, width: number): number;
}

const compiled = new Map<string, WebAssembly.Module>();

/**
 * Compiles the build of this project's WASM module for a heap. It is small, so it is compiled
 * synchronously and on demand.
 *
 * @param build `shared`: true if the heap is shared between threads; `relaxedSimd`: true to use
 * relaxed SIMD, which the runtime must have.
 */
function compileNative(
  { shared, relaxedSimd }: { shared: boolean; relaxedSimd: boolean },
): WebAssembly.Module {
  const name = `${shared ? "shared" : "plain"}${relaxedSimd ? "Relaxed" : ""}` as const;
  const module = compiled.get(name) ??
    new WebAssembly.Module(Uint8Array.fromBase64(binaries[name]));
  compiled.set(name, module);
  return module;
}

/** Bytes of a record of arguments, of an operation's results, and of the helpers' pool. */
const RECORD = 128, RESULT = 8 * FIGURES * MOST_PIECES, POOL = 64;

/** Argument fields of each operation in order, and which of them are floats. */
const LAYOUTS = Object.values(OPERATIONS).map((records) =>
  records.flatMap((record) => Object.entries(RECORDS[record]))
    .map(([name, type]) => ({ name, isFloat: type === "f32" }))
);
const FLAGS_AT = Object.keys(RECORDS.Convolution).indexOf("flags");
const NUMBERS = Object.fromEntries(Object.keys(OPERATIONS).map((name, number) => [name, number]));

/** Work in multiply-adds, about 3 us, below which sharing does not pay. */
const WORTH_SHARING = 50_000;
/**
 * Work of several milliseconds, in multiply-adds: enough for one thread to fall behind the others.
 */
const LONG_WORK = 1 << 26;

/** Instance of this project's WASM module on a heap, with its threads; runs operations. */
export class NativeRunner {
  /** True if it computes with fused multiply-add (relaxed SIMD). */
  readonly relaxedSimd: boolean;
  /** Memory of the heap. */
  readonly memory: WebAssembly.Memory;
  readonly #backend: WasmBackend;
  readonly #exports: NativeExports;
  readonly #record: number;
  readonly #pool: number;
  readonly #helpers: Promise<() => Promise<void>>;
  /** Views of the record and of an operation's results, valid until the heap grows. */
  #words: Int32Array;
  #floats: Float32Array;
  #results: Float64Array;
  #scratch = 0;
  /** Scratch bytes per thread. */
  #scratchBytes = 0;
  #stopped: Promise<void> | undefined;
  /** Number of threads that compute now, including this one. */
  #threads = 1;

  /**
   * @param backend The backend whose heap it works on.
   * @param options `relaxedSimd`: true to use it, the runtime must have it; `threads`: number of
   * threads to compute with, only a shared heap allows more than 1.
   */
  constructor(
    backend: WasmBackend,
    { relaxedSimd, threads }: { relaxedSimd: boolean; threads: number },
  ) {
    this.relaxedSimd = relaxedSimd;
    this.memory = heapMemory(backend);
    this.#backend = backend;
    const shared = this.memory.buffer instanceof SharedArrayBuffer;
    const module = compileNative({ shared, relaxedSimd });
    this.#exports = new WebAssembly.Instance(module, { env: { memory: this.memory } })
      .exports as unknown as NativeExports;
    this.#record = this.#allocate(RECORD + RESULT + POOL);
    this.#pool = this.#record + RECORD + RESULT;
    new Uint8Array(this.memory.buffer, this.#record, RECORD + RESULT + POOL).fill(0);
    [this.#words, this.#floats, this.#results] = this.#views();
    this.#helpers = shared && threads > 1
      ? startHelpers(module, this.memory, this.#pool, threads - 1).then((stop) => {
        // Each thread needs its own scratch.
        this.#scratchBytes = 0;
        this.#threads = threads;
        return stop;
      })
      : Promise.resolve(() => Promise.resolve());
  }

  /** Resolves when all threads are ready; until then one computes everything. */
  async ready(): Promise<void> {
    await this.#helpers;
  }

  /**
   * Ends the helpers and frees its memory. The module must not be used afterwards.
   *
   * @returns A promise that resolves once the helpers have ended. Stopping twice does nothing.
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
      // After a trap the allocator may trap, too; the heap is released with its backend anyway.
    }
  }

  /** Returns the scratch bytes of a product, or of a convolution with a window of `taps`. */
  protected scratchOf(taps = 0, channels = 0, filters = 0): number {
    return this.#exports.convolutionScratch(taps, channels, filters) >>> 0;
  }

  /** Returns the scratch bytes of a segment sum. */
  protected segmentScratchOf(rows: number, width: number, count: number): number {
    return this.#exports.segmentScratch(rows, width, count) >>> 0;
  }

  /** Returns the scratch bytes of a recurrent layer. */
  protected recurrentScratchOf(): number {
    return this.#exports.recurrentScratch() >>> 0;
  }

  /** Returns the bytes of the packed kernel of a recurrent cell. */
  protected recurrentPanelBytesOf(
    { cell, units, isBack }: { cell: number; units: number; isBack: boolean },
  ): number {
    return this.#exports.recurrentPanelBytes(cell, units, isBack) >>> 0;
  }

  /** Returns the number of rows in a block that a normalisation sums separately. */
  protected rowsOfBlock(width: number): number {
    return this.#exports.rowsOfBlock(width);
  }

  /**
   * Returns the number of float64 for the sums of all blocks of rows, in a normalisation of [rows,
   * width].
   */
  partialsOf(rows: number, width: number): number {
    return this.#exports.blocksOf(rows, width) * 2 * width;
  }

  /** Address for an operation's results, which `results` reads. */
  protected get resultAddress(): number {
    return this.#record + RECORD;
  }

  /** Flags of the last operation, a convolution, as it left them. */
  protected get convolutionFlags(): number {
    return this.#words[FLAGS_AT];
  }

  /** Scratch of this thread, as the last operation left it. */
  protected get scratchAddress(): number {
    return this.#scratch;
  }

  /** Results of the last operation; valid until the next. */
  protected get results(): Float64Array {
    return this.#results;
  }

  /**
   * Runs an operation.
   *
   * @param needs `work`: amount of computation in multiply-adds; small amounts are not shared.
   * `scratch`: bytes that each thread needs.
   */
  protected run<O extends Operation>(
    operation: O,
    given: Arguments<O>,
    { work = 0, scratch = 0 }: { work?: number; scratch?: number } = {},
  ): void {
    // With twice as many parts, other threads take over if one falls behind. But each part of a
    // product packs all of one operand.
    const shares = work >= LONG_WORK ? 2 * this.#threads : this.#threads;
    const parts = this.#threads > 1 && work >= WORTH_SHARING ? shares : 1;
    if (scratch > this.#scratchBytes) {
      this.#backend.wasm._free(this.#scratch);
      // If allocation fails, the next operation must not use the freed scratch.
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
    // Without a heap guard, the allocator takes sizes modulo 2^32.
    const address = bytes < HEAP_LIMIT ? this.#backend.wasm._malloc(bytes) >>> 0 : 0;
    if (address === 0) throw new RangeError(`The WASM heap has no ${bytes} bytes left`);
    return address;
  }
}
