import type { StepProbe, WeightStep } from "../../probe/probe_step.ts";
import { isKernel } from "../../../ground/theory/weight_kinds.ts";
import { defineModelRule } from "../define_rule.ts";
import { between, figure, say, weightName } from "../say.ts";
import { falsePositives } from "../rule_documentation.ts";
import type { Verdict } from "../finding.ts";
import type { ModelRule } from "../rule.ts";

/**
 * The rule `update-ratio`: one step changes each kernel by a small share of it, but does change it.
 */
export const updateRatio: ModelRule<StepProbe> = defineModelRule({
  name: "update-ratio",
  assertion: "assertUpdateRatio",
  order: 280,
  probe: "step",
  thresholds: {
    updateRatioMin: {
      default: -4,
      unit: "log10(mean |update| / mean |weight|)",
      range: [-Infinity, Infinity],
      source: "Stanford's cs231n (about -3); TheDeepChecker for the range",
      about: "Smallest decimal logarithm of the share by which one step changes a kernel.",
      atMost: "updateRatioMax",
    },
    updateRatioMax: {
      default: -1,
      unit: "log10(mean |update| / mean |weight|)",
      range: [-Infinity, Infinity],
      source: "Stanford's cs231n (about -3); TheDeepChecker for the range",
      about: "Largest decimal logarithm of the share by which one step changes a kernel.",
    },
  },
  problem: "updates out of proportion to the weights",
  summary: "One step of the optimizer changes each kernel by about a thousandth of its size.",
  formula:
    "updateRatioMin <= log10(mean |update| / mean |weight|) <= updateRatioMax after one step, " +
    "in each trainable kernel.",
  source: "Stanford's cs231n (about -3); TheDeepChecker for the range.",
  misleads:
    "Adam's first step moves every entry by the learning rate, whatever the gradient. With a " +
    "warm-up the first steps are small on purpose. A kernel of zeros has no ratio, and an " +
    "embedding has a small one if the batch uses few of its rows.",
  fix: "Change the learning rate, or the scale of the kernels that stand out.",
  falsePositives: falsePositives(
    { draws: 1060 },
    "The step is one of Adam with a learning rate of 0.001.",
  ),
  asserts:
    "that one step of the optimizer changes each kernel by a sensible share: log10 of mean " +
    "|update| over mean |weight| from -4 to -1 (`updateRatioMin`, `updateRatioMax`). The step " +
    "is that of `model.fit`, or `train`; the loss and the optimizer are the given ones, those " +
    "that the model was compiled with, or the sum of the outputs and Adam. Weights are " +
    "restored bit by bit; the optimizer is copied and stays unchanged.",
  fails: "a step changes a kernel by far more or less than a thousandth",
  throws: "If a kernel changes by too much or too little.",
  refuses:
    "If the loss lacks targets, a threshold is out of range, or a layer filter matches no layer.",
  example: {
    title: "A learning rate that passes and one that does not",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { assertUpdateRatio } from "@gradient-health/gradient-health/assert";
      import { assertRejects } from "@std/assert";

      await using engine = await startEngine();
      const { tf } = engine;
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      const batch = randomBatch(model);
      await assertUpdateRatio(model, batch, { optimizer: tf.train.adam(1e-3) });
      await assertRejects(() =>
        assertUpdateRatio(model, batch, { optimizer: tf.train.adam(1) })
      );
      model.dispose();
    `,
  },
  options: ["objective", "seed", "optimizer", "train"],
  figure: {
    title: "mean |update| / mean |weight|",
    scale: "log",
    rows: ({ weights }) =>
      weights.filter(hasRatio).map((weight) => ({ label: weight.layer, value: ratio(weight) })),
  },
  layersOf: ({ weights }) => weights.filter(hasRatio).map(({ layer }) => layer),
  judge: ({ weights, optimizer }, { updateRatioMin, updateRatioMax }, isJudged) =>
    weights.filter((weight) => hasRatio(weight) && isJudged(weight.layer))
      .flatMap((weight): Verdict[] => {
        const log = Math.log10(ratio(weight));
        if (log >= updateRatioMin && log <= updateRatioMax) return [];
        const expected = between(updateRatioMin, updateRatioMax);
        const isSmall = log < updateRatioMin;
        const threshold = isSmall ? "updateRatioMin" : "updateRatioMax";
        const figures = {
          ratio: figure(ratio(weight), "mean |update| / mean |weight|"),
          logarithm: figure(log, "log10 of the ratio"),
        };
        return [{
          severity: "error",
          kind: isSmall ? "too-small" : "too-large",
          layer: weight.layer,
          measured: log,
          expected,
          threshold,
          figures,
          message: say`One step of ${optimizer} changes ${weightName(weight.name, weight.layer)} by
            ${figures.ratio} of its size (log10 ${figures.logarithm}); expected log10 ${expected}
            (${threshold}).`,
          fix: isSmall
            ? "Raise the learning rate, or find out why that layer's gradient is so small."
            : "Lower the learning rate, clip the gradients, or draw that kernel larger.",
        }];
      }),
});

/** Returns true for a trainable kernel with a size to compare with. */
function hasRatio(weight: WeightStep): boolean {
  return weight.trainable && isKernel(weight) && weight.meanAbs !== 0;
}

function ratio({ meanAbs, meanAbsUpdate }: WeightStep): number {
  return meanAbsUpdate / meanAbs;
}
