import type { LayersModel, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import type { Batch } from "../../core/model/batches/batch.ts";
import { randomTargets } from "../../core/model/batches/random_batch.ts";
import { byteSource } from "../../files/byte_source.ts";
import { openZip } from "../../files/unzip.ts";
import { writeZip } from "../../files/zip.ts";
import type { LoadedModel } from "../../core/model/loaded_model.ts";
import { ModelError } from "../../core/model/model_error.ts";
import { stemOf } from "../../core/model/names.ts";
import type { NewFile } from "../../files/new_folder.ts";
import type { Objective } from "../../core/model/objective.ts";
import { modelWeights } from "../../core/model/weights/model_weights.ts";
import { fileRefusal } from "../../ground/words/input_error.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { buildProgram, constantOf } from "./build_program.ts";
import { openProgram, type ProgramArchive, type StoredTensor } from "./open_program.ts";
import { tensorOf } from "./program_layer.ts";
import { canBe } from "./size_expression.ts";
import { host } from "../../platform/host.ts";

/**
 * Loads a program that `torch.export.save` wrote: its graph, its weights and its sample inputs,
 * which are its batch. The file is only data: none of it runs, and it gets at most a few times its
 * size in memory.
 *
 * @param tf The engine's TensorFlow.js.
 * @param path The file.
 * @param beforeWeights Called before weights are read.
 * @throws {ModelError} If it does not hold such a program.
 */
export async function loadProgram(
  tf: TensorFlow,
  path: string,
  beforeWeights: (model: LayersModel, entries: number) => void,
): Promise<LoadedModel> {
  try {
    const source = await byteSource(path).catch((error) => {
      throw new ModelError(fileRefusal(error), { cause: error });
    });
    const archive = openProgram(source, folderHere());
    const name = stemOf(path);
    requireSampled(archive);
    const { model, taken, notes } = buildProgram(tf, archive, { name, beforeWeights });
    const samples = samplesOf(archive, taken);
    if (samples === null) notes.push(noSamplesNote(archive));
    const isLoss = model.outputs[0].shape.length === 0;
    return {
      model,
      name,
      source: path,
      path,
      kind: "torch",
      seed: null,
      objective: isLoss ? loss : null,
      createBatch: samples === null
        ? null
        : (_examples, seed, objective) =>
          Promise.resolve(batchOf(tf, model, { samples, seed, objective })),
      recreate: null,
      notes,
    };
  } catch (error) {
    if (error instanceof ModelError) error.within(path);
    throw error;
  }
}

/** Returns the working directory with a slash at its end; empty if it is unreadable. */
function folderHere(): string {
  try {
    return `${host.cwd().replaceAll("\\", "/")}/`;
  } catch {
    return "";
  }
}

/** Objective of a program whose output is its loss. */
const loss = ([output]: Tensor[]): Tensor => output;

function noSamplesNote({ samples }: ProgramArchive): string {
  const why = typeof samples === "string" ? samples : "they are not the inputs of the graph";
  return `The sample inputs of the program cannot be used: ${why}. Without --batch, its batch is ` +
    "drawn at random.";
}

/** Returns the sample inputs that the model takes; `null` if the file lacks one. */
function samplesOf({ samples, program }: ProgramArchive, taken: number[]): StoredTensor[] | null {
  if (typeof samples === "string" || samples.length !== program.inputs.length) return null;
  const tensors = taken.flatMap((i) => samples[i].tensor ?? []);
  return tensors.length === taken.length ? tensors : null;
}

/**
 * Rejects a graph with an input that no sample fits: its sizes are false, and a batch made up for them
 * may be of gigabytes. Samples given by keyword may be in another order than the inputs.
 */
function requireSampled({ samples, program }: ProgramArchive): void {
  if (typeof samples === "string" || samples.length !== program.inputs.length) return;
  const shapes = samples.flatMap(({ tensor }) => tensor === null ? [] : [tensor.shape]);
  if (shapes.length < samples.length) return;
  for (const { name } of program.inputs) {
    const sizes = program.values.get(name ?? "")?.sizes;
    if (sizes === undefined || shapes.some((shape) => canBe(sizes, shape))) continue;
    throw new ModelError({
      place: "No sample input of the program",
      verb: "has",
      found: `the sizes of its input ${showValue(name)}`,
      expected: "one",
    });
  }
}

interface Sampling {
  samples: StoredTensor[];
  seed: number;
  objective?: Objective;
}

function batchOf(
  tf: TensorFlow,
  model: LayersModel,
  { samples, seed, objective }: Sampling,
): Batch {
  const inputs = samples.map((sample) => tensorOf(tf, constantOf(sample)));
  const examples = inputs[0].shape[0] ?? 1;
  const targets = typeof objective !== "string" || objective === "sum"
    ? null
    : randomTargets(model, objective, { examples, seed });
  return { inputs: inputs.length === 1 ? inputs[0] : inputs, targets, seed };
}

/**
 * Returns a model as the program that it was read from: the same files except for changed weights.
 *
 * @param model The model, with weights that may have changed.
 * @param path The file that it was read from.
 * @returns The file, by its own name.
 * @throws {ModelError} If a changed weight cannot be written into it.
 */
export async function rewriteProgram(model: LayersModel, path: string): Promise<NewFile> {
  const source = await byteSource(path);
  const { tensors } = openProgram(source, "");
  const changed = new Map<string, Uint8Array>();
  for (const { weightName, variable } of modelWeights(model)) {
    const stored = tensors.get(weightName);
    if (stored === undefined) continue;
    const values = variable.read().dataSync() as Float32Array;
    const own = Float32Array.from(stored.read());
    if (own.every((value, i) => Object.is(value, values[i]))) continue;
    if (stored.rewritten === undefined) {
      throw new ModelError({
        place: `${path}: ${weightName}`,
        found: "in a pickle",
        expected: "the layout of PyTorch 2.9 or later",
      });
    }
    const { path: name, bytes } = stored.rewritten(values, changed);
    changed.set(name, bytes);
  }
  const files = [...openZip(source, ModelError).values()].map((entry): NewFile => ({
    path: entry.name,
    bytes: changed.get(entry.name) ?? entry.read(),
  }));
  const name = path.slice(path.replaceAll("\\", "/").lastIndexOf("/") + 1);
  return { path: name, bytes: writeZip(files) };
}
