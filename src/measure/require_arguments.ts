import { InputError, refusal } from "../words/input_error.ts";
import { showValue } from "../words/show_value.ts";
import type { LayersModel, Tensor } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batches/batch.ts";
import { countExamples, findUneven } from "../model/layers/shapes.ts";
import { requireModel } from "../model/require_model.ts";
import type { MeasureOptions } from "./measure_options.ts";
import { inputName } from "../model/names.ts";
import { anyObject, nullable, number, optional, requireValue } from "../words/shape.ts";

/**
 * Checks that the arguments are a model and a batch, for callers without a type checker.
 *
 * @throws {InputError} If one of them is not.
 */
export function requireMeasurable(model: LayersModel, batch: Batch): void {
  requireModel(model);
  const { inputs } = Object(batch) as Partial<Batch>;
  if (inputs !== undefined && inputs !== null && !isTensor(batch)) {
    return requireValue("batch.seed", batch.seed, optional(nullable(number)));
  }
  throw new InputError(
    { place: "batch", found: kindOf(batch), expected: "{ inputs, targets } of tensors" },
  );
}

const isTensor = (value: unknown) => typeof Object(value).dataSync === "function";

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (isTensor(value)) return "a tensor";
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return `a ${typeof value}`;
  const keys = Object.keys(value);
  return keys.length > 0 && keys.length <= 3 ? `{ ${keys.join(", ")} }` : "another object";
}

const KNOWN: Record<keyof Required<MeasureOptions>, (value: unknown) => string | null> = {
  objective: () => null,
  batchNormalization: (value) =>
    value === "inference" || value === "training" ? null : '"inference" or "training"',
  penalties: (value) => typeof value === "boolean" ? null : "true or false",
  histograms: (value) => typeof value === "boolean" ? null : "true or false",
  microBatch: (value) =>
    value === "auto" || Number.isSafeInteger(value) && value as number >= 1
      ? null
      : '"auto" or a whole number of at least 1',
  source: (value) => value === null || typeof value === "string" ? null : "a string or null",
  seed: (value) => value === null || Number.isSafeInteger(value) ? null : "an integer or null",
  onProgress: (value) => typeof value === "function" ? null : "a function",
};

/**
 * Checks the options of a measurement, for callers without a type checker.
 *
 * @param caller Function that takes them.
 * @param known Options that it takes. Default: all of a measurement.
 * @throws {InputError} If an option is unknown or has a value that it does not take.
 */
export function requireMeasureOptions(
  options: MeasureOptions,
  caller = "measure",
  known: readonly string[] = Object.keys(KNOWN),
): void {
  requireValue("options", options, anyObject);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!known.includes(name)) {
      throw new InputError(
        refusal`${caller}() has no option ${name}, expected ${known.join(", ")}`,
      );
    }
    if (!Object.hasOwn(KNOWN, name)) continue;
    const expected = KNOWN[name as keyof MeasureOptions](value);
    if (expected === null) continue;
    throw new InputError({ place: name, found: showValue(value), expected });
  }
}

/**
 * Checks that the inputs of a batch suit the model, and that neither was disposed of.
 *
 * @returns The number of examples.
 * @throws {InputError} If something is not a tensor, it or the model was disposed of, or the model
 * lists an output twice, or if the number of inputs, a shape, or a number of examples is off.
 */
export function requireModelBatch(
  model: LayersModel,
  inputs: Tensor[],
  targets: Tensor[] | null,
): number {
  const all = [...inputs, ...targets ?? []];
  for (const tensor of all) requireTensor(tensor);
  if (inputs.length !== model.inputs.length) {
    throw new InputError({
      place: "batch.inputs",
      verb: "has",
      found: String(inputs.length),
      expected: `${model.inputs.length} as model ${model.name} has`,
    });
  }
  for (const [i, input] of inputs.entries()) requireInputShape(model, i, input);
  const examples = countExamples(model, inputs);
  const other = findUneven(model, { inputs, targets });
  if (other !== undefined) {
    throw new InputError({
      place: "batch",
      verb: "has",
      found: `tensors with ${other.expected} and ${other.tensor.shape[0]} examples`,
      expected: "the same first axis for all",
    });
  }
  if (!(examples > 0)) {
    throw new InputError(refusal`batch has 0 examples, expected at least 1`);
  }
  const empty = inputs.findIndex(({ size }) => size === 0);
  if (empty === -1) return examples;
  throw new InputError({
    place: `batch.inputs[${empty}]`,
    verb: "has",
    found: `shape [${inputs[empty].shape.join(", ")}]`,
    expected: "at least one entry",
  });
}

function requireTensor(tensor: Tensor): void {
  if (!Array.isArray(tensor?.shape) || typeof tensor.dataSync !== "function") {
    throw new InputError(
      refusal`batch has ${showValue(tensor)} among its tensors, expected only tensors`,
    );
  }
  if (!tensor.isDisposed) return;
  throw new InputError({
    place: "batch",
    verb: "has",
    found: "a tensor that was disposed of",
    expected: `a live one: its shape is [${tensor.shape.join(", ")}]`,
  });
}

function requireInputShape(model: LayersModel, index: number, { shape }: Tensor): void {
  const expected = model.inputs[index].shape;
  const fits = expected.length === shape.length &&
    expected.every((size, axis) => size === null || size === shape[axis]);
  if (fits) return;
  throw new InputError({
    place: `batch.inputs[${index}]`,
    verb: "has",
    found: `shape [${shape.join(", ")}]`,
    expected: `[${expected.map((size) => size ?? "any").join(", ")}] as the input ${
      showValue(inputName(model, index))
    } of model ${model.name} has`,
  });
}
