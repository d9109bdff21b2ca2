import type { CausalityProbe } from "../../probe/probe_causality.ts";
import { defineModelRule } from "../define_rule.ts";
import { falsePositives } from "../false_positives.ts";
import { formatNumber } from "../format.ts";
import type { Verdict } from "../judge.ts";
import type { ModelRule } from "../model_rule.ts";

/** The rule `causality`: an output depends on no later input. */
export const causality: ModelRule<CausalityProbe> = defineModelRule(
  {
    name: "causality",
    assertion: "assertCausal",
    problem: "outputs that depend on later inputs",
    stage: "any",
    summary: "The output at a step does not depend on the inputs after it.",
    formula: "max over s <= t of |out_s(x) - out_s(x')| / rms(out) <= leakTolerance, x' the " +
      "sequences with every step after t replaced by step t; for every t, or 32 of them. It is 0 " +
      "exactly where d out_s / d x_t' = 0 along the way for all s <= t < t'.",
    thresholds: ["leakTolerance"],
    source: "Karpathy, A Recipe for Training Neural Networks: use backprop to chart dependencies.",
    misleads:
      "Only for models that must be causal: a bidirectional network must not. Time is the axis " +
      "after the examples, and every output must have the steps of the inputs.",
    fix: 'Pad convolutions "causal", mask attention, and look for a mean over the steps.',
    falsePositives: falsePositives({
      draws: 100,
      of: "causal convolutions and LSTMs over 12 steps",
    }),
    options: ["seed"],
    figure: {
      title: "largest change of an output / its rms, by the last step that was kept",
      scale: "log",
      rows: ({ outputs }) =>
        outputs.flatMap(({ name, rms, cuts }) =>
          cuts.map(({ step, change }) => ({
            label: `${name}, step ${step}`,
            value: change / (rms || 1),
          }))
        ),
    },
  },
  () => [],
  ({ outputs }, { leakTolerance }) =>
    outputs.flatMap(({ name, rms, cuts }): Verdict[] => {
      const leaks = cuts.map(({ step, change }) => ({
        step,
        change,
        leak: change === 0 ? 0 : change / (rms || 1),
      }));
      const found = leaks.filter(({ leak }) => !(leak <= leakTolerance));
      if (found.length === 0) return [];
      const worst = found.reduce((a, b) => b.leak <= a.leak ? a : b);
      return [{
        severity: "error",
        layer: null,
        measured: worst.leak,
        expected: `<= ${formatNumber(leakTolerance)}`,
        threshold: "leakTolerance",
        message: `The output ${name} up to step ${worst.step} changes by ` +
          `${formatNumber(worst.change)} (${
            formatNumber(worst.leak)
          } of its rms) when the inputs ` +
          `after that step are replaced, and so it is at ${found.length} of ${cuts.length} steps; ` +
          `expected <= ${formatNumber(leakTolerance)} (leakTolerance).`,
        advice: 'Pad convolutions "causal", mask attention, and look for a mean over the steps.',
      }];
    }),
);
