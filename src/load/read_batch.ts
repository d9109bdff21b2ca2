import { requireEngine } from "../engine/running_engine.ts";
import type { LayersModel, Tensor } from "../engine/tensorflow.ts";
import { type Batch, BatchError } from "../core/model/batches/batch.ts";
import { classTargets, type Given } from "../files/given.ts";
import { type InputRange, inputRanges } from "../core/model/batches/random_batch.ts";
import { countOf } from "../files/file_types.ts";
import { readUserFile } from "../files/user_file.ts";
import {
  findUneven,
  hasShape,
  showShape,
  takesTargets,
  targetShapes,
} from "../core/model/layers/shapes.ts";
import { untrainedOutputs } from "../core/model/loss_functions.ts";
import { readJson } from "../files/read_json.ts";
import type { Objective } from "../core/model/objective.ts";
import { requireModel } from "../core/model/require_model.ts";
import { isFlatTensor, type ParsedTensor, parseTensor } from "../files/parse_tensor.ts";
import { lossTraits } from "../ground/traits/losses.ts";
import { fileRefusal, nearest, refusal } from "../ground/words/input_error.ts";
import { formatCount } from "../ground/words/numbers.ts";
import { anyObject, isObject, requireValue, string } from "../ground/words/shape.ts";
import { showValue } from "../ground/words/show_value.ts";
import { host } from "../platform/host.ts";

/** Options of {@linkcode readBatch}. */
export interface ReadBatchOptions {
  /**
   * Objective that the targets are for. A loss takes targets of the output's shape,
   * `sparseCategoricalCrossentropy` takes class numbers in place of the last axis, and a function
   * takes anything. Default: either of the two shapes is accepted.
   */
  objective?: Objective;
  /**
   * Called with a sentence for each thing that the file does not say: the classes assigned to
   * words, the arrays left out. Default: nothing.
   */
  onNote?: (note: string) => void;
}

/**
 * Reads a batch from a file:
 *
 * - JSON: `{"inputs": T, "targets"?: T}`. T is a nested array, examples outermost, or `{"shape":
 *   [...], "values": [...]}`; for a model with several inputs (or outputs) an array of these in the
 *   model's order, or an object with one for each name. `"NaN"`, `"Infinity"` and `"-Infinity"`
 *   denote the numbers that JSON does not have.
 * - `.npy`: the inputs. `.npz`: the arrays `x` and `y`, `inputs` and `targets`, or `arr_0` and
 *   `arr_1`; by their names for a model with several inputs or outputs; of `x_train` and `y_train`
 *   at most 256 examples.
 * - `.csv`: a header, then a row for each example; the last column holds the targets if it is
 *   called `y`, `target`, `label`, `class` or `species` or holds names of classes.
 * - a folder with a folder of PNG pictures for each class.
 *
 * Whole numbers are class numbers if the loss takes them. Only the file is read, and it gets no
 * more memory than a few times its size.
 *
 * @param path The file, or the folder of pictures.
 * @param model Model that the batch is for.
 * @param options The objective.
 * @returns The batch, with `seed: null`; the caller disposes its tensors.
 * @throws {EngineError} If no engine runs.
 * @throws {BatchError} If the file is missing or holds no batch for this model: one sentence that
 * names the file, the place in it, the value found and the one expected.
 *
 * @example Two examples of one feature
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, readBatch } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * const { tf } = await startEngine();
 * const file = await Deno.makeTempFile();
 * await Deno.writeTextFile(file, '{"inputs": [[0.5], [1]], "targets": [[0], [1]]}');
 * const model = exerciseModel({ width: 1 });
 * const batch = await readBatch(file, model);
 * assertEquals([batch.inputs].flat()[0].shape, [2, 1]);
 * tf.dispose(batch as never);
 * model.dispose();
 * await Deno.remove(file);
 * ```
 */
export async function readBatch(
  path: string,
  model: LayersModel,
  options: ReadBatchOptions = {},
): Promise<Batch> {
  requireValue("path", path, string);
  requireModel(model);
  requireValue("options", options, anyObject);
  const { tf } = requireEngine();
  try {
    const given = withUntrained(await readGiven(path, model), model);
    const { inputs, targets } = fit(numberClasses(given, model, options), model, options);
    for (const note of given.notes ?? []) options.onNote?.(`${path}: ${note}`);
    const make = (parsed: ParsedTensor[], dtypes: ("float32" | "int32" | "bool")[]) => {
      const tensors: Tensor[] = parsed.map(({ values, shape }, i) =>
        tf.tensor(ENTRIES[dtypes[i]].from(values), shape, dtypes[i])
      );
      return tensors.length === 1 ? tensors[0] : tensors;
    };
    return {
      inputs: make(inputs, model.inputs.map(({ dtype }) => dtype as "float32")),
      targets: targets === null ? null : make(targets, targets.map(() => "float32")),
      seed: null,
    };
  } catch (error) {
    if (error instanceof BatchError) error.within(path);
    throw error;
  }
}

