/**
 * Models and batches: loading, creating and drawing them, and their weights.
 *
 * @module
 */
export type { Layer, LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
export type * from "./batch.ts";
export * from "./batch_error.ts";
export type { BatchSize } from "./shapes.ts";
export * from "./exercise_model.ts";
export * from "./get_weights.ts";
export * from "./leaf_layers.ts";
export * from "./load_model.ts";
export type { LoadedModel } from "./loaded_model.ts";
export * from "./model_error.ts";
export type * from "./model_module.ts";
export * from "./model_weights.ts";
export type { LossName, Objective } from "./objective.ts";
export * from "./random_batch.ts";
export * from "./random_targets.ts";
export * from "./read_batch.ts";
export { readWeights } from "./read_weights.ts";
export * from "./rescale_weights.ts";
export { saveModel, type SaveOptions } from "./save_model.ts";
export * from "./set_weights.ts";
export * from "./torch/load_weights.ts";
export type * from "./weights_file.ts";
