import { type Examination, examine, type ExamineOptions } from "../examine/examine.ts";
import { runChecks } from "../checks/run_checks.ts";
import { judgeRun } from "../gate/judge_run.ts";
import { formatCount, formatDuration, formatSeconds } from "../words/numbers.ts";
import { chooseThreads } from "../engine/choose_threads.ts";
import type { Engine } from "../engine/engine.ts";
import { EngineError } from "../engine/engine_error.ts";
import { backendChange } from "../engine/prepare_engine.ts";
import { startEngine } from "../engine/start_engine.ts";
import type { LayersModel, TensorFlow } from "../engine/tensorflow.ts";
import { checkModuleObjective, checkTargets } from "../measure/check_objective.ts";
import { estimateWorkload } from "../measure/estimate_workload.ts";
import type { Batch } from "../model/batch.ts";
import { exerciseModel } from "../model/exercise_model.ts";
import { logToStderr } from "../model/foreign_code.ts";
import { isDisposed } from "../model/is_disposed.ts";
import { leafLayers } from "../model/leaf_layers.ts";
import { loadModel } from "../model/load_model.ts";
import { isBuilt, type LoadedModel } from "../model/loaded_model.ts";
import type { Objective } from "../model/objective.ts";
import { randomBatch } from "../model/random_batch.ts";
import { randomTargets } from "../model/random_targets.ts";
import { isWeightsFile } from "../model/read_weights.ts";
import { readBatch } from "../model/read_batch.ts";
import { strayErrors } from "../model/stray_errors.ts";
import { failure } from "../words/failure.ts";
import { isTrap } from "../study/is_trap.ts";
import { LAYERS } from "../traits/layers.ts";
import { examineWeights } from "./examine_weights.ts";
import type { MeasureRequest } from "./measure_flags.ts";
import { passProgress } from "./progress.ts";
import { tellIfSlow, type Work } from "./slow_work.ts";
import { withoutHistograms } from "./without_histograms.ts";
import { escapeControls } from "../words/escape_controls.ts";

/**
 * Does what every measuring subcommand does: starts the engine, loads the model and the batch,
 * measures and examines. Threads and time go to stderr, since they are not part of the result, and so does whatever
 * the model's own code logs.
 *
 * @param request What to measure.
 * @param tells Whether to say on stderr that it takes far longer than it should.
 * @param andThen What to do with the model before it is gone.
 * @returns What was measured, and what is wrong.
 */
export function examineModel(
  request: MeasureRequest,
  tells: boolean,
  andThen?: (examined: Examined) => Promise<void>,
): Promise<Examination> {
  if (request.model !== null && isWeightsFile(request.model)) {
    return examineWeights(request.model, request);
  }
  // Custom layers log as they like.
  return logToStderr(() => examineOnEngine(request, tells, andThen));
}

/** What was examined, while it is still on the engine. */
export interface Examined {
  tf: TensorFlow;
  model: LayersModel;
  batch: Batch;
  /** What it was examined with. */
  options: ExamineOptions;
  examination: Examination;
}

/** A pass that takes more seconds than this takes long, however large it is. */
const PATIENCE = 5;
/** Operations per second of the slowest machine with one thread. */
const LEAST_SPEED = 1e9;

async function examineOnEngine(
  request: MeasureRequest,
  tells: boolean,
  andThen?: (examined: Examined) => Promise<void>,
): Promise<Examination> {
  const started = performance.now();
  const settings = { relaxedSimd: !request.portable };
  const first = request.threads === "auto" ? 1 : request.threads;
  let engine: Engine = await startEngine({ ...settings, threads: first });
  const pass = async () => {
    const name = `${
      escapeControls(request.model ?? "the exercise's network")
    }, seed ${request.seed}:`;
    const tell = (work: Work) => tells ? tellIfSlow(work) : Promise.resolve();
    await tell({
      sentence: `${name} it has been loading for`,
      rest: " so far; Ctrl-C ends it",
      patience: 2 * PATIENCE,
      // What takes the thread from its first moment on is not told of: that would slow down every check.
      blocks: false,
    });
    const loaded = await load(request);
    const objective = request.objective ?? checkModuleObjective(loaded);
    const batch = await provideBatch(request, loaded, objective);
    const workload = estimateWorkload(loaded.model, shapesOf(batch));
    const seconds = Math.max(1, Math.ceil(workload / LEAST_SPEED));
    await tell({
      sentence: `${name} the pass has taken`,
      rest: `, far longer than the ${
        formatDuration(seconds)
      } that its size explains; Ctrl-C ends it`,
      patience: Math.max(PATIENCE, 2 * seconds),
      blocks: workload > LEAST_SPEED || isUnforeseeable(loaded.model, objective),
    });
    if (request.threads === "auto") {
      const threads = chooseThreads(workload);
      if (threads !== first) {
        await engine.stop();
        engine = await startEngine({ ...settings, threads });
      }
    }
    const progress = request.quiet ? null : passProgress();
    const { trial, rules, trained, histograms } = request.examination;
    const { model, source, seed } = loaded;
    const options: ExamineOptions = {
      objective,
      source,
      seed,
      onProgress: progress?.update,
      trial,
      histograms: request.half || histograms,
      judge: (all) => {
        const measurements = request.half || !histograms ? all : withoutHistograms(all);
        return rules === null
          ? runChecks(measurements)
          : judgeRun(measurements, rules, { trained: trained ?? undefined });
      },
    };
    let examination: Examination;
    try {
      examination = await examine(model, batch, options).catch((error) => {
        throw about(loaded, error);
      });
      await andThen?.({ tf: engine.tf, model, batch, options, examination });
    } finally {
      progress?.done();
      // None of thousands of passes may leave its weights behind, not even one that failed. What a module
      // has built is there for all of them.
      if (!loaded.isBuilt && !isDisposed(loaded.model)) loaded.model.dispose();
      engine.tf.dispose([batch.inputs, batch.targets ?? []]);
    }
    if (!request.quiet) {
      const seconds = formatSeconds(performance.now() - started);
      const threads = formatCount(engine.threads, "thread");
      console.error(`measured in ${seconds} on ${threads}`);
    }
    return examination;
  };
  try {
    return await strayErrors.guard(codeOf(request), pass);
  } catch (error) {
    throw backendGone(engine, request) ?? error;
  } finally {
    await tellIfSlow(null);
    await engine.stop();
  }
}

