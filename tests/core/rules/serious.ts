import type { Measurements } from "../../../src/core/measure/measurements.ts";
import type { RuleOptions } from "../../../src/core/rules/rule.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";

export const serious = (measurements: Measurements, options?: RuleOptions) =>
  runRules(measurements, options).filter(({ severity }) => severity !== "note");
