import type { StepProbe, WeightStep } from "../../probe/probe_step.ts";
import { isKernel } from "../../theory/weight_kinds.ts";
import { defineModelRule } from "../define_rule.ts";
import { falsePositives } from "../false_positives.ts";
import { formatNumber } from "../format.ts";
import type { Verdict } from "../judge.ts";
import type { ModelRule } from "../model_rule.ts";

/** The rule `update-ratio`: one step changes each kernel by a small share, but not by nothing. */
export const updateRatio: ModelRule<StepProbe> = defineModelRule(
  {
    name: "update-ratio",
    assertion: "assertUpdateRatio",
    problem: "updates out of proportion to the weights",
    stage: "any",
    summary: "One step of the optimizer changes each kernel by a thousandth or so of itself.",
    formula: "updateRatioMin <= log10(mean |update| / mean |weight|) <= updateRatioMax, for each " +
      "trainable kernel, after one step.",
    thresholds: ["updateRatioMin", "updateRatioMax"],
    source: "Stanford's cs231n (about -3); TheDeepChecker for the range.",
    misleads:
      "Adam's first step moves every entry by the learning rate, whatever the gradient. With a " +
      "warm-up the first steps are small on purpose. A kernel of zeros has no share, and an " +
      "embedding of which the batch uses few rows a small one.",
    fix: "Change the learning rate, or the scale of the kernels that stand out.",
    falsePositives: falsePositives(
      { draws: 1060 },
      "They take one step of Adam with a learning rate of 0.001.",
    ),
    options: ["objective", "seed", "optimizer", "train"],
    figure: {
      title: "mean |update| / mean |weight|",
      scale: "log",
      rows: ({ weights }) =>
        weights.filter(hasRatio).map((weight) => ({ label: weight.layer, value: ratio(weight) })),
    },
  },
  ({ weights }) => weights.filter(hasRatio).map(({ layer }) => layer),
  ({ weights, optimizer }, { updateRatioMin, updateRatioMax }, isJudged) =>
    weights.filter((weight) => hasRatio(weight) && isJudged(weight.layer))
      .flatMap((weight): Verdict[] => {
        const log = Math.log10(ratio(weight));
        if (log >= updateRatioMin && log <= updateRatioMax) return [];
        const range = `${formatNumber(updateRatioMin)} .. ${formatNumber(updateRatioMax)}`;
        const isSmall = log < updateRatioMin;
        return [{
          severity: "error",
          layer: weight.layer,
          measured: log,
          expected: range,
          threshold: isSmall ? "updateRatioMin" : "updateRatioMax",
          message: `One step of ${optimizer} changes ${weight.name} by ` +
            `${formatNumber(ratio(weight))} of itself, log10 ${formatNumber(log)}; expected ` +
            `log10 ${range} (${isSmall ? "updateRatioMin" : "updateRatioMax"}).`,
          advice: isSmall
            ? "Raise the learning rate, or look for what makes the gradient of that layer so small."
            : "Lower the learning rate, clip the gradients, or draw that kernel larger.",
        }];
      }),
);

/** A kernel that training moves and that has a size to compare with. */
function hasRatio(weight: WeightStep): boolean {
  return weight.trainable && isKernel(weight) && weight.meanAbs !== 0;
}

function ratio({ meanAbs, meanAbsUpdate }: WeightStep): number {
  return meanAbsUpdate / meanAbs;
}
