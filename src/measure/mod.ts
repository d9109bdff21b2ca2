/**
 * Measuring: a model and a batch in, {@linkcode Measurements} out; or the tensors themselves.
 *
 * @module
 */
export * from "./activations.ts";
export type { TensorChoice } from "./choose_tensors.ts";
export * from "./gradients.ts";
export * from "./measure.ts";
export * from "./measure_error.ts";
export type * from "./measure_options.ts";
export type { AttentionRows } from "./attention_rows.ts";
export type * from "./example_alikeness.ts";
export type * from "./token_alikeness.ts";
export type { RowAlikeness } from "../theory/row_alikeness.ts";
export type * from "./layer_settings.ts";
export { measureWeights } from "./measure_weights.ts";
export type * from "./measurements.ts";
export { LOSSES, type LossName, type Objective } from "../model/objective.ts";
export * from "./statistics.ts";
export type { TakenTensors } from "./taken_tensors.ts";
export type * from "./tensor_statistics.ts";
