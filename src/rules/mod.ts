/**
 * Rules: pure functions from measurements to findings.
 *
 * @module
 */
export type {
  AssertionDocumentation,
  IgnoredLayer,
  LayerOptions,
  Rule,
  RuleDocumentation,
  RuleFigure,
  RuleOptions,
  RuleStage,
  RuleTag,
  StudyWords,
  ThresholdEntry,
  ThresholdOptions,
  ThresholdTable,
} from "./rule.ts";
export { defineRule, RuleError } from "./define_rule.ts";
export {
  atLeast,
  atMost,
  between,
  exactly,
  type Expected,
  inWords,
  lessThan,
  moreThan,
  type Operator,
} from "./expected.ts";
export type { Finding } from "./finding.ts";
export type { Case, PackageRule, RuleRecord, RuleText, Verdict } from "./rule_record.ts";
export { judgeRule, runRules, type RunRulesOptions } from "./judge_rule.ts";
export * from "./matches_baseline.ts";
export type * from "./model_rule.ts";
export * from "./model_rules.ts";
export { registerRule, THRESHOLDS } from "./register_rule.ts";
export type { Attention, AttentionKernel } from "./network/attentions.ts";
export type { Graph } from "./network/graph.ts";
export type { Head } from "./network/heads.ts";
export type { KernelLayer, RecurrentKernel } from "./network/kernel_chain.ts";
export type { NetworkView } from "./network/network_view.ts";
export type { SignalStep } from "./network/signal_path.ts";
export * from "./rules.ts";
export {
  counted,
  exactFigure,
  figure,
  layerName,
  layerNames,
  number,
  say,
  type Sayable,
  shareFigure,
  weightName,
} from "./say.ts";
export type { FigureFormat, FindingFigure, Sentence, Slot } from "./sentence.ts";
export type * from "./thresholds.ts";
export type * from "../measure/measurements.ts";
export type { TensorStatistics } from "../measure/measurements.ts";
export type * from "../probe/types.ts";
