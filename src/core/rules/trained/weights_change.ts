import type { StepProbe, WeightStep } from "../../probe/probe_step.ts";
import { isRecurrentKernel } from "../../../ground/theory/weight_kinds.ts";
import { defineModelRule } from "../define_rule.ts";
import { layerName, moreThan, say, weightName } from "../say.ts";
import { falsePositives } from "../rule_documentation.ts";
import type { Verdict } from "../finding.ts";
import type { ModelRule } from "../rule.ts";

/** The rule `weights-change`: a training step moves every trainable weight. */
export const weightsChange: ModelRule<StepProbe> = defineModelRule({
  name: "weights-change",
  assertion: "assertWeightsChange",
  order: 260,
  probe: "step",
  problem: "trainable weights that training does not change",
  summary: "Every trainable weight differs, bit by bit, after a training step.",
  formula:
    "w' != w in some entry after one step, or after two for a warning: below a head of zeros, " +
    "the first step moves only the head.",
  source: "torchtest, assert_vars_change.",
  misleads:
    "A step smaller than float32 resolves changes nothing: see update-ratio. The recurrent " +
    "kernel of a network that ran for one time step has no gradient: that is a warning.",
  fix: "Look for a layer that is not connected to the objective, dead layers, and a training " +
    "step that leaves weights out.",
  falsePositives: falsePositives({ draws: 1060 }),
  asserts:
    "that one training step changes every trainable weight in some bit. The step is that of " +
    "`model.fit`, or `train`; the loss and the optimizer are the given ones, those that the model " +
    "was compiled with, or the sum of the outputs and Adam. A weight that only the second step " +
    "changes, as below a head of zeros, does not fail. Weights are restored bit by bit; the " +
    "optimizer is copied and stays unchanged.",
  fails: "a training step leaves a trainable weight as it was",
  throws: "If a trainable weight stays the same.",
  refuses: "If the loss lacks targets or a layer filter matches no layer.",
  example: {
    title: "A network that passes and one that does not",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { assertWeightsChange } from "@gradient-health/gradient-health/assert";
      import { assertRejects } from "@std/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      await assertWeightsChange(model, randomBatch(model));
      model.dispose();

      const broken = exerciseModel({ std: 200 });
      await assertRejects(() => assertWeightsChange(broken, randomBatch(broken)));
      broken.dispose();
    `,
  },
  options: ["objective", "seed", "optimizer", "train"],
  figure: {
    title: "share of the entries that changed, least of each layer's weights",
    scale: "linear",
    rows: ({ weights }) =>
      [...Map.groupBy(weights.filter(({ trainable }) => trainable), ({ layer }) => layer)]
        .map(([label, own]) => ({
          label,
          value: Math.min(...own.map(({ changed, shape }) => changed / count(shape))),
        })),
  },
  layersOf: ({ weights }) => weights.filter(({ trainable }) => trainable).map(({ layer }) => layer),
  judge: ({ weights, optimizer }, _, isJudged) =>
    weights.filter(({ trainable, changed, layer }) => trainable && changed === 0 && isJudged(layer))
      .map((weight): Verdict => {
        const { layer, name } = weight;
        const kind = kindOf(weight, weights);
        return {
          severity: kind === "unchanged" ? "error" : "warning",
          kind,
          layer,
          measured: 0,
          expected: moreThan(0, { unit: "entries" }),
          message: say`${weightName(name, layer)} does not change in a step of ${optimizer}${
            kind === "late"
              ? say`; the second step changes it.`
              : say`, nor in a second one; expected a change.`
          }`,
          fix: ADVICE[kind](layer),
        };
      }),
});

/** Fix for a layer with a weight that a step did not change, by the kind of finding. */
const ADVICE = {
  "late": () => "If the layers above do not start at zero on purpose, draw them at random.",
  "state-zero": () =>
    "Train on sequences of two steps or more: the state before the first step is 0.",
  "unchanged": (layer: string) =>
    say`Connect ${layerName(layer)} to the objective, pass its weights to the optimizer, or
      freeze it.`,
};

function kindOf(weight: WeightStep, all: readonly WeightStep[]): keyof typeof ADVICE {
  if ((weight.changedLater ?? 0) > 0) return "late";
  // If only that kernel of the layer does not move, the state before each of its steps was 0.
  const isFirst = isRecurrentKernel(weight) &&
    all.some(({ layer, trainable, changed }) => layer === weight.layer && trainable && changed > 0);
  return isFirst ? "state-zero" : "unchanged";
}

function count(shape: number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
