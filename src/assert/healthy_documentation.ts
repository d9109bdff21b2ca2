import { falsePositives } from "../checks/false_positives.ts";
import type { RuleDocumentation } from "../checks/rule.ts";
import { RULES } from "../checks/rules.ts";

/** What is written down of `assertHealthy`, which is no rule but all of those of one pass. */
export const HEALTHY_DOCUMENTATION: RuleDocumentation = {
  name: "assertHealthy",
  assertion: "",
  problem: "problems",
  stage: "any",
  summary: "No rule that one pass can tell has an error against the network.",
  formula: `the number of findings of severity error is 0, over ${
    RULES.map(({ name }) => name).join(", ")
  }. What a rule made for untrained networks finds in a trained one is only noted.`,
  thresholds: [],
  source: "torch-audit, one report with every finding.",
  misleads:
    "It does where one of its rules does; each one's own assertion says when. Rules that have no " +
    "verdict (few examples, layers that theory does not describe) pass, with a note that only " +
    "`runChecks` and the reports show; a network of which no gradient was measured fails.",
  fix: "See what is written down of the rule that each line of the message names.",
  falsePositives: falsePositives({ draws: 1600, warnings: 93 }, "It is initial-loss that warns."),
};
