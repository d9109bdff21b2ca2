import type { Examination } from "../core/diagnosis/examine/examine.ts";
import { keepEngine } from "../engine/start/start_engine.ts";
import { GateError, isReadable } from "../core/diagnosis/gate_result.ts";
import type { GateSettings, ModelSetting } from "../gate/resolve_configuration.ts";
import { isRemote, isShardPattern } from "../core/model/loaded_model.ts";
import { strayErrors } from "../files/user_code/stray_errors.ts";
import { type TaskResult, WorkerPool, WorkQueue } from "../files/user_code/worker_pool.ts";
import { TRIAL_BUDGET } from "../core/probe/probe_options.ts";
import { parseOptimizer } from "../ground/traits/torch_optimizers.ts";
import { oneLine } from "../ground/words/failure.ts";
import { nearest, refusal } from "../ground/words/input_error.ts";
import { anyOf, showValue, showWord } from "../ground/words/show_value.ts";
import type { CheckValues } from "./commands/check.ts";
import { type MeasureRequest, RUN_FLAGS } from "./flags/measure_flags.ts";
import { FORMATS } from "./formats.ts";
import { UsageError } from "./kit/flag.ts";
import { runProgress } from "./kit/progress.ts";
import { examineModel, type ExamineModelOptions } from "./measure_model.ts";
import { modelIn } from "./model_in.ts";
import { chooseReporters } from "./reporters.ts";
import { host } from "../platform/host.ts";
import { isFileProblem } from "../platform/file_problems.ts";
import { builtin } from "../platform/builtins.ts";

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
  using progress = quiet ? null : runProgress(runs.length);
  const sayDone = (index: number, { failed, ms }: { failed: boolean; ms: number }) => {
    const { model, request: { seed } } = runs[index];
    progress?.update({ name: `${oneLine(model)}, seed ${seed}`, failed, ms });
  };
  if (Math.min(jobs, runs.length) < 2) {
    await using _engine = keepEngine();
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

/** Run of a gate: a model under a seed. */
export interface PlannedRun {
  /** Name of the model. */
  model: string;
  /** Request to measure. */
  request: MeasureRequest & { model: string };
}

export interface RunPlan {
  /** All runs, in the order of the configuration. */
  all: PlannedRun[];
  /** Runs of this shard. */
  runs: PlannedRun[];
}

/**
 * Plans the runs that a command line and a configuration ask for: every model under every seed.
 *
 * @param operands The named models; if none, all of the configuration.
 * @param flags The flags of `check`; they override the configuration.
 * @throws {UsageError} If no model is named, or if a flag does not apply to it.
 * @throws {GateError} If a named model is neither a file nor in the configuration.
 */
export async function planRuns(
  operands: string[],
  flags: CheckValues,
  settings: GateSettings,
): Promise<RunPlan> {
  const models = await chooseModels(operands, settings);
  const { seeds, seed } = flags;
  const histograms = chooseReporters(flags).some(({ name }) => FORMATS[name].histograms);
  if (seeds !== null && seed !== null) {
    throw new UsageError(refusal`--seed and --seeds are both given, expected one of them`);
  }
  const given = seeds ?? (seed === null ? null : [seed]);
  const files = new Map<ModelSetting, string>();
  for (const model of models) files.set(model, await modelIn(model.path));
  const all = models.flatMap((model) =>
    (given ?? model.seeds ?? [RUN_FLAGS.seed.default]).map((seed): PlannedRun => ({
      model: model.name,
      request: {
        ...measureOptions(flags, model),
        model: files.get(model)!,
        seed,
        examination: {
          trial: flags.trial,
          trialBudget: flags.trialBudget ?? settings.trialBudget ?? TRIAL_BUDGET,
          rules: settings.rules,
          trained: model.trained,
          histograms,
        },
      },
    }))
  );
  const { index: part, count } = flags.shard ?? { index: 1, count: 1 };
  return {
    all,
    runs: all.filter((_, index) => index % count === part - 1),
  };
}

/** Returns the options of a run; flags override the settings of its model. */
function measureOptions(
  flags: CheckValues,
  model: ModelSetting,
): Omit<MeasureRequest, "model" | "seed" | "examination"> {
  const { microBatch, threads, portable, trust, weightsOnly, sample, fresh, cache, half, quiet } =
    flags;
  return {
    batch: flags.batch ?? model.batch,
    objective: flags.objective ?? model.objective as MeasureRequest["objective"],
    optimizer: flags.optimizer ??
      (model.optimizer === null ? null : parseOptimizer(model.optimizer, "optimizer")),
    examples: flags.examples ?? model.examples ?? RUN_FLAGS.examples.default,
    microBatch,
    register: [...model.register, ...flags.register],
    weights: flags.weights ?? model.weights,
    proof: flags.proof ?? model.proof,
    scale: flags.proof === null ? model.scale : null,
    threads,
    portable,
    trust,
    weightsOnly,
    sample,
    fresh,
    cache,
    half,
    quiet,
  };
}

async function chooseModels(operands: string[], settings: GateSettings): Promise<ModelSetting[]> {
  const { models, file } = settings;
  if (operands.length === 0) {
    if (models.length > 0) return models;
    throw new UsageError({
      place: "MODEL",
      found: "missing",
      expected: `one, or models in ${
        file ?? "gradient-health.json"
      } (report shows the exercise's network without one)`,
    });
  }
  const chosen: ModelSetting[] = [];
  for (const operand of operands) {
    const named = models.filter(({ name }) => name === operand);
    const known = named.length > 0 ? named : ofFile(operand, models);
    if (known.length === 0 && models.length > 0 && await isMissing(operand)) {
      throw new GateError(
        refusal`MODEL is ${showValue(operand)}, expected a file, or a model that ${file} lists${
          nearest(operand, models.map(({ name }) => name)) ||
          `: ${anyOf(models.slice(0, 10).map(({ name }) => showWord(name)))}`
        }`,
      );
    }
    const twice = known.length > 0
      ? known.some((model) => chosen.includes(model))
      : (ofFile(operand, chosen)).length > 0;
    if (twice) {
      throw new UsageError(refusal`MODEL ${showWord(operand)} is given twice, expected once`);
    }
    chosen.push(...known.length > 0 ? known : [bare(operand)]);
  }
  return chosen;
}

/** Returns the models in a file, however its path is spelt. */
function ofFile(file: string, models: readonly ModelSetting[]): ModelSetting[] {
  if (models.length === 0) return [];
  const wanted = plainPath(file);
  return models.filter(({ path }) => plainPath(path) === wanted);
}

function bare(path: string): ModelSetting {
  return {
    name: path,
    path,
    weights: null,
    batch: null,
    objective: null,
    optimizer: null,
    examples: null,
    seeds: null,
    trained: null,
    register: [],
    scale: null,
    proof: null,
  };
}

/**
 * Returns true if a file is missing, and false for an unreadable one: loading that reports the
 * error.
 */
async function isMissing(path: string): Promise<boolean> {
  if (isShardPattern(path) || isRemote(path)) return false;
  try {
    await host.stat(path);
    return false;
  } catch (error) {
    return isFileProblem(error, "NotFound");
  }
}

/**
 * Normalises a path, so that `./net.ts` and the absolute path of `net.ts` are the same file:
 * relative to the working directory or, if that is unreadable, the given path without detours.
 */
function plainPath(path: string): string {
  const { normalize, relative, resolve } = builtin("path");
  return isReadable(".") ? relative(host.cwd(), resolve(path)) || "." : normalize(path);
}
