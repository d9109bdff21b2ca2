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
export type * from "./configuration.ts";
export { count, decide } from "./decide.ts";
export { findBaseline, type FindBaselineOptions } from "./find_baseline.ts";
export {
  findConfiguration,
  type FoundConfiguration,
  openConfiguration,
} from "./find_configuration.ts";
export { GateError } from "./gate_error.ts";
export type * from "./gate_result.ts";
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
export { updateBaseline } from "./update_baseline.ts";
export { formatBaseline, writeBaseline } from "./write_baseline.ts";
export type { Finding, Verdict } from "../checks/finding.ts";
export type * from "../checks/threshold_entry.ts";
export type { Thresholds } from "../checks/thresholds.ts";
export type * from "../measure/measurements.ts";
export type * from "../measure/tensor_statistics.ts";
