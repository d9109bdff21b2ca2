/**
 * Work, in milliseconds of one process, from which workers earn back what starting them costs. Measured
 * by `bench/study_bench.ts pay` on a 2-core Xeon with Deno 2.9.6: with two workers, work of 0.9 s takes
 * 1.2 times as long, of 1.7 s 1.03 times, of 3.4 s 0.85 times.
 */
export const WORK_WORTH_JOBS = 3000;

/**
 * How many workers pay for what is left of a study.
 *
 * @param milliseconds How long this process would take for it.
 * @param cores Cores of the machine. Default: `navigator.hardwareConcurrency`.
 * @returns A worker a core, or 0: this process goes on.
 */
export function chooseJobs(milliseconds: number, cores = navigator.hardwareConcurrency): number {
  return milliseconds < WORK_WORTH_JOBS || cores < 2 ? 0 : cores;
}
