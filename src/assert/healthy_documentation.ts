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
  summary: "No single-pass rule finds an error in the network.",
  formula: `the number of findings of severity error is 0, over ${
    RULES.map(({ name }) => name).join(", ")
  }. Rules for untrained networks only note what they find in a trained one.`,
  thresholds: {},
  source: "torch-audit, one report with every finding.",
  misleads:
    "See each rule. Rules without a verdict (few examples, layers that theory does not describe) " +
    "pass, with a note that only `runChecks` and the reports show. A network without any measured " +
    "gradient fails.",
  fix: "See the rule that each line of the message names.",
  falsePositives: falsePositives(
    { draws: 1600, warnings: 93 },
    "All warnings are from initial-loss.",
  ),
  assertionDocumentation: {
    asserts:
      "every single-pass rule, that is every rule of `RULES`. All errors are collected into one " +
      "message, a line for each rule. Warnings do not fail, and a trained network does not fail the " +
      "rules for untrained networks.",
    fails: "a rule of this table finds an error",
    throws: "If a rule finds an error.",
    example: {
      title: "A network that passes and one that does not",
      code: `
        import { startEngine } from "@gradient-health/gradient-health/engine";
        import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
        import { measure } from "@gradient-health/gradient-health/measure";
        import { assertHealthy } from "@gradient-health/gradient-health/assert";
        import { assertThrows } from "@std/assert";

        await using _engine = await startEngine();
        const model = exerciseModel({ std: 1 / Math.sqrt(20) });
        assertHealthy(await measure(model, randomBatch(model)));
        model.dispose();

        const broken = exerciseModel({ std: 200 });
        const measurements = await measure(broken, randomBatch(broken));
        assertThrows(() => assertHealthy(measurements));
        broken.dispose();
      `,
    },
  },
};
