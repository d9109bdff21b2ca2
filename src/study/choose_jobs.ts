/**
 * Work, in milliseconds of one process, from which workers earn back what starting them costs.
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
