import type { BatchIndependenceProbe } from "../../probe/probe_batch_independence.ts";
import { defineModelRule } from "../define_rule.ts";
import { falsePositives } from "../false_positives.ts";
import { formatCount, formatNumber } from "../format.ts";
import type { Verdict } from "../judge.ts";
import type { ModelRule } from "../model_rule.ts";

/** The rule `batch-independence`: an example's output depends on no other example. */
export const batchIndependence: ModelRule<BatchIndependenceProbe> = defineModelRule(
  {
    name: "batch-independence",
    assertion: "assertBatchIndependence",
    problem: "outputs that depend on other examples of the batch",
    stage: "any",
    summary: "The output of an example does not depend on the other examples of its batch.",
    formula:
      "max |out_i(x) - out_i(x')| / rms(out) <= leakTolerance, x' the batch with every other " +
      "example replaced by example i; for the first, the middle and the last i. It is 0 exactly " +
      "where d out_i / d x_j = 0 along the way for all j other than i.",
    thresholds: ["leakTolerance"],
    source:
      "Karpathy, A Recipe for Training Neural Networks: use backprop to chart dependencies; " +
      "neural_net_checklist.",
    misleads:
      "Runs as in inference: batch normalisation mixes the batch while it trains, on purpose. A " +
      "batch of equal examples shows nothing.",
    fix: "Look for a reshape, a transpose, a mean or a softmax that takes in the batch's axis.",
    falsePositives: falsePositives({ draws: 1060 }),
    options: ["seed"],
    figure: {
      title: "largest change of an output / its rms",
      scale: "log",
      rows: ({ outputs }) =>
        outputs.flatMap(({ name, rms, examples }) =>
          examples.map(({ example, change }) => ({
            label: `${name}[${example}]`,
            value: change / (rms || 1),
          }))
        ),
    },
  },
  () => [],
  ({ outputs, batch }, { leakTolerance }) =>
    outputs.flatMap(({ name, rows, rms, examples }): Verdict[] => {
      const advice = "Look for a reshape, a transpose, a mean or a softmax over the axis of the " +
        "examples.";
      if (rows !== batch.examples) {
        return [{
          severity: "error",
          layer: null,
          measured: rows,
          expected: `${batch.examples} rows`,
          message: `The output ${name} has ${formatCount(rows, "row")} for ` +
            `${formatCount(batch.examples, "example")}; expected ` +
            `one an example.`,
          advice,
        }];
      }
      const worst = examples.reduce((a, b) => b.change <= a.change ? a : b);
      const leak = worst.change === 0 ? 0 : worst.change / (rms || 1);
      if (leak <= leakTolerance) return [];
      return [{
        severity: "error",
        layer: null,
        measured: leak,
        expected: `<= ${formatNumber(leakTolerance)}`,
        threshold: "leakTolerance",
        message: `The output ${name} of example ${worst.example} changes by ` +
          `${formatNumber(worst.change)} (${formatNumber(leak)} of its rms) when the other ` +
          `examples of the batch are replaced; expected <= ${formatNumber(leakTolerance)} ` +
          `(leakTolerance).`,
        advice,
      }];
    }),
);
