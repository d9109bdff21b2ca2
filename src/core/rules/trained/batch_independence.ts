import type { BatchIndependenceProbe } from "../../probe/probe_dependence.ts";
import { defineModelRule } from "../define_rule.ts";
import { atMost, counted, exactFigure, exactly, figure, say } from "../say.ts";
import { falsePositives } from "../rule_documentation.ts";
import type { Verdict } from "../finding.ts";
import type { ModelRule } from "../rule.ts";
import { LEAK_TOLERANCE } from "../rule_options.ts";

/** The rule `batch-independence`: the output of an example does not depend on other examples. */
export const batchIndependence: ModelRule<BatchIndependenceProbe> = defineModelRule({
  name: "batch-independence",
  assertion: "assertBatchIndependence",
  order: 220,
  probe: "batchIndependence",
  thresholds: { ...LEAK_TOLERANCE },
  problem: "outputs that depend on other examples of the batch",
  summary: "The output of an example does not depend on the other examples of its batch.",
  formula:
    "max |out_i(x) - out_i(x')| / rms(out) <= leakTolerance, x' the batch with every other " +
    "example replaced by example i, for the first, the middle and the last i. It is 0 exactly " +
    "where d out_i / d x_j = 0 along the way for all j other than i.",
  source: "Karpathy, A Recipe for Training Neural Networks: use backprop to chart dependencies; " +
    "neural_net_checklist.",
  misleads:
    "Runs in inference mode: during training, batch normalisation mixes the batch on purpose. " +
    "A batch of equal examples shows nothing.",
  fix: "Look for a reshape, a transpose, a mean or a softmax over the batch axis.",
  falsePositives: falsePositives({ draws: 1060 }),
  asserts:
    "that the output of an example does not depend on the other examples of its batch: all " +
    "others are replaced by copies of it, and its output must not change by more than 1e-6 " +
    "(`leakTolerance`) of the rms of that output. Checks the first, the middle and the last " +
    "example in four runs in inference mode; the model stays unchanged.",
  fails: "an example's output depends on the rest of its batch",
  throws: "If an output depends on other examples.",
  refuses: "If the batch has one example only, or a threshold is out of range.",
  example: {
    title: "A network that passes",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { assertBatchIndependence } from "@gradient-health/gradient-health/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      await assertBatchIndependence(model, randomBatch(model));
      model.dispose();
    `,
  },
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
  judge: ({ outputs, batch }, { leakTolerance }) =>
    outputs.flatMap(({ name, rows, rms, examples }): Verdict[] => {
      const fix = "Look for a reshape, a transpose, a mean or a softmax over the axis of the " +
        "examples.";
      if (rows !== batch.examples) {
        return [{
          severity: "error",
          kind: "rows",
          layer: null,
          measured: rows,
          expected: exactly(batch.examples, { unit: "rows" }),
          figures: {
            rows: exactFigure(rows, "rows"),
            examples: exactFigure(batch.examples, "examples"),
          },
          message: say`The output ${name} has ${counted(rows, "row")} for
            ${counted(batch.examples, "example")}; expected one per example.`,
          fix,
        }];
      }
      const worst = examples.reduce((a, b) => b.change <= a.change ? a : b);
      const leak = worst.change === 0 ? 0 : worst.change / (rms || 1);
      if (leak <= leakTolerance) return [];
      const expected = atMost(leakTolerance);
      const figures = {
        example: exactFigure(worst.example, "index"),
        change: figure(worst.change, "l2 of the change"),
        leak: figure(leak, "change / rms of the output"),
      };
      return [{
        severity: "error",
        kind: "leak",
        layer: null,
        measured: leak,
        expected,
        threshold: "leakTolerance",
        figures,
        message: say`The output ${name} of example ${figures.example} changes by ${figures.change}
          (${figures.leak} of its rms) when the other examples of the batch are replaced; expected
          ${expected} (leakTolerance).`,
        fix,
      }];
    }),
});
