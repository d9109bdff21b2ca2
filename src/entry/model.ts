/**
 * Models and batches: loading, creating and drawing them, and their weights.
 *
 * @module
 */
export type { Layer, LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
export { type Batch, BatchError } from "../core/model/batches/batch.ts";
export type { BatchSize } from "../core/model/layers/shapes.ts";
export { exerciseModel, type ExerciseModelOptions } from "../core/model/layers/exercise_model.ts";
export { type LeafLayer, leafLayers } from "../core/model/layers/leaf_layers.ts";
export { loadModel } from "../load/load_model.ts";
export type { LoadedModel, LoadModelOptions, ModelSize } from "../core/model/loaded_model.ts";
export type { FileIdentity } from "../files/byte_source.ts";
export type { RemotePlace } from "../files/remote/mailbox.ts";
export { ModelError } from "../core/model/model_error.ts";
export type { ModelModule } from "../load/load_model_module.ts";
export * from "../core/model/weights/model_weights.ts";
export type { LossName } from "../ground/traits/losses.ts";
export type { Objective } from "../core/model/objective.ts";
export {
  randomBatch,
  type RandomBatchOptions,
  randomTargets,
  type RandomTargetsOptions,
} from "../core/model/batches/random_batch.ts";
export * from "../load/read_batch.ts";
export { readWeights, type ReadWeightsOptions } from "../load/read_weights.ts";
export { saveModel, type SaveOptions } from "../keras/save_model.ts";
export * from "../load/load_weights.ts";
export type { FileTensor, NetworkConfig, WeightsFile } from "../files/weights_file.ts";
export type { FileType } from "../ground/traits/number_types.ts";
