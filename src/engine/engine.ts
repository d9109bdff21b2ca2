import type { TensorFlow } from "./tensorflow.ts";

/** A running TensorFlow.js WASM engine. Made by `startEngine`. */
export interface Engine extends AsyncDisposable {
  /** The TensorFlow.js module it runs: build models with it, or with an import of your own. */
  readonly tf: TensorFlow;
  /** How many threads the kernels use. */
  readonly threads: number;
  /** Whether the SIMD build of the backend runs; the engine starts no other. */
  readonly simd: boolean;
  /** Whether kernels may use fused multiply-add (relaxed SIMD). */
  readonly relaxedSimd: boolean;
  /** Version of TensorFlow.js. */
  readonly version: string;
  /**
   * Stops the engine: ends its workers and moves live tensors off the WASM heap. Models stay usable;
   * the next engine takes them over. Stopping twice does nothing.
   */
  stop(): Promise<void>;
}