/** Whether a pass may take long for reasons that no estimate knows: foreign code, or step after step. */
function isUnforeseeable(model: LayersModel, objective: Objective | undefined): boolean {
  return typeof objective === "function" ||
    leafLayers(model).some(({ layer }) =>
      Object.hasOwn(layer, "call") || !Object.hasOwn(LAYERS, layer.getClassName()) ||
      "cell" in layer
    );
}

/** Whatever fails after a model has removed the backend fails for that reason. */
function backendGone(engine: Engine, { model }: MeasureRequest): Error | null {
  if ("wasm" in engine.tf.engine().registry) return null;
  const change = backendChange(engine);
  return change === null ? null : new EngineError(`${model}: ${change}`);
}

/** TensorFlow.js calls itself for every layer of a chain, and the stack holds some 6,000 calls. */
const LONG_CHAIN = 500;

/** Whose code a pass runs; `null` where there is data alone. */
function codeOf({ model, register }: MeasureRequest): string | null {
  return model === null || /\.json$/i.test(model) ? register[0] ?? null : model;
}

/** Which of several models a message without a file name is about. */
function about({ source, model }: Subject, thrown: unknown): Error {
  // A custom layer may throw anything, even something that cannot be changed.
  const error = isPlain(thrown) ? thrown : new Error(failure(thrown), { cause: thrown });
  if (error instanceof RangeError && error.message.startsWith("Maximum call stack")) {
    const layers = leafLayers(model).length;
    error.message = layers < LONG_CHAIN
      ? "code of the model calls itself without end"
      : `TensorFlow.js has no room for ${layers} layers in a row: ` +
        "run deno with --v8-flags=--stack-size=7000";
  }
  if (isTrap(error)) {
    error.message = `the WASM backend of TensorFlow.js broke down (${error.message}): ` +
      "remove what the model's code does to the backend, or use fewer examples";
  }
  if (source !== null) error.message = `${source}: ${error.message}`;
  return error;
}

/** An error whose message can be read and changed. */
function isPlain(thrown: unknown): thrown is Error {
  try {
    const { writable } = Object.getOwnPropertyDescriptor(thrown, "message") ?? {};
    return thrown instanceof Error && writable === true && typeof thrown.message === "string";
  } catch {
    return false;
  }
}

type Subject =
  & Pick<LoadedModel, "model" | "path" | "seed" | "createBatch" | "objective">
  & { source: string | null; isBuilt: boolean };

async function load({ model, seed, register }: MeasureRequest): Promise<Subject> {
  if (model !== null) {
    const loaded = await loadModel(model, { seed, register });
    // A name that TensorFlow.js made up depends on how many models this process has seen.
    loaded.model.name = loaded.name;
    return { ...loaded, isBuilt: isBuilt(loaded) };
  }
  const none = { path: "", source: null, isBuilt: false, createBatch: null, objective: null };
  return { model: exerciseModel({ seed }), seed, ...none };
}

/** The named batch, else the module's, else a random one. */
async function provideBatch(
  request: MeasureRequest,
  subject: Subject,
  objective: Objective | undefined,
): Promise<Batch> {
  const { model, path, createBatch } = subject;
  const { examples, seed, batch: file } = request;
  if (file !== null) {
    return checkTargets(await readBatch(file, model, { objective }), objective, file);
  }
  if (createBatch !== null) {
    return checkTargets(await createBatch(examples, seed, objective), objective, path);
  }
  try {
    const batch = randomBatch(model, { examples, seed });
    return typeof objective !== "string" || objective === "sum"
      ? batch
      : { ...batch, targets: randomTargets(model, objective, { examples, seed }) };
  } catch (error) {
    throw about(subject, error);
  }
}

const shapesOf = ({ inputs }: Batch) => [inputs].flat().map(({ shape }) => shape);
