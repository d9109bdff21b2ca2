/**
 * Checks: pure rules from measurements to findings.
 *
 * @module
 */
export * from "./rules/activation_scale.ts";
export * from "./rules/saturated_activations.ts";
export * from "./rules/non_finite.ts";
export * from "./model_rules/batch_independence.ts";
export * from "./rules/bias_init.ts";
export * from "./model_rules/causality.ts";
export type * from "./check.ts";
export type * from "./check_options.ts";
export type * from "./finding.ts";
export * from "./rules/gradient_balance.ts";
export * from "./rules/gradient_ratio.ts";
export * from "./rules/gradients_flow.ts";
export * from "./model_rules/numeric_gradients.ts";
export * from "./rules/init_scale.ts";
export * from "./rules/initial_loss.ts";
export * from "./model_rules/input_dependence.ts";
export * from "./rules/input_normalized.ts";
export * from "./judge_rule.ts";
export * from "./model_rules/loss_reduction.ts";
export * from "./matches_baseline.ts";
export type * from "./model_rule.ts";
export * from "./model_rules.ts";
export * from "./rules/dead_units.ts";
export * from "./rules/exploding_gradients.ts";
export * from "./rules/vanishing_gradients.ts";
export * from "./rules/output_head.ts";
export * from "./model_rules/overfits_batch.ts";
export type * from "./rule.ts";
export * from "./rules.ts";
export * from "./run_checks.ts";
export * from "./rules/symmetry.ts";
export * from "./thresholds.ts";
export * from "./model_rules/update_ratio.ts";
export * from "./model_rules/weights_change.ts";
export * from "./model_rules/weights_frozen.ts";
export type * from "../measure/measurements.ts";
export type * from "../measure/tensor_statistics.ts";
export type * from "../probe/types.ts";
