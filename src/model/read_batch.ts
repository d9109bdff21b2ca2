import { requireEngine } from "../engine/running_engine.ts";
import type { LayersModel, Tensor } from "../engine/tensorflow.ts";
import { nearest } from "../words/nearest.ts";
import { showValue } from "../words/show_value.ts";
import type { Batch } from "./batch.ts";
import { BatchError } from "./batch_error.ts";
import { type InputRange, inputRanges } from "./input_ranges.ts";
import type { Objective } from "./objective.ts";
import { isFlatTensor, type ParsedTensor, parseTensor } from "./parse_tensor.ts";
import { readJson } from "./read_json.ts";
import { hasShape, showShape, targetShapes } from "./shapes.ts";
import { requireModel } from "./require_model.ts";
import { object, requireValue, text } from "../words/requirements.ts";

/** Options of {@linkcode readBatch}. */
export interface ReadBatchOptions {
  /**
   * What the targets are for. A loss takes targets of the output's shape,
   * `sparseCategoricalCrossentropy` takes class numbers in place of the last axis, and a function takes
   * anything. Default: either of the two shapes is accepted.
   */
  objective?: Objective;
}

/**
 * Reads a batch from a JSON file: `{"inputs": T, "targets"?: T}`. T is a nested array, examples
 * outermost, or `{"shape": [...], "values": [...]}`; for a model with several inputs (or outputs) an array
 * of these in the model's order, or an object with one for each name.
 * `"NaN"`, `"Infinity"` and `"-Infinity"` stand for the numbers that JSON does not have.
 *
 * @param path The file.
 * @param model The model that the batch is for.
 * @param options The objective.
 * @returns The batch, with `seed: null`; the caller disposes its tensors.
 * @throws {EngineError} If no engine runs.
 * @throws {BatchError} If the file is missing or holds no batch for this model: one sentence that
 *   names the file, the place in it, what was found and what was expected.
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
  requireValue("path", path, text);
  requireModel(model);
  requireValue("options", options, object);
  const { tf } = requireEngine();
  const json = await readJson(path, BatchError);
  try {
    const { inputs, targets } = parseBatch(json, model, options);
    const make = (parsed: ParsedTensor[], dtypes: ("float32" | "int32" | "bool")[]) => {
      const tensors: Tensor[] = parsed.map(({ values, shape }, i) =>
        tf.tensor(values, shape, dtypes[i])
      );
      return tensors.length === 1 ? tensors[0] : tensors;
    };
    return {
      inputs: make(inputs, model.inputs.map(({ dtype }) => dtype as "float32")),
      targets: targets === null ? null : make(targets, targets.map(() => "float32")),
      seed: null,
    };
  } catch (error) {
    if (error instanceof BatchError) error.message = `${path}: ${error.message}`;
    throw error;
  }
}

function parseBatch(json: unknown, model: LayersModel, { objective }: ReadBatchOptions) {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new BatchError(`The file holds ${showValue(json)}, expected {"inputs", "targets"}`);
  }
  const known = ["inputs", "targets"];
  const unknown = Object.keys(json).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new BatchError(
      `${showValue(unknown)} is not a key of a batch, expected "inputs" and "targets"` +
        nearest(unknown, known),
    );
  }
  const { inputs: rawInputs, targets: rawTargets } = json as { inputs: unknown; targets?: unknown };
  const inputs = parseTensors(rawInputs, "inputs", layerNames(model.inputs));
  const ranges = inputRanges(model);
  inputs.forEach((input, i) => {
    requireShape(
      input,
      [model.inputs[i].shape],
      `as model ${showValue(model.name)} takes`,
    );
    const whole = model.inputs[i].dtype === "float32" ? null : { from: -(2 ** 31), to: 2 ** 31 };
    requireRange(input, ranges[i] ?? whole);
  });
  const targets = rawTargets === undefined || rawTargets === null
    ? null
    : parseTensors(rawTargets, "targets", layerNames(model.outputs));
  targets?.forEach((target, i) => {
    const shapes = targetShapes([null, ...model.outputs[i].shape.slice(1)], objective);
    const why = objective === "sparseCategoricalCrossentropy"
      ? `of class numbers as ${objective} takes`
      : `as model ${showValue(model.name)} puts out`;
    if (shapes !== null) requireShape(target, shapes, why);
  });
  const examples = inputs[0].shape[0];
  for (const { place, shape } of [...inputs, ...targets ?? []]) {
    if (shape[0] !== examples) {
      throw new BatchError(
        `${place} has ${shape[0]} examples, expected ${examples} as ${inputs[0].place} has`,
      );
    }
  }
  return { inputs, targets };
}

/** Names of inputs or outputs; `model.inputNames` is empty for a `tf.sequential()`. */
const layerNames = (tensors: LayersModel["inputs"]) =>
  tensors.map((tensor) => tensor.sourceLayer.name);

/** One tensor per name, in the order of the names. */
function parseTensors(value: unknown, place: string, names: string[]): ParsedTensor[] {
  if (value === undefined) throw new BatchError(`"${place}" is missing`);
  const byName = typeof value === "object" && value !== null && !Array.isArray(value) &&
    !isFlatTensor(value);
  if (byName) {
    const unknown = Object.keys(value).find((key) => !names.includes(key));
    const missing = names.find((name) => !Object.hasOwn(value, name));
    if (unknown !== undefined || missing !== undefined) {
      throw new BatchError(
        `${place} has ${
          unknown === undefined ? `no ${showValue(missing!)}` : showValue(unknown)
        }, ` +
          `expected ${names.map(showValue).join(", ")}`,
      );
    }
    return names.map((name) =>
      parseTensor((value as Record<string, unknown>)[name], `${place}[${showValue(name)}]`)
    );
  }
  if (names.length === 1) return [parseTensor(value, place)];
  if (!Array.isArray(value) || value.length !== names.length) {
    throw new BatchError(
      `${place} is ${showValue(value)}, expected an array of ${names.length}: ` +
        names.map(showValue).join(", "),
    );
  }
  return value.map((one, i) => parseTensor(one, `${place}[${i}]`));
}

function requireShape(
  { place, shape }: ParsedTensor,
  expected: readonly (readonly (number | null)[])[],
  why: string,
): void {
  if (!expected.some((one) => hasShape(shape, one))) {
    throw new BatchError(
      `${place} has shape ${showShape(shape)}, expected ${showShape(expected[0])} ${why}`,
    );
  }
  if (shape.includes(0)) {
    throw new BatchError(`${place} has shape ${showShape(shape)}: it is empty`);
  }
}

function requireRange({ place, shape, values }: ParsedTensor, range: InputRange | null): void {
  if (range === null) return;
  const bad = values.findIndex((value) =>
    !Number.isInteger(value) || value < range.from && value !== 0 || value >= range.to
  );
  if (bad === -1) return;
  let rest = bad;
  const position = shape.map(() => 0);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    position[axis] = rest % shape[axis];
    rest = Math.floor(rest / shape[axis]);
  }
  throw new BatchError(
    `${place} at [${position.join(", ")}] is ${values[bad]}, expected a whole number` +
      (range.to < 2 ** 31 ? ` from 0 to ${range.to - 1}, which the model looks up` : ""),
  );
}
