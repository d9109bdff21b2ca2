import type { StepProbe } from "../../probe/probe_step.ts";
import { defineModelRule } from "../define_rule.ts";
import { falsePositives } from "../false_positives.ts";
import type { Verdict } from "../judge.ts";
import type { ModelRule } from "../model_rule.ts";

/** The rule `weights-frozen`: a training step moves nothing in a frozen layer. */
export const weightsFrozen: ModelRule<StepProbe> = defineModelRule(
  {
    name: "weights-frozen",
    assertion: "assertWeightsFrozen",
    problem: "frozen layers that training moves",
    stage: "any",
    summary: "No weight of a frozen layer differs, in any bit, after a training step.",
    formula: "w' = w in every entry after one step, for each weight of a layer that is frozen or " +
      "lies in a frozen model; moving statistics included.",
    thresholds: [],
    source: "torchtest, assert_vars_same.",
    misleads:
      "TensorFlow.js moves the statistics of a frozen batch normalisation while it trains; Keras " +
      "does not. A model without frozen layers passes.",
    fix: "Train the model's trainableWeights alone, and leave the others out of weight decay.",
    falsePositives: falsePositives({ draws: 1060 }, "One of their layers is frozen."),
    options: ["objective", "seed", "optimizer", "train"],
    figure: {
      title: "entries of a frozen weight that changed",
      scale: "linear",
      rows: ({ weights }) =>
        weights.filter(({ frozen }) => frozen)
          .map(({ layer, name, changed }) => ({ label: name, layer, value: changed })),
    },
  },
  ({ weights }) => weights.filter(({ frozen }) => frozen).map(({ layer }) => layer),
  ({ weights, optimizer }, _, isJudged) =>
    weights.filter(({ frozen, changed, layer }) => frozen && changed > 0 && isJudged(layer))
      .map(({ layer, name, changed }): Verdict => {
        const isStatistic = /(^|\/)moving_(mean|variance)/.test(name);
        return {
          severity: "error",
          layer,
          measured: changed,
          expected: "0",
          message: `${name} belongs to a frozen layer, and a step of ${optimizer} changes ` +
            `${changed} of its entries; expected none.`,
          advice: isStatistic
            ? `Run ${layer} in inference mode while the rest trains: TensorFlow.js moves the ` +
              `statistics of a frozen batch normalisation.`
            : "Train the model's trainableWeights alone, and leave the others out of weight decay.",
        };
      }),
);
