/**
 * Assertions over measurements, and over a model and a batch for what one pass cannot tell. They
 * work with `deno test` and anything else that catches an `AssertionError`.
 *
 * @module
 */
export * from "./across_seeds.ts";
export type { AssertHealthyOptions, HealthyOptions } from "./assert_model_healthy.ts";
export * from "./assert_scale_free.ts";
export { assertTrains, type AssertTrainsOptions } from "./assert_trains.ts";
export { assertRule } from "./assert_rule.ts";
export type { CreateModel, DrawOptions } from "./create_model.ts";
export * from "./health_monitor.ts";
export type { FindingResponse, OnFinding } from "./monitor_state.ts";
export type { Lowered } from "../training/training_step.ts";
export type { LayerSignals, TrainingStep } from "../training/training_step.ts";
export type { HealthRecord } from "./health_record.ts";
export * from "./assertions.ts";
export * from "./test_gradient_health.ts";
export type { IgnoredLayer, RuleOptions } from "../rules/rule.ts";
export type { Finding } from "../rules/finding.ts";
export type { RunRulesOptions } from "../rules/judge_rule.ts";
export type { Thresholds } from "../rules/thresholds.ts";
export type { Fix, FixMoments, FixWeight } from "../diagnosis/fix.ts";
export type { WeightProgress } from "../training/training_pass.ts";
export type { Cause, Consequence, Tried, TriedFigure } from "../diagnosis/diagnosis.ts";
export type { Callback, TensorFlow } from "../engine/tensorflow.ts";
export type * from "../measure/measurements.ts";
export type { TensorStatistics } from "../measure/measurements.ts";
export type * from "../probe/types.ts";
