import {
  type Examination,
  examine,
  type ExamineOptions,
} from "../core/diagnosis/examine/examine.ts";
import { chooseThreads, type Engine, EngineError } from "../engine/engine.ts";
import { backendChange } from "../engine/start/prepare_engine.ts";
import { showTensorFlow } from "../engine/start/import_tensorflow.ts";
import { startEngine } from "../engine/start/start_engine.ts";
import type { LayersModel, TensorFlow } from "../engine/tensorflow.ts";
import { judgeRun } from "../gate/judge_run.ts";
import { estimateWorkload } from "../core/measure/estimate_memory.ts";
import { requireModuleObjective } from "../core/measure/require_objective.ts";
import type { Batch } from "../core/model/batches/batch.ts";
import { isDisposed } from "../core/model/require_model.ts";
import { leafLayers } from "../core/model/layers/leaf_layers.ts";
import { codeOf, isWeightsFile, type ModelSize } from "../core/model/loaded_model.ts";
import type { Objective } from "../core/model/objective.ts";
import { foreignImport, logToStderr } from "../files/user_code/foreign_code.ts";
import { strayErrors } from "../files/user_code/stray_errors.ts";
import { runRules } from "../core/rules/judge_rule.ts";
import { LAYERS } from "../ground/traits/layers.ts";
import { formatCount, formatDuration, formatSeconds } from "../ground/words/numbers.ts";
import { escapeControls } from "../ground/words/show_value.ts";
import type { MeasureRequest } from "./flags/measure_flags.ts";
import { passProgress, tellIfSlow, type Work } from "./kit/progress.ts";
import { about, loadSubject, provideBatch, type Subject } from "./load_subject.ts";
import type * as ProvenSiblings from "./proven_sibling.ts";
import { UsageError } from "./kit/flag.ts";
import { host } from "../platform/host.ts";

/** Options of {@linkcode examineModel}. */
export interface ExamineModelOptions {
  /** True to say on stderr that it takes far longer than it should. */
  tells: boolean;
  /** Uses the model before it is disposed of. */
  andThen?: (examined: Examined) => Promise<void>;
}

/**
 * Does the common part of measuring subcommands: starts the engine, loads the model and the batch,
 * measures and examines. Threads and time go to stderr, since they are not part of the result, and
 * so does anything that the model's own code logs.
 *
 * @returns The measurements and the diagnosis.
 */
export async function examineModel(
  request: MeasureRequest,
  options: ExamineModelOptions,
): Promise<Examination> {
  if (request.weightsOnly || request.model !== null && isWeightsFile(request.model)) {
    const { examineWeights } = await import("./examine_weights.ts");
    return examineWeights(request.model, request, { changes: options.andThen !== undefined });
  }
  if (request.sample) {
    throw new UsageError({
      place: "--sample",
      found: "for a model with a topology",
      expected: "a file of weights as MODEL, or --weights-only",
    });
  }
  const work = () => examineOnEngine(request, options);
  // Stdout belongs to the report, and a model's code may log to it. A data file cannot, so it need
  // not wait for a console.
  return await (runsForeignCode(request) ? logToStderr(work) : work());
}

/** Examined model, still on the engine. */
export interface Examined {
  tf: TensorFlow;
  model: LayersModel;
  batch: Batch;
  /** Options of the examination. */
  options: ExamineOptions;
  examination: Examination;
}

/** Seconds after which a pass of any size is called slow. */
const PATIENCE = 5;
/** Operations per second of the slowest machine with one thread. */
const LEAST_SPEED = 1e9;

/** Returns true if foreign code of a model, a layer or a plugin has run or will run. */
function runsForeignCode(request: MeasureRequest): boolean {
  return foreignImport.isBegun || codeOf(request) !== null;
}

async function examineOnEngine(
  request: MeasureRequest,
  options: ExamineModelOptions,
): Promise<Examination> {
  const started = performance.now();
  await using running = await RunningEngine.start(request);
  try {
    return await strayErrors.guard(codeOf(request), async () => {
      const examination = await examineWork(request, running, options);
      if (!request.quiet) {
        const seconds = formatSeconds(performance.now() - started);
        const threads = formatCount(running.engine.threads, "thread");
        console.error(`measured in ${seconds} on ${threads}`);
      }
      return examination;
    });
  } catch (error) {
    throw backendGone(running.engine, request) ?? error;
  }
}

/** Engine of a run; it restarts with more threads if they pay. */
class RunningEngine implements AsyncDisposable {
  readonly #request: MeasureRequest;
  #threads: number;

  private constructor(request: MeasureRequest, threads: number, public engine: Engine) {
    this.#request = request;
    this.#threads = threads;
  }

  /** Starts the engine with the threads that loading the model needs. */
  static async start(request: MeasureRequest): Promise<RunningEngine> {
    const { model, portable } = request;
    const threads = request.threads === "auto" ? await threadsToLoad(model) : request.threads;
    showTensorFlow(runsForeignCode(request));
    const engine = await startEngine({ relaxedSimd: !portable, threads });
    return new RunningEngine(request, threads, engine);
  }

