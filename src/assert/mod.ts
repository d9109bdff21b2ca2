/**
 * Assertions over measurements, and over a model and a batch where one pass cannot tell; for `deno test`
 * and anything else that catches an `AssertionError`.
 *
 * @module
 */
export * from "./across_seeds.ts";
export * from "./assert_activation_scale.ts";
export * from "./assert_activations_not_saturated.ts";
export * from "./assert_all_finite.ts";
export * from "./assert_batch_independence.ts";
export * from "./assert_bias_init.ts";
export * from "./assert_causal.ts";
export * from "./assert_depends_on_input.ts";
export * from "./assert_gradient_balance.ts";
export * from "./assert_gradient_ratio_near.ts";
export * from "./assert_gradients_flow.ts";
export * from "./assert_gradients_match_numeric.ts";
export * from "./assert_healthy.ts";
export * from "./assert_init_scale.ts";
export * from "./assert_initial_loss.ts";
export * from "./assert_input_normalized.ts";
export * from "./assert_loss_reduction.ts";
export * from "./assert_matches_baseline.ts";
export * from "./assert_no_dead_units.ts";
export * from "./assert_no_exploding_gradients.ts";
export * from "./assert_no_vanishing_gradients.ts";
export * from "./assert_output_head.ts";
export * from "./assert_overfits_batch.ts";
export * from "./assert_symmetry_broken.ts";
export * from "./assert_update_ratio.ts";
export * from "./assert_weights_change.ts";
export * from "./assert_weights_frozen.ts";
export type * from "./create_model.ts";
export * from "./health_monitor.ts";
export * from "./test_gradient_health.ts";
export type { CheckOptions, IgnoredLayer } from "../checks/check_options.ts";
export type { Finding } from "../checks/finding.ts";
export type { RunChecksOptions } from "../checks/judge_rule.ts";
export type { Thresholds } from "../checks/thresholds.ts";
export type { Callback, TensorFlow } from "../engine/tensorflow.ts";
export type * from "../measure/measurements.ts";
export type * from "../measure/tensor_statistics.ts";
export type * from "../probe/types.ts";
