import type { Examination } from "../diagnosis/examine/examine.ts";
import { strayErrors } from "../model/user_code/stray_errors.ts";
import { WorkerPool } from "../model/user_code/worker_pool.ts";
import { type TaskResult, WorkQueue } from "../model/user_code/work_queue.ts";
import { formatSeconds } from "../words/numbers.ts";
import { oneLine } from "../words/failure.ts";
import type { MeasureRequest } from "./flags/measure_flags.ts";
import { examineModel, type ExamineModelOptions } from "./measure_model.ts";
import type { PlannedRun } from "./plan_runs.ts";

export type Outcome = { examination: Examination } | { error: Error };

/** Options of {@linkcode measureRuns}. */
interface MeasureRunsOptions {
  /** Number of parallel runs: a single one runs on this thread, several in separate workers. */
  jobs: number;
  /** Modules with rules to judge by, already loaded on this thread. */
  plugins: readonly string[];
  /** True to print no progress. */
  quiet: boolean;
}

/** Data with which a worker starts: the runs whose numbers it receives. */
export interface RunsTask {
  /** The runs. */
  requests: readonly NamedRequest[];
  /** True to say on stderr that a run takes far longer than it should. */
  tells: boolean;
  /** Modules with rules to judge by. */
  plugins: readonly string[];
}

/** Events of {@linkcode RunWorkers}. */
interface RunEvents {
  /** Called with the number of each run when it is done. */
  onDone?: (index: number, how: { failed: boolean; ms: number }) => void;
  /** Called with the path of each file that the user's code imports. */
  onImport?: (path: string) => void;
}

type NamedRequest = MeasureRequest & { model: string };

/**
 * Makes runs, some in parallel, and passes the outcomes on in the order of the runs.
 *
 * @param options See {@linkcode MeasureRunsOptions}.
 * @param onOutcome Called with each outcome, in the order of the runs; `false` stops.
 * @throws {Error} If the code of a model failed after its run.
 */
export async function measureRuns(
  runs: readonly PlannedRun[],
  { jobs, plugins, quiet }: MeasureRunsOptions,
  onOutcome: (run: PlannedRun, outcome: Outcome) => Promise<boolean>,
): Promise<void> {
  const many = runs.length > 1;
  let done = 0;
  const sayDone = (index: number, { failed, ms }: { failed: boolean; ms: number }) => {
    // A single run shows its own progress; of many, one line each is enough.
    if (!many || quiet) return;
    const { model, request: { seed } } = runs[index];
    const how = `${failed ? "failed after " : ""}${formatSeconds(ms)}`;
    console.error(`[${++done}/${runs.length}] ${oneLine(model)}, seed ${seed}: ${how}`);
  };
  if (Math.min(jobs, runs.length) < 2) {
    for (const [index, run] of runs.entries()) {
      const started = performance.now();
      const request = { ...run.request, quiet: quiet || many };
      const outcome = await measureHere(request, { tells: !quiet });
      sayDone(index, { failed: "error" in outcome, ms: performance.now() - started });
      if (!await onOutcome(run, outcome)) break;
    }
  } else {
    const requests = runs.map(({ request }) => request);
    const task = { requests, tells: !quiet, plugins };
    await using workers = new RunWorkers(task, jobs, { onDone: sayDone });
    let index = 0;
    for await (const outcome of workers.run()) {
      if (!await onOutcome(runs[index++], outcome)) break;
    }
    await workers.settle();
  }
  await strayErrors.settle();
}

async function measureHere(
  request: MeasureRequest,
  options: ExamineModelOptions,
): Promise<Outcome> {
  try {
    return { examination: await examineModel(request, options) };
  } catch (error) {
    return { error: error as Error };
  }
}

/** Workers that make runs, each on its own engine. */
export class RunWorkers implements AsyncDisposable {
  readonly #pool: WorkerPool<Examination>;
  readonly #requests: readonly NamedRequest[];

  /**
   * Starts the workers.
   *
   * @param task The runs, and how they are judged.
   * @param jobs Number of workers, if there are as many runs.
   * @param events See {@linkcode RunEvents}. Default: none.
   */
  constructor(task: RunsTask, jobs: number, { onDone, onImport }: RunEvents = {}) {
    this.#requests = task.requests;
    this.#pool = new WorkerPool({
      module: new URL("./measure_worker.ts", import.meta.url),
      data: task,
      count: Math.min(jobs, task.requests.length),
      stopsAtFailure: false,
      onResult: (result, ms) => onDone?.(result.index, { failed: "failure" in result, ms }),
      onImport,
    });
  }

  /** Makes the runs, and yields the outcomes in their order. */
  async *run(): AsyncGenerator<Outcome, void> {
    const open = this.#requests.length;
    const queue = new WorkQueue<Examination>(this.#requests.keys(), { alike: 1, open });
    for await (const result of this.#pool.run(queue)) yield this.#outcomeOf(result);
  }

  #outcomeOf(result: TaskResult<Examination>): Outcome {
    if ("answer" in result) return { examination: result.answer };
    const { index, failure, died } = result;
    const { model } = this.#requests[index];
    // The reason of a trap names the model already.
    const isNamed = !died || failure.startsWith(`${model}: `);
    return { error: new Error(isNamed ? failure : `${model}: ${failure}`) };
  }

  /** Waits for late failures of a model's code, and throws the first. */
  async settle(): Promise<void> {
    await this.#pool.settle();
  }

  /** Ends the workers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }
}
