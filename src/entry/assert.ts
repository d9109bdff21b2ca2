/**
 * Assertions over measurements, and over a model and a batch for what one pass cannot tell. They
 * work with `deno test` and anything else that catches an `AssertionError`.
 *
 * @module
 */
export * from "../core/assert/across_seeds.ts";
export type { AssertHealthyOptions, HealthyOptions } from "../core/assert/assert_model_healthy.ts";
export * from "../study/growth/assert_scale_free.ts";
export { assertTrains, type AssertTrainsOptions } from "../training/monitor/assert_trains.ts";
export { assertRule } from "../core/assert/assert_rule.ts";
export type { CreateModel, DrawOptions } from "../core/assert/create_model.ts";
export * from "../training/monitor/health_monitor.ts";
export type { FindingResponse, OnFinding } from "../training/monitor/monitor_state.ts";
export type { Lowered } from "../training/training_step.ts";
export type { LayerSignals, TrainingStep } from "../training/training_step.ts";
export type { HealthRecord } from "../training/monitor/health_record.ts";
export * from "../core/assert/assertions.ts";
export * from "../core/assert/test_gradient_health.ts";
export type { IgnoredLayer, RuleOptions } from "../core/rules/rule.ts";
export type { Finding } from "../core/rules/finding.ts";
export type { RunRulesOptions } from "../core/rules/judge_rule.ts";
export type { Thresholds } from "../core/rules/thresholds.ts";
export type { Fix, FixMoments, FixWeight } from "../core/diagnosis/fix.ts";
export type { WeightProgress } from "../training/training_pass.ts";
export type { Cause, Consequence, Tried, TriedFigure } from "../core/diagnosis/diagnosis.ts";
export type { Callback, TensorFlow } from "../engine/tensorflow.ts";
export type * from "../core/measure/measurements.ts";
export type { TensorStatistics } from "../core/measure/measurements.ts";
export type * from "../core/probe/types.ts";
