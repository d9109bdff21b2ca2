import { checkTargets } from "../measure/check_objective.ts";
import { defaultExamples } from "../measure/default_examples.ts";
import { requireAffordable, requireModest } from "../measure/file_limits.ts";
import { requireOneFits } from "../measure/plan_memory.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batch.ts";
import { exerciseModel } from "../model/exercise_model.ts";
import { leafLayers } from "../model/leaf_layers.ts";
import { loadModel } from "../model/load_model.ts";
import { isBuilt, type LoadedModel } from "../model/loaded_model.ts";
import { ModelError } from "../model/model_error.ts";
import type { Objective } from "../model/objective.ts";
import { randomBatch } from "../model/random_batch.ts";
import { randomTargets } from "../model/random_targets.ts";
import { readBatch } from "../model/read_batch.ts";
import { batchShapes } from "../model/shapes.ts";
import { isTrap } from "../study/is_trap.ts";
import { errorMessage } from "../words/error_message.ts";
import { failure } from "../words/failure.ts";
import { oneLine } from "../words/one_line.ts";
import type { MeasureRequest } from "./measure_flags.ts";

/** TensorFlow.js calls itself for every layer of a chain, and the stack holds some 6,000 calls. */
const LONG_CHAIN = 500;

/** Which of several models a message without a file name is about. */
export function about({ source, model }: Subject, thrown: unknown): Error {
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

/** A model, loaded or the exercise's, and what came with it. */
export type Subject =
  & Pick<LoadedModel, "model" | "path" | "seed" | "createBatch" | "objective" | "kind">
  & { source: string | null; isBuilt: boolean };

/** Loads the model that is asked for, with the weights that it is to have. */
export async function loadSubject(
  { model, seed, register, weights, batch, trust }: MeasureRequest,
): Promise<Subject> {
  if (model !== null) {
    const loaded = await loadModel(model, {
      ...{ seed, register },
      // The axes that the model leaves open are those of the batch, which is read later.
      beforeWeights: (model, entries) => {
        const size = batch === null ? 32 : 1;
        refuseLarge(() =>
          trust ? requireOneFits(model, size) : requireModest(model, size, entries)
        );
      },
    });
    // A name that TensorFlow.js made up depends on how many models this process has seen.
    loaded.model.name = loaded.name;
    if (weights !== null) await putWeights(loaded.model, weights);
    return { ...loaded, isBuilt: isBuilt(loaded) };
  }
  const own = exerciseModel({ seed });
  if (weights !== null) await putWeights(own, weights);
  const none = { path: "", source: null, isBuilt: false, createBatch: null, objective: null };
  // Its layers are this program's own.
  const kind = "module";
  return { model: own, seed, kind, ...none };
}

/** Refuses a model file that no batch can be measured of, or that asks for more than a file may. */
function refuseLarge(require: () => void): void {
  try {
    require();
  } catch (error) {
    throw new ModelError(errorMessage(error), { cause: error });
  }
}

async function putWeights(model: LayersModel, file: string): Promise<void> {
  const { loadWeights } = await import("../model/torch/load_weights.ts");
  await loadWeights(model, file);
}

/** The named batch, else the module's, else a random one. */
export async function provideBatch(
  request: MeasureRequest,
  subject: Subject,
  objective: Objective | undefined,
): Promise<Batch> {
  const { model, path, createBatch } = subject;
  const { seed, batch: file } = request;
  const limit = (shapes: number[][]) => {
    if (subject.kind !== "module" && !request.trust) requireAffordable(model, shapes);
  };
  if (file !== null) {
    const onNote = (note: string) => {
      if (!request.quiet) console.error(`note: ${oneLine(note)}`);
    };
    const batch = checkTargets(
      await readBatch(file, model, { objective, onNote }),
      objective,
      file,
    );
    try {
      limit([batch.inputs].flat().map(({ shape }) => shape));
      return batch;
    } catch (error) {
      throw about(subject, error);
    }
  }
  const examples = request.examples === "auto" ? defaultExamples(model) : request.examples;
  if (createBatch !== null) {
    return checkTargets(await createBatch(examples, seed, objective), objective, path);
  }
  try {
    limit(batchShapes(model, { examples }));
    const batch = randomBatch(model, { examples, seed });
    return typeof objective !== "string" || objective === "sum"
      ? batch
      : { ...batch, targets: randomTargets(model, objective, { examples, seed }) };
  } catch (error) {
    throw about(subject, error);
  }
}
