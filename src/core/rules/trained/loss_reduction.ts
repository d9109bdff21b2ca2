import type { LossProbe } from "../../probe/probe_loss.ts";
import { defineModelRule } from "../define_rule.ts";
import { atMost, figure, NOTHING, number, say, sayPlain } from "../say.ts";
import type { ModelRule } from "../rule.ts";

/** The rule `loss-reduction`: the loss is a mean over the examples, not a sum. */
export const lossReduction: ModelRule<LossProbe> = defineModelRule({
  name: "loss-reduction",
  assertion: "assertLossReduction",
  order: 240,
  probe: "loss",
  thresholds: {
    lossReductionTolerance: {
      default: 0.01,
      unit: "share of the loss",
      range: [0, Infinity],
      source: "TheDeepChecker (Ben Braiek & Khomh 2023), loss reduction",
      about: "Largest difference between the loss of the doubled batch and the loss of the batch.",
    },
  },
  problem: "a loss that grows with the batch",
  summary: "The loss stays the same if every example of the batch is repeated.",
  formula: "|J(batch and batch) - J(batch)| <= lossReductionTolerance |J(batch)|.",
  source: "TheDeepChecker (Ben Braiek & Khomh 2023), loss reduction.",
  misleads:
    "The objective sum, the default of measure(), is a sum and fails; it is not a loss to " +
    "train on. A contrastive loss compares the examples of a batch, and a copy is not a " +
    "different example.",
  fix: "Divide the loss by the number of examples: a sum couples the learning rate to the batch.",
  asserts: "that the loss of the doubled batch equals that of the batch within 1 % " +
    "(`lossReductionTolerance`), so that it is a mean over the examples, not a sum. The loss " +
    "is `objective`, or the one that the model was compiled with; without either it is the " +
    "sum of the outputs, which fails. Runs the model twice in inference mode; the model stays " +
    "unchanged.",
  fails: "the loss grows with the batch",
  throws: "If the loss grows with the batch.",
  refuses:
    "If the model is built for batches of one size, the loss lacks targets, or a threshold is out " +
    "of range.",
  example: {
    title: "A mean passes, a sum does not",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { assertLossReduction } from "@gradient-health/gradient-health/assert";
      import { assertRejects } from "@std/assert";

      await using engine = await startEngine();
      const { tf } = engine;
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      const batch = randomBatch(model, { objective: "meanSquaredError" });
      await assertLossReduction(model, batch, { objective: "meanSquaredError" });
      await assertRejects(() =>
        assertLossReduction(model, batch, {
          objective: ([output], [target]) => tf.sum(tf.square(tf.sub(output, target))),
        })
      );
      model.dispose();
    `,
  },
  options: ["objective", "seed"],
  figure: {
    title: "J",
    scale: "linear",
    rows: ({ once, twice }) => [
      { label: "the batch", value: Math.abs(once) },
      { label: "twice over", value: Math.abs(twice) },
    ],
  },
  judge({ once, twice, objective: { name } }, { lossReductionTolerance }) {
    const off = Math.abs(twice - once) / Math.abs(once);
    // Both 0: equal. Not finite: non-finite reports more.
    if (twice === once || off <= lossReductionTolerance || !Number.isFinite(once)) return [];
    const limit = say`within ${number(lossReductionTolerance, "percent")}`;
    const figures = { once: figure(once, "J"), twice: figure(twice, "J") };
    const factor = once === 0 ? NOTHING : say`, ${number(twice / once)} times as much`;
    return [{
      severity: "error",
      kind: "sum",
      layer: null,
      measured: off,
      expected: { ...atMost(lossReductionTolerance), text: sayPlain(limit) },
      threshold: "lossReductionTolerance",
      figures,
      message: say`${name} is ${figures.once} on the batch and ${figures.twice} with every
        example twice${factor}; expected equal losses ${limit} (lossReductionTolerance).`,
      fix: "Average the loss over the examples instead of adding it up.",
    }];
  },
});
