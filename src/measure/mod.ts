/**
 * Measuring: a model and a batch in, {@linkcode Measurements} out; or the tensors themselves.
 *
 * @module
 */
export * from "./pass_tensors.ts";
export { statistics, type TakenTensors, type TensorChoice } from "./taken_tensors.ts";
export { measure } from "./measure.ts";
export { MeasureError, type MeasureOptions, type PassProgress } from "./measure_options.ts";
export type { AttentionRows } from "./attention_rows.ts";
export type { ExampleAlikeness, RowAlikeness, TokenAlikeness } from "../theory/row_alikeness.ts";
export type * from "./measurements.ts";
export {
  compareCheckpoints,
  type TensorChange,
  type WeightsComparison,
} from "./checkpoint/compare_checkpoints.ts";
export type { SweepProgress } from "./checkpoint/sweep_in_parallel.ts";
export {
  measureCheckpoint,
  type MeasureCheckpointOptions,
  measureWeights,
} from "./checkpoint/measure_checkpoint.ts";
export { LOSSES, type LossName } from "../traits/losses.ts";
export type { LossCall } from "../traits/parse_loss.ts";
export { type Objective } from "../model/objective.ts";
export type { TensorStatistics } from "./measurements.ts";
export type { ValueBins } from "./value_bins.ts";
