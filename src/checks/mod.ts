/**
 * Checks: pure rules from measurements to findings.
 *
 * @module
 */
export * from "./activation_scale.ts";
export * from "./activations_not_saturated.ts";
export * from "./all_finite.ts";
export * from "./batch_independence.ts";
export * from "./bias_init.ts";
export * from "./causality.ts";
export type * from "./check.ts";
export type * from "./check_options.ts";
export type * from "./finding.ts";
export * from "./gradient_balance.ts";
export * from "./gradient_ratio_near.ts";
export * from "./gradients_flow.ts";
export * from "./gradients_match_numeric.ts";
export * from "./init_scale.ts";
export * from "./initial_loss.ts";
export * from "./input_dependence.ts";
export * from "./input_normalized.ts";
export * from "./judge_rule.ts";
export * from "./loss_reduction.ts";
export * from "./matches_baseline.ts";
export type * from "./model_rule.ts";
export * from "./model_rules.ts";
export * from "./no_dead_units.ts";
export * from "./no_exploding_gradients.ts";
export * from "./no_vanishing_gradients.ts";
export * from "./output_head.ts";
export * from "./overfits_batch.ts";
export type * from "./rule.ts";
export * from "./rules.ts";
export * from "./run_checks.ts";
export * from "./symmetry_broken.ts";
export * from "./thresholds.ts";
export * from "./update_ratio.ts";
export * from "./weights_change.ts";
export * from "./weights_frozen.ts";
export type * from "../measure/measurements.ts";
export type * from "../measure/tensor_statistics.ts";
export type * from "../probe/types.ts";
