import { falsePositives } from "../checks/false_positives.ts";
import type { AssertionDocumentation, RuleDocumentation } from "../checks/rule.ts";
import { RULES } from "../checks/rules.ts";

/** What is written down of `assertHealthy`, which is no rule but all of those of one pass. */
export const HEALTHY_DOCUMENTATION: RuleDocumentation & {
  assertionDocumentation: AssertionDocumentation;
} = {
  name: "assertHealthy",
  assertion: "",
  problem: "problems",
  stage: "any",
  summary: "No rule that one pass can tell has an error against the network.",
  formula: `the number of findings of severity error is 0, over ${
    RULES.map(({ name }) => name).join(", ")
  }. What a rule made for untrained networks finds in a trained one is only noted.`,
  thresholds: {},
  source: "torch-audit, one report with every finding.",
  misleads:
    "It does where one of its rules does; each one's own assertion says when. Rules that have no " +
    "verdict (few examples, layers that theory does not describe) pass, with a note that only " +
    "`runChecks` and the reports show; a network of which no gradient was measured fails.",
  fix: "See what is written down of the rule that each line of the message names.",
  falsePositives: falsePositives({ draws: 1600, warnings: 93 }, "It is initial-loss that warns."),
  assertionDocumentation: {
    asserts:
      "everything that one pass can tell: every rule of `RULES`. All errors are collected into one " +
      "message, a line for each rule; warnings do not fail, nor does a trained network fail the " +
      "rules that are made for untrained ones.",
    fails: "any rule of this table finds an error",
    throws: "If any rule finds an error.",
    example: {
      title: "A network that passes and one that does not",
      code: `
        import { startEngine } from "@gradient-health/gradient-health/engine";
        import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
        import { measure } from "@gradient-health/gradient-health/measure";
        import { assertHealthy } from "@gradient-health/gradient-health/assert";
        import { assertThrows } from "@std/assert";

        await using _engine = await startEngine();
        const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
        assertHealthy(await measure(model, randomBatch(model)));
        model.dispose();

        const broken = exerciseModel({ stddev: 200 });
        const measurements = await measure(broken, randomBatch(broken));
        assertThrows(() => assertHealthy(measurements));
        broken.dispose();
      `,
    },
  },
};
