import { unmeasurableReason } from "../../engine/repairs/layer_repair.ts";
import type { Layer, LayersModel, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import type { Batch } from "../model/batches/batch.ts";
import { containerLayers, type LeafLayer, leafLayers } from "../model/layers/leaf_layers.ts";
import { type ModelWeight, modelWeights } from "../model/weights/model_weights.ts";
import { chooseObjective, type ChosenObjective } from "./choose_objective.ts";
import { MeasureError, type MeasureOptions } from "./measure_options.ts";
import { normalizedOnBatch } from "./training_facts.ts";
import { type MemoryPlan, planMemory } from "./plan_memory.ts";
import { InputError, refusal } from "../../ground/words/input_error.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { countExamples, findUneven } from "../model/layers/shapes.ts";
import { requireModel } from "../model/require_model.ts";
import { inputName } from "../model/names.ts";
import {
  anyObject,
  boolean,
  callable,
  integer,
  nullable,
  number,
  oneOf,
  optional,
  primitive,
  requireKnownOptions,
  requireValue,
  type Shape,
  string,
  unknown,
} from "../../ground/words/shape.ts";

/** Checked plan of a pass; the model was not touched yet. */
export interface PassPlan {
  readonly model: LayersModel;
  readonly batch: Batch;
  readonly options: MeasureOptions;
  /** Inputs and targets of the batch, as lists. */
  readonly inputs: Tensor[];
  readonly targets: Tensor[] | null;
  /** Number of examples in the batch. */
  readonly examples: number;
  /** Objective, and why it was chosen. */
  readonly chosen: ChosenObjective;
  /** Layers to measure, with their paths. */
  readonly leaves: LeafLayer[];
  /** Same layers without their paths. */
  readonly layers: Layer[];
  /** Layers that only call others. */
  readonly containers: Layer[];
  /** Batch normalisations that run on the statistics of the batch. */
  readonly onBatch: ReadonlySet<Layer>;
  /** Weights of all layers. */
  readonly weights: ModelWeight[];
  /** Way to fit the pass into the heap. */
  readonly memory: MemoryPlan;
}

/**
 * Checks that a model can be measured on a batch, and fills in the options that were not given.
 *
 * @throws {InputError} If the batch does not fit the model, or the heap cannot hold the pass, or if
 * the batch holds something other than tensors, or the objective is unknown.
 * @throws {MeasureError} If a layer cannot be run.
 */
export function planPass(
  tf: TensorFlow,
  model: LayersModel,
  batch: Batch,
  options: MeasureOptions,
): PassPlan {
  const inputs = [batch.inputs].flat();
  const targets = batch.targets == null ? null : [batch.targets].flat();
  const examples = requireModelBatch(model, inputs, targets);
  const { objective } = options;
  const chosen = chooseObjective(tf, model, { objective, targets, seed: batch.seed ?? 0 });
  const leaves = leafLayers(model);
  const layers = leaves.map(({ layer }) => layer);
  for (const layer of layers) {
    const reason = unmeasurableReason(layer);
    if (reason !== null) throw new MeasureError(reason);
  }
  const containers = containerLayers(model);
  const onBatch = normalizedOnBatch(layers, examples, options.batchNormalization);
  const shapes = inputs.map(({ shape }) => shape);
  const memory = planMemory(
    { model, layers, containers, inputs: shapes, onBatch },
    options.microBatch,
  );
  const weights = modelWeights(model, leaves);
  return {
    model,
    batch,
    options,
    inputs,
    targets,
    examples,
    chosen,
    leaves,
    layers,
    containers,
    onBatch,
    weights,
    memory,
  };
}

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

const OPTIONS: Record<keyof MeasureOptions, Shape<unknown>> = {
  objective: unknown,
  batchNormalization: oneOf("inference", "training"),
  penalties: boolean,
  histograms: boolean,
  microBatch: primitive(
    '"auto" or a whole number of at least 1',
    (value) => value === "auto" || Number.isSafeInteger(value) && value as number >= 1,
  ),
  source: nullable(string),
  seed: nullable(integer),
  onProgress: callable,
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
  known: readonly string[] = Object.keys(OPTIONS),
): void {
  requireValue("options", options, anyObject);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  requireKnownOptions(caller, Object.fromEntries(given), known);
  for (const [name, value] of given) {
    if (Object.hasOwn(OPTIONS, name)) {
      requireValue(name, value, OPTIONS[name as keyof MeasureOptions]);
    }
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