/** Array types that TensorFlow.js needs for each dtype. */
const ENTRIES = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

/** Reads the tensors of a file of any kind. */
async function readGiven(path: string, model: LayersModel): Promise<Given> {
  const isFolder = await host.stat(path).then(({ isDirectory }) => isDirectory, () => false);
  if (isFolder) {
    const { readPictures } = await import("../files/read_pictures.ts");
    return await readPictures(path, model);
  }
  const [, extension = ""] = /[^/\\]\.(\w+)$/.exec(path.toLowerCase()) ?? [];
  if (["", "json"].includes(extension)) {
    return parseJsonBatch(await readJson(path, BatchError), model);
  }
  if (!["npy", "npz", "csv"].includes(extension)) {
    throw new BatchError(
      refusal`The file ends in .${extension}, expected .json, .npz, .npy, .csv or a folder of pictures`,
    );
  }
  let bytes: Uint8Array;
  try {
    bytes = await readUserFile(path);
  } catch (error) {
    throw new BatchError(fileRefusal(error), { cause: error });
  }
  if (extension === "csv") {
    const { readCsv } = await import("../files/read_csv.ts");
    return readCsv(new TextDecoder().decode(bytes));
  }
  const { parseNpy, readNpz } = await import("../files/read_npy.ts");
  return extension === "npy"
    ? { inputs: [parseNpy(bytes, "The file")], targets: null }
    : readNpz(bytes, layerNames(model.inputs), outputNames(model), trainedNames(model));
}

/** Adds targets of 0 for outputs without a loss if the file holds those of the others alone. */
function withUntrained(given: Given, model: LayersModel): Given {
  const isUntrained = untrainedOutputs(model);
  const { inputs, targets } = given;
  if (targets === null || targets.length === isUntrained.length) return given;
  const rest = [...targets];
  const all = isUntrained.map((none, i): ParsedTensor => {
    if (!none) return rest.shift()!;
    const open = model.outputs[i].shape.slice(1);
    const shape = [inputs[0].shape[0], ...open.map((size) => size ?? 1)];
    return { place: outputNames(model)[i], shape, values: new Float32Array(countOf(shape)!) };
  });
  return { ...given, targets: all };
}

/** Converts targets that number classes to the form that the objective takes. */
function numberClasses(
  { inputs, targets, classes }: Given,
  model: LayersModel,
  { objective }: ReadBatchOptions,
): Given {
  if (classes === undefined || targets === null) return { inputs, targets };
  const [{ values }] = targets;
  return { inputs, targets: [classTargets(values, classes, model, objective)] };
}

/** Rejects tensors that do not fit the model and the objective. */
function fit(
  { inputs, targets }: Given,
  model: LayersModel,
  { objective }: ReadBatchOptions,
): Given {
  if (inputs.length !== model.inputs.length) {
    throw new BatchError(
      refusal`The file holds ${inputs.length} input, expected ${model.inputs.length}: ${
        layerNames(model.inputs).map(showValue).join(", ")
      }`,
    );
  }
  const ranges = inputRanges(model);
  inputs.forEach((input, i) => {
    // Grey pictures and series of one feature are often stored without their last axis.
    const longer = [...input.shape, 1];
    if (hasShape(longer, model.inputs[i].shape)) input.shape = longer;
    requireShape(
      input,
      [model.inputs[i].shape],
      `as model ${showValue(model.name)} takes`,
    );
    const whole = model.inputs[i].dtype === "float32" ? null : { from: -(2 ** 31), to: 2 ** 31 };
    requireRange(input, ranges[i] ?? whole);
  });
  targets?.forEach((target, i) => {
    const output = [null, ...model.outputs[i].shape.slice(1)];
    const why = objective === "sparseCategoricalCrossentropy"
      ? `of class numbers as ${objective} takes`
      : `as model ${showValue(model.name)} outputs${
        typeof objective === "string" && lossTraits(objective)?.shapes !== undefined
          ? "; PyTorch refuses this shape, too"
          : ""
      }${
        objective === "categoricalCrossentropy" && holdsClassNumbers(target, model.outputs[i].shape)
          ? "; class numbers take the objective sparseCategoricalCrossentropy"
          : ""
      }`;
    if (takesTargets(output, target.shape, objective)) requireEntries(target);
    else requireShape(target, targetShapes(output, objective)!, why);
  });
  const uneven = findUneven(model, { inputs, targets });
  if (uneven !== undefined) {
    const { tensor: { place, shape }, expected } = uneven;
    const as = inputs[0].shape[0] === expected ? ` as ${inputs[0].place} has` : "";
    throw new BatchError(
      refusal`${place} has ${formatCount(shape[0], "example")}, expected ${expected}${as}`,
    );
  }
  return { inputs, targets };
}

