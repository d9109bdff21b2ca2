import type { TensorFlow } from "./tensorflow.ts";

/**
 * Running TensorFlow.js WASM engine, returned by `startEngine`.
 *
 * @example
 * ```ts
 * import { type Engine, startEngine } from "@gradient-health/gradient-health/engine";
 *
 * function describe({ version, threads, relaxedSimd }: Engine): string {
 *   return `TensorFlow.js ${version}, threads ${threads}, relaxed SIMD ${relaxedSimd}`;
 * }
 * await using engine = await startEngine();
 * console.log(describe(engine));
 * ```
 */
export interface Engine extends AsyncDisposable {
  /**
   * TensorFlow.js module of the engine. Build models with it, or with your own import. Here seed 0
   * works like any other seed; in the module itself, operations that draw normal or gamma numbers
   * or classes ignore it.
   */
  readonly tf: TensorFlow;
  /** Number of threads that compute, including the calling one. */
  readonly threads: number;
  /** True if the SIMD build of the backend runs; the engine starts no other build. */
  readonly simd: boolean;
  /** True if operations may use fused multiply-add (relaxed SIMD). */
  readonly relaxedSimd: boolean;
  /** Version of TensorFlow.js. */
  readonly version: string;
  /**
   * Stops the engine once every `startEngine` has been stopped: ends its workers, waits for their
   * exit and moves live tensors off the WASM heap. Models stay usable on the slow `cpu` backend,
   * and the next engine takes them over. Stopping twice does nothing. `await using` calls this
   * automatically.
   */
  stop(): Promise<void>;
}
