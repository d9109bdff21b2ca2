/**
 * The gate: a configuration, the findings under it, suppressions, baselines, and the verdict. The
 * subcommand `check` consists of these functions, which judge measurements from any source.
 *
 * @module
 */
export {
  applySuppressions,
  type Suppressed,
  type SuppressionContext,
} from "./apply_suppressions.ts";
export type * from "./baseline.ts";
export type {
  Configuration,
  Level,
  ModelEntry,
  PresetName,
  RuleEntry,
  Suppression,
} from "./configuration.ts";
export { count, decide } from "./decide.ts";
export { findBaseline, type FindBaselineOptions } from "./find_baseline.ts";
export {
  findConfiguration,
  type FoundConfiguration,
  openConfiguration,
} from "./find_configuration.ts";
export {
  GateError,
  type GateFinding,
  type GateResult,
  type GateRun,
  type GateSummary,
} from "./gate_result.ts";
export { GATE_RULES, type GateRule, gateRules } from "./gate_rules.ts";
export { judgeRun, type JudgeRunOptions } from "./judge_run.ts";
export { type Preset, PRESETS } from "./presets.ts";
export { parseBaseline, readBaseline } from "./read_baseline.ts";
export { readConfiguration } from "./read_configuration.ts";
export {
  BASELINE_FILE,
  type GateSettings,
  type ModelSetting,
  resolveConfiguration,
  type ResolveConfigurationOptions,
  type RuleSetting,
} from "./resolve_configuration.ts";
export { formatBaseline, updateBaseline, writeBaseline } from "./write_baseline.ts";
export type { Finding, Verdict } from "../rules/finding.ts";
export type * from "../rules/threshold_entry.ts";
export type { Thresholds } from "../rules/thresholds.ts";
export type * from "../measure/measurements.ts";
export type { TensorStatistics } from "../measure/measurements.ts";
