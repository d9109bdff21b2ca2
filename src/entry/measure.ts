/**
 * Measuring: a model and a batch in, {@linkcode Measurements} out; or the tensors themselves.
 *
 * @module
 */
export * from "../core/measure/pass_tensors.ts";
export { statistics, type TakenTensors, type TensorChoice } from "../core/measure/taken_tensors.ts";
export { measure } from "../core/measure/measure.ts";
export {
  MeasureError,
  type MeasureOptions,
  type PassProgress,
} from "../core/measure/measure_options.ts";
export type { AttentionRows } from "../core/measure/attention_rows.ts";
export type {
  ExampleAlikeness,
  RowAlikeness,
  TokenAlikeness,
} from "../ground/theory/row_alikeness.ts";
export type * from "../core/measure/measurements.ts";
export * from "../checkpoint/mod.ts";
export { LOSSES, type LossName } from "../ground/traits/losses.ts";
export type { LossCall } from "../ground/traits/parse_loss.ts";
export { type Objective } from "../core/model/objective.ts";
export type { TensorStatistics } from "../core/measure/measurements.ts";
export type { ValueBins } from "../core/measure/value_bins.ts";
