/**
 * The gate: a configuration, the findings under it, suppressions, baselines, and the verdict. The
 * subcommand `check` consists of these functions, which judge measurements from any source.
 *
 * @module
 */
export { decide, type SuppressionContext } from "./decide.ts";
export {
  type Baseline,
  type BaselineEntry,
  type BaselineLayer,
  type BaselineRun,
  findBaseline,
  type FindBaselineOptions,
  readBaseline,
} from "./find_baseline.ts";
export type {
  Configuration,
  Level,
  ModelEntry,
  PresetName,
  RuleEntry,
  ScaleEntry,
  Suppression,
} from "./configuration.ts";
export {
  findConfiguration,
  type FoundConfiguration,
  openConfiguration,
  readConfiguration,
} from "./find_configuration.ts";
export {
  GateError,
  type GateResult,
  type GateRun,
  type GateSummary,
} from "../core/diagnosis/gate_result.ts";
export type { GateFinding } from "../core/rules/finding.ts";
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