  /** Adapts the threads to the operations of a pass. */
  async fit(workload: number): Promise<void> {
    if (this.#request.threads !== "auto") return;
    const threads = chooseThreads(workload);
    if (threads <= this.#threads) return;
    this.#threads = threads;
    await this.engine.stop();
    this.engine = await startEngine({ relaxedSimd: !this.#request.portable, threads });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    tellIfSlow(null);
    await this.engine.stop();
  }
}

/** Loaded model with its batch; disposing it frees both. */
interface OpenWork extends Disposable {
  loaded: Subject;
  batch: Batch;
  objective: Objective | undefined;
}

/** Loads the model and the batch, and adapts the engine to their size. */
async function openWork(
  request: MeasureRequest,
  running: RunningEngine,
  { tells, size }: ExamineModelOptions & { size: ModelSize },
): Promise<OpenWork> {
  const name = `${
    escapeControls(request.model ?? "the exercise's network")
  }, seed ${request.seed}:`;
  const tell = (work: Work) => tells && tellIfSlow(work);
  tell({
    sentence: `${name} it has been loading for`,
    rest: " so far; Ctrl-C ends it",
    patience: 2 * PATIENCE,
    // A pass that blocks the thread at once is not reported: that would slow down every check.
    blocks: false,
  });
  const loaded = await loadSubject(running.engine.tf, request, size);
  const objective = request.objective ?? requireModuleObjective(loaded);
  const batch = await provideBatch(request, loaded, objective);
  const workload = estimateWorkload(loaded.model, shapesOf(batch));
  const seconds = Math.max(1, Math.ceil(workload / LEAST_SPEED));
  tell({
    sentence: `${name} the pass has taken`,
    rest: `, far longer than the ${formatDuration(seconds)} that its size explains; Ctrl-C ends it`,
    patience: Math.max(PATIENCE, 2 * seconds),
    blocks: workload > LEAST_SPEED || isUnforeseeable(loaded.model, objective),
  });
  await running.fit(workload);
  return {
    loaded,
    batch,
    objective,
    // None of thousands of passes may leak its weights, not even a failed one. A model that a
    // module has built is shared by all of them.
    [Symbol.dispose]() {
      if (!loaded.isBuilt && !isDisposed(loaded.model)) loaded.model.dispose();
      running.engine.tf.dispose([batch.inputs, batch.targets ?? []]);
    },
  };
}

async function examineWork(
  request: MeasureRequest,
  running: RunningEngine,
  options: ExamineModelOptions,
): Promise<Examination> {
  const { proof = null, scale = null } = request;
  // Few runs need a study.
  const siblings: typeof ProvenSiblings | null = proof === null && scale === null
    ? null
    : await import(import.meta.resolve("./proven_sibling.ts"));
  const proven = await siblings?.provenSibling(running.engine, request) ?? null;
  using work = await openWork(request, running, { ...options, size: proven?.size ?? {} });
  using progress = request.quiet ? null : passProgress();
  const { loaded, batch } = work;
  const { model } = loaded;
  const asked = { ...examineOptions(request, work), onProgress: progress?.update };
  const examined = await examine(model, batch, asked).catch((error) => {
    throw about(loaded, error);
  });
  const examination = proven === null
    ? examined
    : siblings!.judgedAsSibling(examined, proven.sibling, request.examination.rules);
  const { tf } = running.engine;
  await options.andThen?.({ tf, model, batch, options: asked, examination });
  return examination;
}

function examineOptions(
  { microBatch, half, examination }: MeasureRequest,
  { loaded: { source, seed }, objective }: OpenWork,
): ExamineOptions {
  const { trial, trialBudget, rates, rules, trained, histograms } = examination;
  return {
    objective,
    source,
    seed,
    microBatch,
    trial,
    trialBudget,
    rates,
    histograms: half || histograms,
    judge: (all) => {
      const measurements = half || !histograms ? all : withoutHistograms(all);
      return rules === null
        ? runRules(measurements)
        : judgeRun(measurements, rules, { trained: trained ?? undefined });
    },
  };
}

/**
 * Returns true if an estimate cannot predict the duration of a pass: it runs foreign code, or steps
 * in sequence.
 */
function isUnforeseeable(model: LayersModel, objective: Objective | undefined): boolean {
  return typeof objective === "function" ||
    leafLayers(model).some(({ layer }) =>
      Object.hasOwn(layer, "call") || !Object.hasOwn(LAYERS, layer.getClassName()) ||
      "cell" in layer
    );
}

/** If a model has removed the backend, every later failure is due to that. */
function backendGone(engine: Engine, { model }: MeasureRequest): Error | null {
  if ("wasm" in engine.tf.engine().registry) return null;
  const change = backendChange(engine);
  return change === null ? null : new EngineError(`${model}: ${change}`);
}

const shapesOf = ({ inputs }: Batch) => [inputs].flat().map(({ shape }) => shape);

/**
 * Operations of a pass over 32 examples per byte of a kernel: an entry of four bytes takes six per
 * example.
 */
const OPERATIONS_A_BYTE = 6 * 32 / 4;

/**
 * Chooses the number of threads for loading a model under `--threads auto`. Restarting the engine
 * with more threads later copies all weights, which takes longer than starting the threads. A large
 * file is sure to be worth them.
 *
 * @param model The file; `null` for the exercise's network.
 */
export async function threadsToLoad(model: string | null): Promise<number> {
  const size = model === null ? 0 : (await host.stat(model).catch(() => null))?.size ?? 0;
  return chooseThreads(OPERATIONS_A_BYTE * size);
}

/** Keys of what is measured together with histograms. */
const HISTOGRAM_KEYS: ReadonlySet<string> = new Set(["exponents", "bins", "alikeness"]);

/**
 * Returns a copy of measurements without histograms. A rule judges any histograms that it finds. A
 * format that shows histograms must not change the verdict, so the findings are the same in every
 * format.
 */
function withoutHistograms<Data>(data: Data): Data {
  if (typeof data !== "object" || data === null) return data;
  if (Array.isArray(data)) return data.map(withoutHistograms) as Data;
  const kept = Object.entries(data).filter(([key]) => !HISTOGRAM_KEYS.has(key));
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutHistograms(value)])) as Data;
}
