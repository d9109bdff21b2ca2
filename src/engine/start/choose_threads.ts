import { number, requireValue } from "../../words/shape.ts";

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
