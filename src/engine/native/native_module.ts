import { compileNative } from "./compile_native.ts";
import type { ConvolutionWindows } from "./convolution_windows.ts";
import { heapMemory } from "./heap_memory.ts";
import type { Matrix } from "./matrix.ts";
import type { NativeExports } from "./native_exports.ts";
import { operation } from "./operation.ts";
import { startHelpers } from "./start_helpers.ts";
import type { Sums } from "./sums.ts";
import type { WasmBackend } from "./wasm_backend.ts";

/** Bytes of a record of arguments, and of what an operation leaves behind it. */
const RECORD = 128, RESULT = 64, POOL = 64;

/** Work below this, in multiply-adds, is not worth waking another thread for (some 10 us). */
const WORTH_SHARING = 200_000;

/** The operations over windows. */
type Convolution = Extract<keyof typeof operation, `convolution${string}` | `depthwise${string}`>;

/**
 * Our own WASM module on the heap of one TensorFlow.js backend. Addresses are byte addresses on that
 * heap; every operation writes to a place that nothing else uses (stock kernels keep packed copies of
 * tensors, and would go on with those after a write in place).
 *
 * It keeps some 2 MB of scratch a thread on the heap. No result depends on how many threads there are.
 */
export class NativeModule {
  /** Whether it computes with fused multiply-add (relaxed SIMD). */
  readonly relaxedSimd: boolean;
  /** The heap. */
  readonly memory: WebAssembly.Memory;
  readonly #backend: WasmBackend;
  readonly #exports: NativeExports;
  readonly #record: number;
  readonly #pool: number;
  readonly #helpers: Promise<() => Promise<void>>;
  /** The record as words, for as long as the heap does not grow. */
  #words: Int32Array;
  /** What `sums` leaves behind, for as long as well. */
  #sums: Float64Array;
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
    this.#words = new Int32Array(this.memory.buffer, this.#record, RECORD / 4);
    this.#sums = new Float64Array(this.memory.buffer, this.#record + RECORD, RESULT / 8);
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
    // The backend may be gone by now, and its heap with it.
    this.#backend.wasm?._free(this.#scratch);
    this.#backend.wasm?._free(this.#record);
  }

  /**
   * C = A B, and then + bias and relu where asked for; row-major, one C after the other.
   *
   * @param a `batch` matrices of m x k.
   * @param b `batch` matrices of k x n.
   * @param c Address of the result.
   * @param bias Address of n floats that are added to every row, or 0.
   */
  matMul(
    a: Matrix,
    b: Matrix,
    c: number,
    size: { batch: number; m: number; n: number; k: number },
    { bias = 0, relu = false }: { bias?: number; relu?: boolean } = {},
  ): void {
    const { batch, m, n, k } = size;
    this.#run(
      operation.matMul,
      [
        ...[a.address, a.row, a.column, a.batch, b.address, b.row, b.column, b.batch],
        ...[c, batch, m, n, k, bias, relu ? 2 : 0],
      ],
      batch * m * n * k,
    );
  }

  /**
   * A convolution or a gradient of one. A `depthwise` one keeps channels apart.
   *
   * @param first Address of x; of dy for an input gradient.
   * @param second Address of the filter; of dy for a filter gradient.
   * @param result Address of the result.
   * @param windows How the window moves.
   * @param finish As in `matMul`; for `convolution` only.
   */
  convolution(
    kind: Convolution,
    first: number,
    second: number,
    result: number,
    w: ConvolutionWindows,
    { bias = 0, relu = false }: { bias?: number; relu?: boolean } = {},
  ): void {
    const window = w.windowHeight * w.windowWidth;
    const work = w.batch * w.outHeight * w.outWidth * window * w.outChannels;
    const mixes = kind.startsWith("convolution");
    this.#run(
      operation[kind],
      [
        ...[first, second, result, bias, relu ? 2 : 0],
        ...[w.batch, w.height, w.width, w.channels, w.outHeight, w.outWidth, w.outChannels],
        ...[w.windowHeight, w.windowWidth, w.strideHeight, w.strideWidth],
        ...[w.dilationHeight, w.dilationWidth, w.top, w.left],
      ],
      mixes ? work * w.channels : work,
      mixes ? window * w.channels : 0,
    );
  }

  /**
   * Adds each of `rows` rows of `width` floats at x to the row of the result that its segment names;
   * rows whose segment is not one of `count` are dropped.
   */
  segmentSum(
    x: number,
    segments: number,
    result: number,
    size: { rows: number; width: number; count: number },
  ): void {
    const { rows, width, count } = size;
    this.#run(
      operation.segmentSum,
      [x, segments, rows, width, count, result],
      (rows + count) * width,
    );
  }

  /** tanh of `count` floats. */
  tanh(x: number, result: number, count: number): void {
    this.#run(operation.tanh, [x, result, count], count * 8);
  }

  /** dy (1 - y^2) of `count` floats. */
  tanhGradient(y: number, dy: number, result: number, count: number): void {
    this.#run(operation.tanhGradient, [y, dy, result, count], count * 2);
  }

  /** The sums over the rows of `rows` x `width` floats, accumulated in float64. */
  columnSums(x: number, result: number, { rows, width }: { rows: number; width: number }): void {
    this.#run(operation.columnSums, [x, rows, width, result], rows * width);
  }

  /** All sums over `count` floats that their statistics need, in float64 and one sweep. */
  sums(address: number, count: number): Sums {
    this.#run(operation.sums, [address, count, this.#record + RECORD], 0);
    const sums = this.#sums;
    return {
      count,
      finite: sums[0],
      sumAbs: sums[1],
      sumSquares: sums[2],
      maxAbs: sums[3],
      zeros: sums[4],
      mean: sums[5],
      squaredDeviations: sums[6],
    };
  }

  #run(number: number, record: number[], work: number, taps = 0): void {
    // Twice as many parts as threads: one that comes late leaves the rest to the others.
    const parts = this.#threads > 1 && work >= WORTH_SHARING ? 2 * this.#threads : 1;
    const needed = this.#exports.convolutionScratch(taps);
    if (needed > this.#scratchBytes) {
      this.#backend.wasm._free(this.#scratch);
      this.#scratch = 0;
      this.#scratch = this.#allocate(needed * this.#threads);
      this.#scratchBytes = needed;
    }
    if (this.#words.buffer !== this.memory.buffer) {
      this.#words = new Int32Array(this.memory.buffer, this.#record, RECORD / 4);
      this.#sums = new Float64Array(this.memory.buffer, this.#record + RECORD, RESULT / 8);
    }
    this.#words.set(record);
    this.#exports.runTogether(
      this.#pool,
      number,
      this.#record,
      parts,
      this.#scratch,
      this.#scratchBytes,
    );
  }

  #allocate(bytes: number): number {
    const address = this.#backend.wasm._malloc(bytes) >>> 0;
    if (address === 0) throw new Error(`the WASM heap has no ${bytes} bytes left`);
    return address;
  }
}