function holdsClassNumbers({ shape }: ParsedTensor, output: readonly (number | null)[]): boolean {
  return targetShapes([null, ...output.slice(1)], "sparseCategoricalCrossentropy")!
    .some((expected) => hasShape(shape, expected));
}

function requireShape(
  { place, shape }: ParsedTensor,
  expected: readonly (readonly (number | null)[])[],
  why: string,
): void {
  if (!expected.some((one) => hasShape(shape, one))) {
    throw new BatchError(
      refusal`${place} has shape ${showShape(shape)}, expected ${showShape(expected[0])} ${why}`,
    );
  }
  requireEntries({ place, shape });
}

function requireEntries({ place, shape }: Pick<ParsedTensor, "place" | "shape">): void {
  if (shape.includes(0)) {
    throw new BatchError(
      refusal`${place} has shape ${showShape(shape)}, expected at least one entry`,
    );
  }
}

function requireRange({ place, shape, values }: ParsedTensor, range: InputRange | null): void {
  if (range === null) return;
  const { from, to, limit = to } = range;
  const bad = Array.prototype.findIndex.call(
    values,
    (value: number) => !Number.isInteger(value) || value < from && value !== 0 || value >= limit,
  );
  if (bad === -1) return;
  let rest = bad;
  const position = shape.map(() => 0);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    position[axis] = rest % shape[axis];
    rest = Math.floor(rest / shape[axis]);
  }
  const bound = limit < 2 ** 31 ? ` from 0 to ${limit - 1}, which the model looks up` : "";
  throw new BatchError({
    place: `${place} at [${position.join(", ")}]`,
    found: String(values[bad]),
    expected: `a whole number${bound}`,
  });
}

/**
 * Parses a batch in JSON: `{"inputs": T, "targets"?: T}`.
 *
 * @throws {BatchError} If it is not a batch.
 */
function parseJsonBatch(json: unknown, model: LayersModel): Given {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new BatchError(
      refusal`The file holds ${showValue(json)}, expected {"inputs", "targets"}`,
    );
  }
  const known = ["inputs", "targets"];
  const unknown = Object.keys(json).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new BatchError({
      place: showValue(unknown),
      found: "not a key of a batch",
      expected: '"inputs" and "targets"',
      hint: nearest(unknown, known),
    });
  }
  const { inputs: rawInputs, targets: rawTargets } = json as { inputs: unknown; targets?: unknown };
  const inputs = parseTensors(rawInputs, "inputs", layerNames(model.inputs));
  const targets = rawTargets === undefined || rawTargets === null
    ? null
    : parseTensors(rawTargets, "targets", namesGiven(rawTargets, model));
  return { inputs, targets };
}

/** Returns names of inputs; `model.inputNames` is empty for a `tf.sequential()`. */
const layerNames = (tensors: LayersModel["inputs"]) =>
  tensors.map((tensor) => tensor.sourceLayer.name);

/** Returns names of outputs: their keys in a dictionary, or those of their layers. */
const outputNames = ({ outputs, outputNames = [] }: LayersModel) =>
  layerNames(outputs).map((name, i) => outputNames[i] ?? name);

/** Returns the names of the outputs that have a loss. */
function trainedNames(model: LayersModel): string[] {
  const isUntrained = untrainedOutputs(model);
  return outputNames(model).filter((_, i) => !isUntrained[i]);
}

/** Returns the names of the outputs with targets in a file: of all, or of those with a loss alone. */
function namesGiven(targets: unknown, model: LayersModel): string[] {
  const given = Object.keys(Object(targets));
  const trained = trainedNames(model);
  const isTrained = given.length === trained.length &&
    trained.every((name) => given.includes(name));
  return isTrained ? trained : outputNames(model);
}

/** Parses one tensor per name, in the order of the names. */
function parseTensors(value: unknown, place: string, names: string[]): ParsedTensor[] {
  if (value === undefined) {
    throw new BatchError(
      refusal`"${place}" is missing, expected a nested array or {"shape", "values"}`,
    );
  }
  const byName = isObject(value) && !isFlatTensor(value);
  if (byName) {
    const unknown = Object.keys(value).find((key) => !names.includes(key));
    const missing = names.find((name) => !Object.hasOwn(value, name));
    if (unknown !== undefined || missing !== undefined) {
      throw new BatchError({
        place,
        verb: "has",
        found: unknown === undefined ? `no ${showValue(missing!)}` : showValue(unknown),
        expected: names.map(showValue).join(", "),
      });
    }
    return names.map((name) =>
      parseTensor((value as Record<string, unknown>)[name], `${place}[${showValue(name)}]`)
    );
  }
  if (names.length === 1) return [parseTensor(value, place)];
  if (!Array.isArray(value) || value.length !== names.length) {
    throw new BatchError({
      place,
      found: showValue(value),
      expected: `an array of ${names.length}: ${names.map(showValue).join(", ")}`,
    });
  }
  return value.map((one, i) => parseTensor(one, `${place}[${i}]`));
}
