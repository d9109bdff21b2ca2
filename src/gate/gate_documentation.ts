import { BASELINE_DOCUMENTATION } from "../checks/matches_baseline.ts";
import type { RuleDocumentation } from "../checks/rule.ts";

/** What is written down of the rules that only a gate can tell; those of no pass have no assertion. */
export const GATE_DOCUMENTATION: readonly RuleDocumentation[] = [
  {
    ...BASELINE_DOCUMENTATION,
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
    thresholds: [],
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
    thresholds: [],
    source: "own: what is accepted for a while must not be accepted for ever.",
    misleads: "The same commit that passed yesterday may fail today, which is what it is for.",
    fix: "Mend what it suppressed, or set a later day.",
  },
];
