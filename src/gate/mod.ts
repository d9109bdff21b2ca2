/**
 * The gate: a configuration, the findings under it, suppressions, baselines, and the verdict. The
 * subcommand `check` consists of these functions, which judge measurements from any source.
 *
 * @module
 */
export type { SuppressionContext } from "./apply_suppressions.ts";
export type { Baseline, BaselineEntry, BaselineLayer, BaselineRun } from "./baseline_document.ts";
export type {
  Configuration,
  Level,
  ModelEntry,
  PresetName,
  RuleEntry,
  ScaleEntry,
  Suppression,
} from "./configuration.ts";
export { decide } from "./decide.ts";
export { findBaseline, type FindBaselineOptions, readBaseline } from "./find_baseline.ts";
export {
  findConfiguration,
  type FoundConfiguration,
  openConfiguration,
  readConfiguration,
} from "./find_configuration.ts";
export {
  GateError,
  type GateFinding,
  type GateResult,
  type GateRun,
  type GateSummary,
} from "./gate_result.ts";
export { type GateRule, gateRules } from "./gate_rules.ts";
export { judgeRun, type JudgeRunOptions } from "./judge_run.ts";
export {
  type GateSettings,
  type ModelSetting,
  resolveConfiguration,
  type ResolveConfigurationOptions,
  type RuleSetting,
} from "./resolve_configuration.ts";
export { updateBaseline, writeBaseline } from "./write_baseline.ts";
