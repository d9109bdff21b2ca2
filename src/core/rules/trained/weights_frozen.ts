import type { StepProbe } from "../../probe/probe_step.ts";
import { defineModelRule } from "../define_rule.ts";
import { exactFigure, exactly, layerName, say, weightName } from "../say.ts";
import { falsePositives } from "../rule_documentation.ts";
import type { Verdict } from "../finding.ts";
import type { ModelRule } from "../rule.ts";

/** The rule `weights-frozen`: a training step does not change frozen layers. */
export const weightsFrozen: ModelRule<StepProbe> = defineModelRule({
  name: "weights-frozen",
  assertion: "assertWeightsFrozen",
  order: 270,
  probe: "step",
  problem: "frozen layers that training changes",
  summary: "No weight of a frozen layer differs, in any bit, after a training step.",
  formula:
    "w' = w in every entry after one step, in each weight of a layer that is frozen or part " +
    "of a frozen model; moving statistics included.",
  source: "torchtest, assert_vars_same.",
  misleads:
    "TensorFlow.js updates the statistics of a frozen batch normalisation during training; " +
    "Keras does not. A model without frozen layers passes.",
  fix: "Train only the model's trainableWeights, and leave the others out of weight decay.",
  falsePositives: falsePositives({ draws: 1060 }, "One of their layers is frozen."),
  asserts:
    "that one training step changes no bit of a frozen layer, moving statistics included. The " +
    "step is that of `model.fit`, or `train`; the loss and the optimizer are the given ones, " +
    "those that the model was compiled with, or the sum of the outputs and Adam. Weights are " +
    "restored bit by bit; the optimizer is copied and stays unchanged.",
  fails: "a training step changes a frozen weight",
  throws: "If a weight of a frozen layer changes.",
  refuses: "If the loss lacks targets or a layer filter matches no layer.",
  example: {
    title: "A step that passes, and one that lets all weights decay",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { assertWeightsFrozen } from "@gradient-health/gradient-health/assert";
      import { assertRejects } from "@std/assert";

      await using engine = await startEngine();
      const { tf } = engine;
      const model = exerciseModel({ depth: 2, std: 1 / Math.sqrt(20) });
      model.layers[0].trainable = false;
      const batch = randomBatch(model);
      await assertWeightsFrozen(model, batch);
      await assertRejects(() =>
        assertWeightsFrozen(model, batch, {
          train: (model) =>
            tf.tidy(() => model.setWeights(model.getWeights().map((weight) => tf.mul(weight, 0.99)))),
        })
      );
      model.dispose();
    `,
  },
  options: ["objective", "seed", "optimizer", "train"],
  figure: {
    title: "entries of a frozen weight that changed",
    scale: "linear",
    rows: ({ weights }) =>
      weights.filter(({ frozen }) => frozen)
        .map(({ layer, name, changed }) => ({ label: name, layer, value: changed })),
  },
  layersOf: ({ weights }) => weights.filter(({ frozen }) => frozen).map(({ layer }) => layer),
  judge: ({ weights, optimizer }, _, isJudged) =>
    weights.filter(({ frozen, changed, layer }) => frozen && changed > 0 && isJudged(layer))
      .map(({ layer, name, changed }): Verdict => {
        const isStatistic = /(^|\/)moving_(mean|variance)/.test(name);
        const figures = { changed: exactFigure(changed, "entries") };
        return {
          severity: "error",
          kind: isStatistic ? "statistics" : "changed",
          layer,
          measured: changed,
          expected: exactly(0),
          figures,
          message: say`${weightName(name, layer)} belongs to a frozen layer, and a step of
            ${optimizer} changes ${figures.changed} of its entries; expected none.`,
          fix: isStatistic
            ? say`Run ${layerName(layer)} in inference mode while the rest trains: TensorFlow.js
              moves the statistics of a frozen batch normalisation.`
            : "Train only the model's trainableWeights, and leave the others out of weight decay.",
        };
      }),
});
