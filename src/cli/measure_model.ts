import { chooseThreads } from "../engine/choose_threads.ts";
import type { Engine } from "../engine/engine.ts";
import { startEngine } from "../engine/start_engine.ts";
import { checkModuleObjective, checkTargets } from "../measure/check_objective.ts";
import { estimateWorkload } from "../measure/estimate_workload.ts";
import { measure } from "../measure/measure.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { Batch } from "../model/batch.ts";
import { exerciseModel } from "../model/exercise_model.ts";
import { logToStderr } from "../model/foreign_code.ts";
import { isDisposed } from "../model/is_disposed.ts";
import { loadModel } from "../model/load_model.ts";
import type { LoadedModel } from "../model/loaded_model.ts";
import type { Objective } from "../model/objective.ts";
import { randomBatch } from "../model/random_batch.ts";
import { randomTargets } from "../model/random_targets.ts";
import { readBatch } from "../model/read_batch.ts";
import type { MeasureRequest } from "./measure_flags.ts";
import { passProgress } from "./progress.ts";

/**
 * Does what every measuring subcommand does: starts the engine, loads the model and the batch,
 * measures. Threads and time go to stderr, since they are not part of the result, and so does whatever
 * the model's own code logs.
 *
 * @param request What to measure.
 * @returns The measurements.
 */
export function measureModel(request: MeasureRequest): Promise<Measurements> {
  // Custom layers log as they like.
  return logToStderr(() => measureOnEngine(request));
}

async function measureOnEngine(request: MeasureRequest): Promise<Measurements> {
  const started = performance.now();
  const settings = { relaxedSimd: !request.portable };
  const first = request.threads === "auto" ? 1 : request.threads;
  let engine: Engine = await startEngine({ ...settings, threads: first });
  try {
    const loaded = await load(request);
    const objective = request.objective ?? checkModuleObjective(loaded);
    const batch = await provideBatch(request, loaded, objective);
    if (request.threads === "auto") {
      const threads = chooseThreads(estimateWorkload(loaded.model, shapesOf(batch)));
      if (threads !== first) {
        await engine.stop();
        engine = await startEngine({ ...settings, threads });
      }
    }
    const progress = request.quiet ? null : passProgress();
    let measurements: Measurements;
    try {
      measurements = await measure(loaded.model, batch, {
        objective,
        source: loaded.source,
        seed: loaded.seed,
        onProgress: progress?.update,
      });
    } catch (error) {
      throw about(loaded, error as Error);
    } finally {
      progress?.done();
      // Of thousands of passes none shall leave its weights behind, those that failed neither.
      if (!isDisposed(loaded.model)) loaded.model.dispose();
      engine.tf.dispose([batch.inputs, batch.targets ?? []]);
    }
    if (!request.quiet) {
      const seconds = ((performance.now() - started) / 1000).toFixed(2);
      const threads = `${engine.threads} thread${engine.threads === 1 ? "" : "s"}`;
      console.error(`measured in ${seconds} s on ${threads}`);
    }
    return measurements;
  } finally {
    await engine.stop();
  }
}

/** Of many models nobody knows which one a message is about that names no file. */
function about({ source }: Subject, error: Error): Error {
  // TensorFlow.js calls itself for every layer of a chain, and the stack holds some 6,000 calls.
  if (error instanceof RangeError && error.message.startsWith("Maximum call stack")) {
    error.message = "TensorFlow.js has no room for so many layers in a row: " +
      "run deno with --v8-flags=--stack-size=7000";
  }
  if (source !== null) error.message = `${source}: ${error.message}`;
  return error;
}

type Subject =
  & Pick<LoadedModel, "model" | "path" | "seed" | "createBatch" | "objective">
  & { source: string | null };

async function load({ model, seed, register }: MeasureRequest): Promise<Subject> {
  if (model !== null) {
    const loaded = await loadModel(model, { seed, register });
    // A name that TensorFlow.js made up says how many models this process has seen.
    loaded.model.name = loaded.name;
    return loaded;
  }
  const none = { path: "", source: null, createBatch: null, objective: null };
  return { model: exerciseModel({ seed }), seed, ...none };
}

/** The batch that was named, else the one that the module makes, else a random one. */
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
    throw about(subject, error as Error);
  }
}

const shapesOf = ({ inputs }: Batch) => [inputs].flat().map(({ shape }) => shape);
