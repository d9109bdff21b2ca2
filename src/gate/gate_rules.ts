import { RULES } from "../checks/rules.ts";
import type { Thresholds } from "../checks/thresholds.ts";
import type { RuleDocumentation } from "../checks/rule.ts";
import type { Level } from "./configuration.ts";
import { GATE_DOCUMENTATION } from "./gate_documentation.ts";

/** What a gate knows of a rule before it has measured anything. */
export interface GateRule {
  /** Its name in configurations, findings and suppressions. */
  name: string;
  /** What it demands, in one sentence. */
  summary: string;
  /** What to do about what it finds. */
  fix: string;
  /** The thresholds it reads. */
  thresholds: readonly (keyof Thresholds)[];
  /** Its level under the preset `recommended`. */
  level: Level;
}

/** Every rule that can be configured: those of the checks, and those that only a gate can tell. */
export const GATE_RULES: readonly GateRule[] = [
  ...RULES.map((rule) => gateRule(rule, "error")),
  ...GATE_DOCUMENTATION.map((rule) => gateRule(rule, rule.name === "baseline" ? "error" : "warn")),
];

function gateRule({ name, summary, fix, thresholds }: RuleDocumentation, level: Level): GateRule {
  return { name, summary, fix, thresholds, level };
}
