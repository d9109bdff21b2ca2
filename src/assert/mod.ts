/**
 * Assertions over measurements, for `deno test` and anything else that catches an `AssertionError`.
 *
 * @module
 */
export * from "./assert_activations_not_saturated.ts";
export * from "./assert_all_finite.ts";
export * from "./assert_no_dead_units.ts";
export * from "./assert_no_exploding_gradients.ts";
export * from "./assert_no_vanishing_gradients.ts";
export type { CheckOptions, IgnoredLayer } from "../checks/check_options.ts";
export type { Thresholds } from "../checks/thresholds.ts";
export type * from "../measure/measurements.ts";
export type * from "../measure/tensor_statistics.ts";
