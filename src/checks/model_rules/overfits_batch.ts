import type { OverfitProbe } from "../../probe/probe_overfit.ts";
import { defineModelRule } from "../define_rule.ts";
import { falsePositives } from "../false_positives.ts";
import { formatCount, formatNumber } from "../format.ts";
import type { ModelRule } from "../model_rule.ts";

/** Bars of the chart: the loss before the first step, at the end, and in between. */
const BARS = 8;

/** The rule `overfits-batch`: a network that can learn can learn one batch by heart. */
export const overfitsBatch: ModelRule<OverfitProbe> = defineModelRule(
  {
    name: "overfits-batch",
    assertion: "assertOverfitsBatch",
    problem: "a batch that it does not learn by heart",
    stage: "any",
    summary: "Trained on one batch alone, the network brings its loss down to almost nothing.",
    formula: "J <= overfitLoss before step overfitSteps or sooner, training on the batch alone.",
    thresholds: ["overfitLoss", "overfitSteps"],
    source: "Karpathy, A Recipe for Training Neural Networks: overfit one batch.",
    misleads:
      "Slow, so it is run only where it is asked for. Dropout and penalties keep the loss up: " +
      "take them out. A learning rate that is too small needs more steps; equal examples with " +
      "different targets cannot be learned.",
    fix: "Change the learning rate, widen the network, and look whether targets belong to their " +
      "inputs.",
    falsePositives: falsePositives({
      draws: 200,
      of: "the controls of 3 to 10 layers, under Adam with a learning rate of 0.001",
    }),
    options: ["objective", "seed", "optimizer"],
    figure: {
      title: "J",
      scale: "log",
      rows: ({ losses }) =>
        [
          ...new Set(
            Array.from(
              { length: BARS },
              (_, i) => Math.round(i * (losses.length - 1) / (BARS - 1)),
            ),
          ),
        ]
          .map((step) => ({ label: `step ${step}`, value: losses[step] })),
    },
  },
  () => [],
  ({ losses, objective: { name }, optimizer }, { overfitLoss, overfitSteps }) => {
    const judged = losses.slice(0, overfitSteps + 1);
    const least = Math.min(...judged);
    if (least <= overfitLoss) return [];
    const diverged = judged.findIndex((loss) => !Number.isFinite(loss));
    const limit = `<= ${formatNumber(overfitLoss)}`;
    const steps = judged.length - 1;
    return [{
      severity: "error",
      layer: null,
      measured: Number.isFinite(least) ? least : null,
      expected: limit,
      threshold: "overfitLoss",
      message: diverged !== -1
        ? `${name} is ${losses[diverged]} after ${
          formatCount(diverged, "step")
        } of ${optimizer} on the batch ` +
          `alone; expected ${limit} (overfitLoss).`
        : `${name} came down from ${formatNumber(losses[0])} to ${formatNumber(least)} in ` +
          `${
            formatCount(steps, "step")
          } of ${optimizer} on the batch alone; expected ${limit} (overfitLoss) ` +
          `within ${overfitSteps} (overfitSteps).`,
      advice: diverged !== -1
        ? "Lower the learning rate, and look at assertHealthy."
        : "Try another learning rate, widen the network, and look whether the targets belong to " +
          "their inputs.",
    }];
  },
);
