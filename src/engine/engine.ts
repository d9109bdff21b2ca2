import { number, requireValue } from "../ground/words/shape.ts";
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
  /** Number of computing threads, including the calling one. */
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

/**
 * Error if the engine cannot start as requested. The message says in one sentence what to allow,
 * install or call; the stack adds nothing.
 *
 * @example Tell the user, without a stack trace
 * ```ts
 * import { EngineError, startEngine } from "@gradient-health/gradient-health/engine";
 *
 * try {
 *   await using engine = await startEngine();
 *   console.log(`TensorFlow.js ${engine.version}`);
 * } catch (error) {
 *   if (!(error instanceof EngineError)) throw error;
 *   console.error(error.message);
 * }
 * ```
 */
export class EngineError extends Error {
  /** Name of the class, for use when `instanceof` cannot be used. */
  override readonly name = "EngineError";
}

/** Options of `startEngine`. */
export interface EngineOptions {
  /**
   * Number of threads: 1 to 8, or `"auto"` for the result of `chooseThreads` on {@linkcode
   * workload}. Default: 1. Results do not depend on it. With more than one, the program only ends
   * after the engine was stopped, or by `Deno.exit()`.
   */
  threads?: number | "auto";
  /**
   * Total floating-point operations of all passes that the engine will run, for `threads: "auto"`.
   * Default: 0, which gives one thread: most measured networks are small, and more threads would
   * only cost time.
   */
  workload?: number;
  /**
   * True to use relaxed SIMD if the runtime has it. It is faster; without it, every machine
   * computes the same numbers. Default: true.
   */
  relaxedSimd?: boolean;
}

/** Number of workers in the pool of TensorFlow.js's threaded build, a constant of that build. */
export const MAX_THREADS = 8;

/**
 * Number of floating-point operations above which threads save more than their start costs.
 *
 * Measured with `deno task bench threads` on a 2-core Xeon, Deno 2.9.6: starting and stopping two
 * threads instead of one takes 10 to 25 ms longer, and two threads save 8 ms per 1e9 operations of
 * the gradient of a 10 x 512 tanh net. So they start to pay between 1e9 and 3e9 operations, and
 * always pay above this value.
 */
export const WORKLOAD_WORTH_THREADS = 4e9;

/**
 * Returns the number of threads that a workload is worth. A second thread takes about 25 ms to
 * start; a pass over a small network takes far less.
 *
 * @param workload Floating-point operations of all passes together. A Dense layer takes about 6
 * times its weights for every example of a forward and backward pass.
 * @param cores Cores of the machine. Default: `navigator.hardwareConcurrency`.
 * @returns 1 below 4e9 operations, otherwise the number of cores, at most 8.
 *
 * @example
 * ```ts
 * import { chooseThreads } from "@gradient-health/gradient-health/engine";
 *
 * const weights = 10 * 512 * 512, examples = 64;
 * const pass = 6 * weights * examples; // 1.0e9
 * console.assert(chooseThreads(pass) === 1);
 * console.assert(chooseThreads(100 * pass, 2) === 2);
 * ```
 */
export function chooseThreads(workload: number, cores = navigator.hardwareConcurrency): number {
  requireValue("workload", workload, number);
  requireValue("cores", cores, number);
  return workload < WORKLOAD_WORTH_THREADS ? 1 : Math.max(1, Math.min(cores, MAX_THREADS));
}
