import { hasRelaxedSimd } from "../has_relaxed_simd.ts";
import type { Matrix } from "./matrix.ts";
import { NativeSweeps } from "./native_sweeps.ts";
import type { ConvolutionWindows, Operation } from "./operations.ts";
import type { WasmBackend } from "./wasm_backend.ts";

/** The operations over windows. */
export type Windowed = Extract<
  Operation,
  `convolution${string}` | `depthwise${string}` | `${string}Pool${string}`
>;

/**
 * Our own WASM module on the heap of one TensorFlow.js backend. Addresses are byte addresses on that
 * heap; every operation writes to a place that nothing else uses (stock kernels keep packed copies of
 * tensors, and would go on with those after a write in place).
 *
 * It keeps some 4 MB of scratch a thread on the heap, or what its largest operation needed. No result
 * depends on how many threads there are.
 */
export class NativeModule extends NativeSweeps {
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
    this.run(
      "matMul",
      // No spreads: V8 copies each property of them by itself, 2 % of `measure()` on small networks.
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
        flags: relu ? 2 : 0,
      },
      { work: batch * m * n * k, scratch: this.scratchOf(0) },
    );
  }

  /**
   * What moves windows over images: a convolution or a gradient of one (a `depthwise` one keeps channels
   * apart), or a pooling or the gradient of one. The latter two are for depth 1.
   *
   * @param first Address of x; of dy for a convolution's input gradient and that of a mean.
   * @param second Address of the filter; of dy for a filter gradient and for max pooling.
   * @param result Address of the result.
   * @param windows How the window moves.
   * @param finish As in `matMul`; for `convolution` only.
   */
  windows(
    kind: Windowed,
    first: number,
    second: number,
    result: number,
    w: ConvolutionWindows,
    { bias = 0, relu = false }: { bias?: number; relu?: boolean } = {},
  ): void {
    const window = w.windowDepth * w.windowHeight * w.windowWidth;
    const positions = w.batch * w.outDepth * w.outHeight * w.outWidth;
    const work = positions * window * w.outChannels;
    const needs = kind.startsWith("convolution")
      ? { work: work * w.channels, scratch: this.scratchOf(window * w.channels) }
      : { work, scratch: kind === "depthwiseFilterGradient" ? 8 * window * w.outChannels : 0 };
    this.run(
      kind,
      { x: first, y: second, result, bias, flags: relu ? 2 : 0, ...w },
      needs,
    );
  }

  /**
   * Adds each of `rows` rows of `width` floats at x to the row of the result that its segment names;
   * rows whose segment is not one of `count` are dropped. Sums are accumulated in float64.
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

  /** Copies `rows` runs of `run` bytes that lie `stride` bytes apart to `result`, without gaps. */
  copyRows(
    from: number,
    result: number,
    { rows, stride, run }: { rows: number; stride: number; run: number },
  ): void {
    this.run("copyRows", { from, stride, rows, run, to: result });
  }

  /**
   * Copies the runs that indices name: from [batch, outer, size] runs of `run` bytes, by [batch, count]
   * indices, to [batch, outer, count]. Indices must lie in 0 .. size.
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
   * The sums over the middle axis of [blocks, rows, width] floats, accumulated in float64.
   *
   * @param divisor What each sum is divided by, a whole number.
   * @param isWide Whether the results are float64, for a sum that goes on, rather than float32.
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
 * Our own WASM module on the heap of a backend.
 *
 * @param backend The backend whose heap it works on.
 * @param options `relaxedSimd`: use it where the runtime has it; `threads`: how many to compute in.
 */
export function createNativeModule(
  backend: WasmBackend,
  { relaxedSimd, threads }: { relaxedSimd: boolean; threads: number },
): NativeModule {
  return new NativeModule(backend, relaxedSimd && hasRelaxedSimd(), threads);
}
