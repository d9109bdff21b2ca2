/**
 * Rules: pure functions from measurements to findings.
 *
 * @module
 */
export type {
  AssertionDocumentation,
  Case,
  IgnoredLayer,
  LayerOptions,
  ModelRule,
  ModelRuleRecord,
  PackageRule,
  ProbeFigure,
  Rule,
  RuleDocumentation,
  RuleFigure,
  RuleOptions,
  RuleRecord,
  RuleStage,
  RuleTag,
  RuleText,
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
  counted,
  exactFigure,
  exactly,
  type Expected,
  figure,
  type FigureFormat,
  type FindingFigure,
  inWords,
  layerName,
  layerNames,
  lessThan,
  moreThan,
  number,
  type Operator,
  say,
  type Sayable,
  type Sentence,
  shareFigure,
  type Slot,
  weightName,
} from "./say.ts";
export type { Finding, Verdict } from "./finding.ts";
export { judgeRule, runRules, type RunRulesOptions } from "./judge_rule.ts";
export * from "./matches_baseline.ts";
export { registerRule, THRESHOLDS } from "./register_rule.ts";
export type { Attention, AttentionKernel } from "./network/attentions.ts";
export type { Graph } from "./network/graph.ts";
export type { Head } from "./network/heads.ts";
export type { KernelLayer, RecurrentKernel } from "./network/kernel_chain.ts";
export type { NetworkView } from "./network/network_view.ts";
export type { SignalStep } from "./network/signal_path.ts";
export * from "./rules.ts";
export type * from "./thresholds.ts";
export type * from "../measure/measurements.ts";
export type { TensorStatistics } from "../measure/measurements.ts";
export type * from "../probe/types.ts";
