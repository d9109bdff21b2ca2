/**
 * Measuring: a model and a batch in, {@linkcode Measurements} out.
 *
 * @module
 */
export type * from "./measurements.ts";
export type * from "./tensor_statistics.ts";
export * from "./measure.ts";
export type * from "./measure_options.ts";
export * from "./measure_error.ts";
export * from "./objective.ts";
