import { InputError, refusal } from "../words/input_error.ts";
import { isLocal, packageFolder } from "../engine/start/engine_files.ts";
import { showValue } from "../words/show_value.ts";
import { ownStudyRule, StudyError, type StudyOptions } from "./study_options.ts";
import type { StudySubject } from "./study_subject.ts";

/**
 * Work, in milliseconds of one process, above which workers are worth their start. Measured on a
 * quiet 2-core Xeon with Deno 2.9.6, two workers against a running process: work of 0.9 s takes
 * 1.13 times as long, 1.7 s 0.94 times, 3.3 s 0.81 times; measured from the start of the command
 * (`deno task bench study`), 1.3 s takes 0.91 times as long.
 */
export const WORK_WORTH_JOBS = 1500;

/**
 * Returns the number of workers that are worth starting for the rest of a study.
 *
 * @param milliseconds Time that this process would need for it.
 * @param cores Cores of the machine. Default: `navigator.hardwareConcurrency`.
 * @returns One worker per core, or 0: this process continues.
 */
export function chooseJobs(milliseconds: number, cores = navigator.hardwareConcurrency): number {
  return milliseconds < WORK_WORTH_JOBS || cores < 2 ? 0 : cores;
}

/** Returns true if this process may start workers, which read this package again. */
function mayStartWorkers(): boolean {
  return !isLocal() ||
    Deno.permissions.querySync({ name: "read", path: packageFolder() }).state === "granted";
}

/** Says why this process may not, and what to do about it. */
function workersRefused(jobs: number): string {
  return `${jobs} jobs need to read this package: run again with --allow-read=${packageFolder()}, ` +
    `or with one job`;
}

/**
 * Returns the number of jobs for a study: the requested one, or 1 if workers cannot run it.
 *
 * @throws {InputError} If the number of jobs is not valid.
 * @throws {StudyError} If workers are impossible, and several were requested.
 */
export function requireJobs(
  jobs: number | "auto",
  subject: StudySubject,
  { objective }: StudyOptions,
): number | "auto" {
  if (jobs !== "auto" && !(Number.isSafeInteger(jobs) && jobs >= 1)) {
    throw new InputError(
      refusal`jobs is ${showValue(jobs)}, expected a whole number of at least 1, or "auto"`,
    );
  }
  const inThis = boundToProcess(subject, objective);
  if (inThis === null) {
    if (jobs === 1 || mayStartWorkers()) return jobs;
    if (jobs === "auto") return 1;
    throw new StudyError(workersRefused(jobs));
  }
  if (jobs !== "auto" && jobs > 1) throw new StudyError(`${jobs} jobs: ${inThis}`);
  return 1;
}

/** Returns the reason why only this process can run a study, or `null` if workers can. */
function boundToProcess(
  subject: StudySubject,
  objective: StudyOptions["objective"],
): string | null {
  if (typeof subject === "function") {
    return "a function cannot be handed to workers: put createModel into a module and give its path";
  }
  if (typeof objective === "function") {
    return "an objective that is a function cannot be handed to workers: export it from the module";
  }
  const ownRule = ownStudyRule();
  if (ownRule === null) return null;
  return `the rule ${ownRule} was registered in this process, and workers do not know it`;
}
