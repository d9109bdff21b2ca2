/**
 * Measuring: a model and a batch in, {@linkcode Measurements} out.
 *
 * @module
 */
export * from "./measurements.ts";
export * from "./tensor_statistics.ts";
export * from "./measure.ts";
export * from "./measure_options.ts";
export * from "./measure_error.ts";
export * from "./objective.ts";
