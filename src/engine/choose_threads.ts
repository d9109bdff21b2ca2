import { number, requireValue } from "../words/requirements.ts";

/** Workers in the pool of TensorFlow.js's threaded build, a constant of that build. */
export const MAX_THREADS = 8;

/**
 * Floating-point operations above which more threads pay for their start.
 *
 * Measured with `deno task bench threads` on a 2-core Xeon, Deno 2.9.6: a process that starts and stops
 * two threads instead of one takes 10 to 25 ms longer, and two threads save 8 ms of every 1e9 operations
 * of the gradient of a 10 x 512 tanh net. So they pay from 1e9 to 3e9 operations on, and always from here on.
 */
export const WORKLOAD_WORTH_THREADS = 4e9;

/**
 * How many threads a workload is worth. A second thread takes some 25 ms to start; a pass over a small
 * network ends long before that.
 *
 * @param workload Floating-point operations of all passes together. A Dense layer takes about 6 times
 * its weights for every example of a forward and backward pass.
 * @param cores Cores of the machine. Default: `navigator.hardwareConcurrency`.
 * @returns 1 below 4e9 operations, else as many threads as there are cores, 8 at most.
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
