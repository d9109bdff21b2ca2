import type { LossProbe } from "../../probe/probe_loss.ts";
import { defineModelRule } from "../define_rule.ts";
import { falsePositives } from "../false_positives.ts";
import { formatNumber, formatPercent } from "../format.ts";
import type { ModelRule } from "../model_rule.ts";

/** The rule `loss-reduction`: the loss is a mean over the examples, not a sum. */
export const lossReduction: ModelRule<LossProbe> = defineModelRule(
  {
    name: "loss-reduction",
    assertion: "assertLossReduction",
    problem: "a loss that grows with the batch",
    stage: "any",
    summary: "The loss of the batch twice over is that of the batch.",
    formula: "|J(batch and batch) - J(batch)| <= lossReductionTolerance |J(batch)|.",
    thresholds: ["lossReductionTolerance"],
    source: "TheDeepChecker (Ben Braiek & Khomh 2023), loss reduction.",
    misleads:
      "The objective sum, the default of measure(), is a sum and fails; it is no loss to train " +
      "on. A contrastive loss compares the examples of a batch, and a copy of an example is no " +
      "other example.",
    fix: "Divide the loss by the number of examples: a sum couples the learning rate to the batch.",
    falsePositives: falsePositives({ draws: 1060 }),
    options: ["objective", "seed"],
    figure: {
      title: "J",
      scale: "linear",
      rows: ({ once, twice }) => [
        { label: "the batch", value: Math.abs(once) },
        { label: "twice over", value: Math.abs(twice) },
      ],
    },
  },
  () => [],
  ({ once, twice, objective: { name } }, { lossReductionTolerance }) => {
    const off = Math.abs(twice - once) / Math.abs(once);
    // Both 0: equal. Not finite: the rule non-finite says more of it.
    if (twice === once || off <= lossReductionTolerance || !Number.isFinite(once)) return [];
    const limit = `within ${formatPercent(lossReductionTolerance)}`;
    const factor = once === 0 ? "" : `, ${formatNumber(twice / once)} times as much`;
    return [{
      severity: "error",
      layer: null,
      measured: off,
      expected: limit,
      threshold: "lossReductionTolerance",
      message: `${name} is ${formatNumber(once)} on the batch and ${formatNumber(twice)} on the ` +
        `batch twice over${factor}; expected them equal ${limit} (lossReductionTolerance).`,
      advice: "Average the loss over the examples instead of adding it up.",
    }];
  },
);
