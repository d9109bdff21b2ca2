import { MAX_THREADS } from "./max_threads.ts";

/**
 * Floating-point operations from which a second thread earns back what its start costs.
 */
export const WORKLOAD_WORTH_THREADS = 2e10;

/**
 * How many threads pay for a workload.
 *
 * @param workload Floating-point operations of all passes together.
 * @param cores Cores of the machine. Default: `navigator.hardwareConcurrency`.
 * @returns 1, or as many threads as there are cores, 8 at most.
 */
export function chooseThreads(workload: number, cores = navigator.hardwareConcurrency): number {
  return workload < WORKLOAD_WORTH_THREADS ? 1 : Math.max(1, Math.min(cores, MAX_THREADS));
}
