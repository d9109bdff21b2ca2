import { defineRule } from "./define_rule.ts";
import { falsePositives } from "./false_positives.ts";
import { formatNumber, formatPercent } from "./format.ts";
import { offByDepth } from "./off_by_depth.ts";
import type { Rule } from "./rule.ts";
import { tooFewExamples } from "./too_few_examples.ts";

/** The rule `dead-units`: one-sided activations must fire for some example of the batch. */
export const noDeadUnits: Rule = defineRule(
  {
    name: "dead-units",
    assertion: "assertNoDeadUnits",
    problem: "dead units",
    stage: "any",
    summary:
      "In no layer with a one-sided activation are more than half of the units off for the " +
      "whole batch, but for those that depth explains.",
    formula:
      "(share - e) / (1 - e) <= deadFraction, and share < 1, share that of the units (last axis; " +
      "channels of a convolution) with phi'(z) = 0 at every entry of the batch; e the share that wide " +
      "relu layers have at that depth on so many examples, for in deep ones the examples grow alike " +
      "(dense relu layers in a row; 0 for others).",
    thresholds: ["deadFraction", "deadFractionWarning", "minExamples"],
    source:
      "SageMaker Debugger, DeadRelu (> 50 %); torchdiag (> 20 %); Cho & Saul 2009 for the share " +
      "that depth explains.",
    misleads:
      "Below 8 examples there is no verdict: half of the healthy ReLU units are off on any " +
      "one example. A batch of near-equal examples, and narrow layers, show more dead units than a " +
      "larger, more varied batch would.",
    fix:
      "Lower the learning rate or the bias that pushed the units off, initialise biases with 0 " +
      "and kernels by He, or use leaky relu or elu.",
    falsePositives: falsePositives(
      { draws: 1600 },
      "Deep relu networks of 64 units never fail either, but 3 of 100 with 10 layers are warned of, " +
        "23 with 20 and 51 with 30; so are 11 of 100 with 5 layers of 20 units.",
    ),
  },
  {
    title: "share of dead units",
    scale: "linear",
    of: ({ deadFraction }) => deadFraction,
  },
  ({ layers, measurements, thresholds }) => {
    const { batch } = measurements;
    const judged = layers.filter(({ deadFraction }) => deadFraction !== null);
    if (judged.length > 0 && batch.examples < thresholds.minExamples) {
      return [tooFewExamples(batch.examples, thresholds.minExamples)];
    }
    const { deadFractionWarning, deadFraction } = thresholds;
    const least = Math.min(deadFractionWarning, deadFraction);
    // What depth explains is subtracted, so that less than this can never matter.
    if (judged.every(({ deadFraction: share }) => share! <= least && share! < 1)) return [];
    const explained = offByDepth(measurements);
    return judged.flatMap(({ name, deadFraction, activation }) => {
      const share = deadFraction!;
      const e = explained.get(name) ?? 0;
      const excess = (share - e) / (1 - e);
      const fails = excess > thresholds.deadFraction || share === 1;
      if (!fails && excess <= thresholds.deadFractionWarning) return [];
      const threshold = fails ? "deadFraction" : "deadFractionWarning";
      // A layer of which every unit is off fails whatever the threshold.
      const limit = e + (1 - e) * thresholds[threshold];
      const sign = limit === 1 ? "<" : "<=";
      return [{
        severity: fails ? "error" : "warning",
        layer: name,
        measured: share,
        expected: `${sign} ${formatNumber(limit)}`,
        threshold,
        message:
          `${formatPercent(share)} of the ${activation ?? "one-sided"} units of ${name} are ` +
          `off on all ${batch.examples} examples; expected ${sign} ` +
          `${formatPercent(limit)} (${threshold}${
            // Where it shows in the limit, it must be said where the rest comes from.
            formatPercent(limit) === formatPercent(thresholds[threshold])
              ? ""
              : `, and the ${formatPercent(e)} that depth explains`}).`,
        advice:
          `Look at the biases of the layer and at the scale of its kernel: He initialisation ` +
          `with zero biases keeps half of the entries on.`,
      }];
    });
  },
);
