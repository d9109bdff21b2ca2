import type { CausalityProbe } from "../../probe/probe_dependence.ts";
import { defineModelRule } from "../define_rule.ts";
import { atMost, exactFigure, figure, say } from "../say.ts";
import { falsePositives } from "../rule_documentation.ts";
import type { Verdict } from "../finding.ts";
import type { ModelRule } from "../rule.ts";
import { LEAK_TOLERANCE } from "../rule_options.ts";

/** The rule `causality`: no output depends on a later input. */
export const causality: ModelRule<CausalityProbe> = defineModelRule({
  name: "causality",
  assertion: "assertCausal",
  order: 230,
  probe: "causality",
  thresholds: { ...LEAK_TOLERANCE },
  problem: "outputs that depend on later inputs",
  summary: "The output at a step does not depend on the inputs after it.",
  formula:
    "max over s <= t of |out_s(x) - out_s(x')| / rms(out) <= leakTolerance, x' the sequences " +
    "with every step after t replaced by step t, for every t or 32 of them. It is 0 exactly " +
    "where d out_s / d x_t' = 0 along the way for all s <= t < t'.",
  source: "Karpathy, A Recipe for Training Neural Networks: use backprop to chart dependencies.",
  misleads:
    "Only for models that must be causal: a bidirectional network is not causal by design. " +
    "Time is the axis after the examples, and every output must have the steps of the inputs.",
  fix: 'Pad convolutions "causal", mask attention, and look for a mean over the steps.',
  falsePositives: falsePositives({ draws: 100, of: "causal convolutions and LSTMs over 12 steps" }),
  asserts:
    "that the output at a step does not depend on later steps of the inputs: all steps after " +
    "it are replaced by copies of it, and the outputs up to it must not change by more than " +
    "1e-6 (`leakTolerance`) of the rms of that output. Time is the axis after the examples. " +
    "Checks every step, or 32 of them, in inference mode; the model stays unchanged.",
  fails: "an output depends on later steps",
  throws: "If an output depends on later steps.",
  refuses: "If no input has two steps, an output does not have the steps of the inputs, or a " +
    "threshold is out of range.",
  example: {
    title: "A causal convolution, and one that sees a step ahead",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { randomBatch } from "@gradient-health/gradient-health/model";
      import { assertCausal } from "@gradient-health/gradient-health/assert";
      import { assertRejects } from "@std/assert";

      await using engine = await startEngine();
      const { tf } = engine;
      const conv = (padding: "causal" | "same") =>
        tf.sequential({
          layers: [tf.layers.conv1d({ filters: 4, kernelSize: 3, padding, inputShape: [8, 2] })],
        });
      const model = conv("causal");
      await assertCausal(model, randomBatch(model));
      model.dispose();

      const broken = conv("same");
      await assertRejects(() => assertCausal(broken, randomBatch(broken)));
      broken.dispose();
    `,
  },
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
  judge: ({ outputs }, { leakTolerance }) =>
    outputs.flatMap(({ name, rms, cuts }): Verdict[] => {
      const leaks = cuts.map(({ step, change }) => ({
        step,
        change,
        leak: change === 0 ? 0 : change / (rms || 1),
      }));
      const found = leaks.filter(({ leak }) => !(leak <= leakTolerance));
      if (found.length === 0) return [];
      const worst = found.reduce((a, b) => b.leak <= a.leak ? a : b);
      const expected = atMost(leakTolerance);
      const figures = {
        step: exactFigure(worst.step, "step"),
        change: figure(worst.change, "l2 of the change"),
        leak: figure(worst.leak, "change / rms of the output"),
        leakingSteps: exactFigure(found.length, "steps"),
        steps: exactFigure(cuts.length, "steps"),
      };
      return [{
        severity: "error",
        kind: "leak",
        layer: null,
        measured: worst.leak,
        expected,
        threshold: "leakTolerance",
        figures,
        message: say`The output ${name} up to step ${figures.step} changes by ${figures.change}
          (${figures.leak} of its rms) when the inputs after that step are replaced, and likewise at
          ${figures.leakingSteps} of ${figures.steps} steps; expected ${expected} (leakTolerance).`,
        fix: 'Pad convolutions "causal", mask attention, and look for a mean over the steps.',
      }];
    }),
});
