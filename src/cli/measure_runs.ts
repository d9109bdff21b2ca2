import { formatSeconds } from "../words/numbers.ts";
import type { Examination } from "../diagnosis/examine/examine.ts";
import { oneLine } from "../words/one_line.ts";
import { strayErrors } from "../model/user_code/stray_errors.ts";
import { errorMessage } from "../words/failure.ts";
import type { MeasureRequest } from "./flags/measure_flags.ts";
import { examineModel } from "./measure_model.ts";
import type { PlannedRun } from "./plan_runs.ts";

/** Outcome of a run. */
export type Outcome = { examination: Examination } | { error: Error };

/** Options of {@linkcode measureRuns}. */
export interface MeasureRunsOptions {
  /** Number of parallel runs: a single one runs on this thread, several in separate workers. */
  jobs: number;
  /** Modules with rules to judge by, already loaded on this thread. */
  plugins: readonly string[];
  /** True to print no progress. */
  quiet: boolean;
}

/** Order to a worker: a run, or `null` to wait for late failures. */
export type WorkerOrder = {
  request: MeasureRequest;
  tells: boolean;
  /** Modules with rules to judge by. */
  plugins: readonly string[];
} | null;

/** Answer of a worker; `ended` marks the last one. */
export type WorkerAnswer =
  | { examination: Examination }
  | { settled: true }
  | { message: string }
  | { ended: string };

/**
 * Makes runs, some in parallel, and passes the outcomes on in the order of the runs.
 *
 * @param runs The runs.
 * @param options See {@linkcode MeasureRunsOptions}.
 * @param onOutcome Called with each outcome, in the order of the runs; `false` stops.
 * @throws {Error} If the code of a model failed after its run.
 */
export async function measureRuns(
  runs: readonly PlannedRun[],
  { jobs, plugins, quiet }: MeasureRunsOptions,
  onOutcome: (run: PlannedRun, outcome: Outcome) => boolean,
): Promise<void> {
  const count = Math.min(jobs, runs.length);
  const workers = Array.from({ length: count > 1 ? count : 0 }, () => openWorker(plugins));
  const makers = count > 1 ? workers.map(({ measure }) => measure) : [measureHere];
  const outcomes: Outcome[] = [];
  let next = 0;
  let handed = 0;
  let done = 0;
  let goesOn = true;
  const many = runs.length > 1;
  try {
    await Promise.all(makers.map(async (measure) => {
      while (goesOn && next < runs.length) {
        const index = next++;
        const started = performance.now();
        // A single run shows its own progress; of many, one line each is enough.
        outcomes[index] = await measure({ ...runs[index].request, quiet: quiet || many }, !quiet);
        if (many && !quiet) {
          sayDone(runs[index], "error" in outcomes[index], ++done, runs.length, started);
        }
        while (goesOn && handed in outcomes) {
          goesOn = onOutcome(runs[handed], outcomes[handed]);
          // Do not keep thousands of outcomes here as well.
          delete outcomes[handed++];
        }
      }
    }));
    await Promise.all([strayErrors.settle(), ...workers.map(({ settle }) => settle())]);
  } finally {
    for (const { end } of workers) end();
  }
}

function sayDone(
  { model, request }: PlannedRun,
  failed: boolean,
  done: number,
  total: number,
  started: number,
): void {
  const seconds = formatSeconds(performance.now() - started);
  console.error(
    `[${done}/${total}] ${oneLine(model)}, seed ${request.seed}: ` +
      `${failed ? "failed after " : ""}${seconds}`,
  );
}

async function measureHere(request: MeasureRequest, tells: boolean): Promise<Outcome> {
  try {
    return { examination: await examineModel(request, tells) };
  } catch (error) {
    return { error: error as Error };
  }
}

function startWorker() {
  const worker = new Worker(new URL("./measure_worker.ts", import.meta.url), { type: "module" });
  // A message that is posted before the worker listens is lost.
  return { worker, ready: answerOf<unknown>(worker) };
}

/**
 * Opens a worker, and another one for the next run if a model has closed it.
 *
 * @param plugins Modules with rules that it judges by. Default: none.
 */
export function openWorker(plugins: readonly string[] = []) {
  let current: ReturnType<typeof startWorker> | null = null;
  const end = () => {
    current?.worker.terminate();
    current = null;
  };
  const ask = async (order: WorkerOrder): Promise<Exclude<WorkerAnswer, { ended: string }>> => {
    const { worker, ready } = current ??= startWorker();
    await ready;
    const answer = answerOf<WorkerAnswer>(worker);
    worker.postMessage(order);
    const result = await answer;
    if ("ended" in result) throw new Error(result.ended);
    return result;
  };
  return {
    async measure(request: MeasureRequest, tells: boolean): Promise<Outcome> {
      try {
        const result = await ask({ request, tells, plugins });
        if ("examination" in result) return result;
        return {
          error: new Error("message" in result ? result.message : "The worker did not answer"),
        };
      } catch (error) {
        end();
        return { error: new Error(`${request.model}: ${errorMessage(error)}`) };
      }
    },
    /** Waits for late failures, if it has measured at all. */
    async settle(): Promise<void> {
      if (current === null) return;
      const result = await ask(null);
      if ("message" in result) throw new Error(result.message);
    },
    end,
  };
}

function answerOf<T>(worker: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`The worker died: ${event.message}`));
    };
  });
}
