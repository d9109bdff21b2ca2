import { BASELINE_RULE } from "../checks/matches_baseline.ts";
import { registeredRules } from "../checks/register_rule.ts";
import type { RuleDocumentation } from "../checks/rule.ts";
import { RULES } from "../checks/rules.ts";
import type { ThresholdTable } from "../checks/threshold_entry.ts";
import type { Level } from "./configuration.ts";

/** What is written down of the rules that only a gate can tell; those of no pass have no assertion. */
export const GATE_DOCUMENTATION: readonly RuleDocumentation[] = [
  {
    ...BASELINE_RULE,
    fix: "If the change is meant, store the new figures: check --update-baseline.",
  },
  {
    name: "unused-suppression",
    assertion: "",
    problem: "suppressions that match nothing",
    stage: "any",
    summary: "Every suppression matches a finding.",
    formula:
      "a suppression matches where its rule is the finding's, its layer the finding's (* for " +
      "any characters), and its model, if it names one, the finding's.",
    thresholds: {},
    source: "own, after the unused directives that linters report.",
    misleads:
      "Of a model that was not checked under all its seeds (another shard, --fail-fast, a " +
      "MODEL on the command line) nothing is said: there the suppression may match.",
    fix: "Take the suppression out of the configuration.",
  },
  {
    name: "expired-suppression",
    assertion: "",
    problem: "suppressions past their day",
    stage: "any",
    summary: "No suppression is past its day.",
    formula: "until >= today, in UTC. A suppression that is past it accepts nothing any more.",
    thresholds: {},
    source: "own: what is accepted for a while must not be accepted for ever.",
    misleads: "The same commit that passed yesterday may fail today, which is what it is for.",
    fix: "Mend what it suppressed, or set a later day.",
  },
];

/** What a gate knows of a rule before it has measured anything. */
export interface GateRule {
  /** Its name in configurations, findings and suppressions. */
  name: string;
  /** What it demands, in one sentence. */
  summary: string;
  /** What to do about what it finds. */
  fix: string;
  /** The thresholds it reads. */
  thresholds: ThresholdTable;
  /** Its level under the preset `recommended`. */
  level: Level;
}

/** Every rule of this package that can be configured: those of the checks, and those of a gate alone. */
export const GATE_RULES: readonly GateRule[] = [
  ...RULES.map((rule) => gateRule(rule, rule.level)),
  ...GATE_DOCUMENTATION.map((rule) => gateRule(rule, rule.name === "baseline" ? "error" : "warn")),
];

/** Every rule that can be configured: those of this package, and those that were registered. */
export function gateRules(): readonly GateRule[] {
  return [...GATE_RULES, ...registeredRules().map((rule) => gateRule(rule, rule.level))];
}

function gateRule({ name, summary, fix, thresholds }: RuleDocumentation, level: Level): GateRule {
  return { name, summary, fix, thresholds, level };
}
