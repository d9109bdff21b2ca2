import { hasRelaxedSimd } from "../start/engine_files.ts";
import { NativeSweeps } from "./native_sweeps.ts";
import type { Arguments, ConvolutionWindows, Operation } from "./operations.ts";
import type { WasmBackend } from "./wasm_backend.ts";

/** Name of an operation over windows. */
export type Windowed = Extract<
  Operation,
  `convolution${string}` | `depthwise${string}` | `${string}Pool${string}`
>;

/** Bits of `flags`, those of `assembly/flags.ts`. */
const RELU = 2, DIRECT = 8, FLAWED = 16;

/**
 * This project's WASM module on the heap of a TensorFlow.js backend. Addresses are byte addresses
 * on that heap. Every operation writes to unused memory: TensorFlow.js's ops keep packed copies of
 * tensors, which would not see a write in place.
 *
 * It keeps about 4 MB of scratch per thread on the heap, or what its largest operation needed.
 * Results do not depend on the number of threads.
 */
export class NativeModule extends NativeSweeps {
  /**
   * Computes C = A B, optionally + bias and relu; row-major, one C after the other.
   *
   * @param a Batch of m x k matrices.
   * @param b Batch of k x n matrices.
   * @param c Address of the result.
   * @param product Sizes; `bias`: address of n floats added to every row, or 0; `relu`: clip at 0.
   */
  matMul(
    a: Matrix,
    b: Matrix,
    c: number,
    { batch, m, n, k, bias = 0, relu = false }: MatMulSize & ProductFinish,
  ): void {
    this.run(
      "matMul",
      // Spreads would be slower: V8 copies each property separately, 2 % of `measure()` on small
      // networks.
      {
        a: a.address,
        aRow: a.row,
        aColumn: a.column,
        aBatch: a.batch,
        b: b.address,
        bRow: b.row,
        bColumn: b.column,
        bBatch: b.batch,
        c,
        batch,
        m,
        n,
        k,
        bias,
        flags: relu ? RELU : 0,
      },
      { work: batch * m * n * k, scratch: this.scratchOf() },
    );
  }

  /**
   * Moves windows over images: a convolution or a gradient of one (a `depthwise` one keeps channels
   * separate), or a pooling or its gradient. The latter two need depth 1.
   *
   * @param operands Addresses: `x`, or dy for the input gradient of a convolution or of a mean; `y`,
   * the filter, or dy for a filter gradient and for max pooling; and `result`. Bias and relu as in
   * `matMul`; for `convolution` only.
   */
  windows(
    kind: Windowed,
    { x, y, result, bias = 0, relu = false }: WindowOperands & ProductFinish,
    w: ConvolutionWindows,
  ): void {
    const window = w.windowDepth * w.windowHeight * w.windowWidth;
    const positions = w.batch * w.outDepth * w.outHeight * w.outWidth;
    const work = positions * window * w.outChannels;
    const needs = kind.startsWith("convolution")
      ? {
        work: work * w.channels,
        scratch: this.scratchOf(window, w.channels, w.outChannels),
      }
      : { work, scratch: kind === "depthwiseFilterGradient" ? 8 * window * w.outChannels : 0 };
    const given = { x, y, result, bias, flags: relu ? RELU : 0, ...w };
    this.run(kind, given, needs);
    if (this.convolutionFlags & FLAWED) {
      this.run(kind, { ...given, flags: given.flags | DIRECT }, needs);
    }
  }

  /**
   * Adds each of `rows` rows of `width` floats at x to the row of the result that its segment
   * names; rows with a segment outside of `count` are dropped. Sums are accumulated in float64.
   */
  segmentSum(
    x: number,
    segments: number,
    result: number,
    size: { rows: number; width: number; count: number },
  ): void {
    const { rows, width, count } = size;
    this.run(
      "segmentSum",
      { x, segments, rows, width, count, result },
      { work: (rows + count) * width, scratch: this.segmentScratchOf(rows, width, count) },
    );
  }

  /** Copies `rows` runs of `run` bytes, `stride` bytes apart, to `result`, without gaps. */
  copyRows(
    from: number,
    result: number,
    { rows, stride, run }: { rows: number; stride: number; run: number },
  ): void {
    this.run("copyRows", { from, stride, rows, run, to: result });
  }

  /** Transposes planes of entries of 4 bytes. */
  turnPlanes(planes: Arguments<"turnPlanes">): void {
    this.run("turnPlanes", planes, { work: planes.planes * planes.rows * planes.columns });
  }

  /**
   * Copies runs by index: from [batch, outer, size] runs of `run` bytes, with [batch, count]
   * indices, to [batch, outer, count]. Indices must be at least 0 and less than size.
   */
  gatherRows(
    x: number,
    indices: number,
    result: number,
    shape: { batch: number; outer: number; size: number; count: number; run: number },
  ): void {
    const { batch, outer, size, count, run } = shape;
    this.run("gatherRows", { x, indices, batch, outer, size, count, run, to: result });
  }

  /**
   * Sums over the middle axis of [blocks, rows, width] floats, accumulated in float64.
   *
   * @param divisor Divisor of each sum, an integer.
   * @param isWide True if the results are float64, for a sum to be continued, rather than float32.
   */
  axisSums(
    x: number,
    result: number,
    { blocks, rows, width }: { blocks: number; rows: number; width: number },
    { divisor, isWide }: { divisor: number; isWide: boolean },
  ): void {
    this.run(
      "axisSums",
      { x, blocks, rows, width, result, divisor, isWide: isWide ? 1 : 0 },
      { work: 2 * blocks * rows * width },
    );
  }
}

/**
 * Creates this project's WASM module on the heap of a backend.
 *
 * @param backend The backend whose heap it works on.
 * @param options `relaxedSimd`: true to use it if the runtime has it; `threads`: number of threads
 * to compute with.
 */
export function createNativeModule(
  backend: WasmBackend,
  { relaxedSimd, threads }: { relaxedSimd: boolean; threads: number },
): NativeModule {
  return new NativeModule(backend, { relaxedSimd: relaxedSimd && hasRelaxedSimd(), threads });
}

/** Bias and activation that a product applies when it stores an entry. */
export interface ProductFinish {
  /** Address of one float for each column or channel of the result, or 0. Default: 0. */
  bias?: number;
  /** True to clip the result at 0. Default: false. */
  relu?: boolean;
}

interface MatMulSize {
  batch: number;
  m: number;
  n: number;
  k: number;
}

interface WindowOperands {
  x: number;
  y: number;
  result: number;
}

/** Batch of matrices on the heap. Entry (i, k) is `i * row + k * column` bytes from its start. */
export interface Matrix {
  /** Byte address of the first matrix. */
  address: number;
  /** Bytes from one row to the next. */
  row: number;
  /** Bytes from one column to the next. One of `row` and `column` is 4. */
  column: number;
  /** Bytes from one matrix of the batch to the next; 0 if all are the same. */
  batch: number;
}
