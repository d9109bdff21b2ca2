import { type Examination, examine, type ExamineOptions } from "../diagnosis/examine/examine.ts";
import { runRules } from "../rules/run_rules.ts";
import { judgeRun } from "../gate/judge_run.ts";
import { formatCount, formatDuration, formatSeconds } from "../words/numbers.ts";
import { chooseThreads } from "../engine/start/choose_threads.ts";
import { type Engine, EngineError } from "../engine/engine.ts";
import { showTensorFlow } from "../engine/start/import_tensorflow.ts";
import { backendChange } from "../engine/start/prepare_engine.ts";
import { startEngine } from "../engine/start/start_engine.ts";
import type { LayersModel, TensorFlow } from "../engine/tensorflow.ts";
import { requireModuleObjective } from "../measure/require_objective.ts";
import { estimateWorkload } from "../measure/estimate_memory.ts";
import type { Batch } from "../model/batches/batch.ts";
import { codeOf, isWeightsFile } from "../model/loaded_model.ts";
import { logToStderr } from "../model/user_code/foreign_code.ts";
import { foreignImport } from "../model/user_code/foreign_import.ts";
import { isDisposed } from "../model/is_disposed.ts";
import { leafLayers } from "../model/layers/leaf_layers.ts";
import type { Objective } from "../model/objective.ts";
import { strayErrors } from "../model/user_code/stray_errors.ts";
import { LAYERS } from "../traits/layers.ts";
import type { MeasureRequest } from "./flags/measure_flags.ts";
import { about, loadSubject, provideBatch } from "./load_subject.ts";
import { passProgress } from "./kit/progress.ts";
import { tellIfSlow, type Work } from "./slow_work.ts";
import { threadsToLoad } from "./threads_to_load.ts";
import { withoutHistograms } from "./without_histograms.ts";
import { escapeControls } from "../words/show_value.ts";

/**
 * Does the common part of measuring subcommands: starts the engine, loads the model and the batch,
 * measures and examines. Threads and time go to stderr, since they are not part of the result, and
 * so does anything that the model's own code logs.
 *
 * @param request What to measure.
 * @param tells Whether to say on stderr that it takes far longer than it should.
 * @param andThen Callback that uses the model before it is disposed of.
 * @returns The measurements and the diagnosis.
 */
export async function examineModel(
  request: MeasureRequest,
  tells: boolean,
  andThen?: (examined: Examined) => Promise<void>,
): Promise<Examination> {
  if (request.model !== null && isWeightsFile(request.model)) {
    const { examineWeights } = await import("./examine_weights.ts");
    return examineWeights(request.model, request, andThen !== undefined);
  }
  const work = () => examineOnEngine(request, tells, andThen);
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

/** Seconds after which any pass is called slow, whatever its size. */
const PATIENCE = 5;
/** Operations per second of the slowest machine with one thread. */
const LEAST_SPEED = 1e9;

/** Returns true if foreign code of a model, a layer or a plugin has run or will run. */
function runsForeignCode(request: MeasureRequest): boolean {
  return foreignImport.isBegun || codeOf(request) !== null;
}

async function examineOnEngine(
  request: MeasureRequest,
  tells: boolean,
  andThen?: (examined: Examined) => Promise<void>,
): Promise<Examination> {
  const started = performance.now();
  const settings = { relaxedSimd: !request.portable };
  const first = request.threads === "auto" ? await threadsToLoad(request.model) : request.threads;
  showTensorFlow(runsForeignCode(request));
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
      // A pass that blocks the thread at once is not reported: that would slow down every check.
      blocks: false,
    });
    const loaded = await loadSubject(request);
    const objective = request.objective ?? requireModuleObjective(loaded);
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
      if (threads > first) {
        await engine.stop();
        engine = await startEngine({ ...settings, threads });
      }
    }
    const progress = request.quiet ? null : passProgress();
    const { trial, trialBudget, rates, rules, trained, histograms } = request.examination;
    const { model, source, seed } = loaded;
    const options: ExamineOptions = {
      objective,
      source,
      seed,
      microBatch: request.microBatch,
      onProgress: progress?.update,
      trial,
      trialBudget,
      rates,
      histograms: request.half || histograms,
      judge: (all) => {
        const measurements = request.half || !histograms ? all : withoutHistograms(all);
        return rules === null
          ? runRules(measurements)
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
      // None of thousands of passes may leak its weights, not even a failed one. A model that a
      // module has built is shared by all of them.
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
