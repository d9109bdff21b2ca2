import { assert } from "@std/assert";
import { type Ended, isUnderWay, runTask } from "./task.ts";

/** Run of one task of an array. */
export interface SlurmRun extends Ended {
  task: number;
  log: string;
}

/**
 * Stands in for Slurm: takes what a user types after `sbatch`, reads the script's own directives, and runs
 * its tasks as Slurm would, from a copy of the script, in the folder of the submission, two at a time.
 */
export class Slurm {
  readonly #folder: string;
  readonly #jobs = new Map<string, SlurmRun[]>();

  /** @param folder Where jobs are submitted. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Submits a job and waits for its end.
   *
   * @param args What follows `sbatch`.
   * @param env The user's environment, which the job inherits.
   * @param preempted Tasks that are preempted once when they are under way, and requeued.
   * @returns The job's number, and its runs in the order in which they ended.
   */
  async sbatch(
    args: readonly string[],
    env: Record<string, string>,
    preempted: readonly number[] = [],
  ): Promise<{ number: string; runs: SlurmRun[] }> {
    const number = String(100 + this.#jobs.size);
    const runs: SlurmRun[] = [];
    this.#jobs.set(number, runs);
    const own = Object.fromEntries(args.flatMap((arg) => optionOf(arg)));
    const path = args.find((arg) => !arg.startsWith("--"));
    const text = own.wrap === undefined ? await Deno.readTextFile(path!) : `#!/bin/sh\n${own.wrap}`;
    const options: Record<string, string> = { ...directivesOf(text), ...own };
    if (options.dependency !== undefined) this.#requireOk(options.dependency);
    // Slurm runs a copy, from a folder of its own.
    const script = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(script, text);
      const tasks = tasksOf(options.array ?? "0");
      const left = [...tasks];
      const work = async () => {
        for (let task = left.shift(); task !== undefined; task = left.shift()) {
          const isPreempted = preempted.includes(task);
          const end = await this.#run({ script, options, env, number, task, isPreempted });
          runs.push(end);
          if (isPreempted && end.code !== 0 && "requeue" in options) {
            runs.push(await this.#run({ script, options, env, number, task, isPreempted: false }));
          }
        }
      };
      await Promise.all([work(), work()]);
    } finally {
      await Deno.remove(script);
    }
    return { number, runs };
  }

  async #run({ script, options, env, number, task, isPreempted }: {
    script: string;
    options: Record<string, string>;
    env: Record<string, string>;
    number: string;
    task: number;
    isPreempted: boolean;
  }): Promise<SlurmRun> {
    // Opened before the script starts: if its folder is missing, the task fails.
    const log = `${this.#folder}/${(options.output ?? "slurm-%a.log").replace("%a", `${task}`)}`;
    await Deno.writeTextFile(log, "");
    const end = await runTask(["bash", script], {
      cwd: this.#folder,
      env: {
        ...env,
        SLURM_ARRAY_JOB_ID: number,
        SLURM_ARRAY_TASK_ID: String(task),
        SLURM_CPUS_PER_TASK: options["cpus-per-task"] ?? "1",
      },
      isDue: () => isPreempted && isUnderWay(`${this.#folder}/parts/${task}.json`),
    });
    await Deno.writeTextFile(log, end.stderr);
    return { ...end, task, log };
  }

  /** `afterok`: each task of the job has at last ended well. */
  #requireOk(dependency: string): void {
    const [kind, number] = dependency.split(":");
    assert(kind === "afterok", dependency);
    const runs = this.#jobs.get(number);
    assert(runs !== undefined, `there is no job ${number}`);
    const last = new Map(runs.map(({ task, code }) => [task, code]));
    const failed = [...last].filter(([, code]) => code !== 0);
    if (failed.length > 0) throw new Error("DependencyNeverSatisfied");
  }
}

/** `#SBATCH --key=value` lines, up to the first command. */
function directivesOf(script: string): Record<string, string> {
  const lines = script.split("\n");
  const end = lines.findIndex((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    lines.slice(0, end < 0 ? lines.length : end)
      .filter((line) => line.startsWith("#SBATCH "))
      .flatMap((line) => optionOf(line.slice("#SBATCH ".length))),
  );
}

function optionOf(arg: string): [string, string][] {
  const [, key, value = ""] = /^--([a-z-]+)(?:=(.*))?$/s.exec(arg) ?? [];
  return key === undefined ? [] : [[key, value]];
}

/** `1-32`, `7` or `3,5`. */
function tasksOf(array: string): number[] {
  return array.split(",").flatMap((range) => {
    const [from, to = from] = range.split("-").map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}
