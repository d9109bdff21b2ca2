import type { Measurements } from "../../src/measure/measurements.ts";
import type { RuleOptions } from "../../src/rules/rule.ts";
import { runRules } from "../../src/rules/judge_rule.ts";

export const serious = (measurements: Measurements, options?: RuleOptions) =>
  runRules(measurements, options).filter(({ severity }) => severity !== "note");
