import { unmeasurableReason } from "../engine/repairs/layer_repair.ts";
import type { Layer, LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batches/batch.ts";
import { containerLayers, type LeafLayer, leafLayers } from "../model/layers/leaf_layers.ts";
import { type ModelWeight, modelWeights } from "../model/weights/model_weights.ts";
import { requireModelBatch } from "./require_arguments.ts";
import { chooseObjective, type ChosenObjective } from "./choose_objective.ts";
import { MeasureError, type MeasureOptions } from "./measure_options.ts";
import { normalizedOnBatch } from "./training_facts.ts";
import { type MemoryPlan, planMemory } from "./plan_memory.ts";

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
