/**
 * Models and batches: loading, creating and drawing them, and their weights.
 *
 * @module
 */
export type { Layer, LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
export { type Batch, BatchError } from "../model/batches/batch.ts";
export type { BatchSize } from "../model/layers/shapes.ts";
export { exerciseModel, type ExerciseModelOptions } from "../model/layers/exercise_model.ts";
export { type LeafLayer, leafLayers } from "../model/layers/leaf_layers.ts";
export { loadModel } from "./load_model.ts";
export type { LoadedModel, LoadModelOptions, ModelSize } from "../model/loaded_model.ts";
export type { FileIdentity } from "../model/files/byte_source.ts";
export type { RemotePlace } from "../model/files/remote/mailbox.ts";
export { ModelError } from "../model/model_error.ts";
export type { ModelModule } from "./load_model_module.ts";
export * from "../model/weights/model_weights.ts";
export type { LossName } from "../traits/losses.ts";
export type { Objective } from "../model/objective.ts";
export {
  randomBatch,
  type RandomBatchOptions,
  randomTargets,
  type RandomTargetsOptions,
} from "../model/batches/random_batch.ts";
export * from "./read_batch.ts";
export { readWeights, type ReadWeightsOptions } from "./read_weights.ts";
export { saveModel, type SaveOptions } from "./save_model.ts";
export * from "./load_weights.ts";
export type {
  FileTensor,
  FileType,
  NetworkConfig,
  WeightsFile,
} from "../model/weights/weights_manifest.ts";
