/**
 * Measuring: a model and a batch in, {@linkcode Measurements} out.
 *
 * @module
 */
export * from "./measure.ts";
export * from "./measure_error.ts";
export type * from "./measure_options.ts";
export type * from "./layer_settings.ts";
export type * from "./measurements.ts";
export { LOSSES, type LossName, type Objective } from "../model/objective.ts";
export type * from "./tensor_statistics.ts";
