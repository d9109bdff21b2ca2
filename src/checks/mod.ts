/**
 * Checks: pure rules from measurements to findings.
 *
 * @module
 */
export * from "./activations_not_saturated.ts";
export * from "./all_finite.ts";
export * from "./check.ts";
export * from "./check_options.ts";
export * from "./finding.ts";
export * from "./no_dead_units.ts";
export * from "./no_exploding_gradients.ts";
export * from "./no_vanishing_gradients.ts";
export * from "./rule.ts";
export * from "./rules.ts";
export * from "./run_checks.ts";
export * from "./thresholds.ts";
export type * from "../measure/measurements.ts";
export type * from "../measure/tensor_statistics.ts";
