import type { OverfitProbe } from "../../probe/probe_step.ts";
import { defineModelRule } from "../define_rule.ts";
import { atMost, counted, exactFigure, figure, number, say } from "../say.ts";
import { falsePositives } from "../rule_documentation.ts";
import type { ModelRule } from "../rule.ts";

/** Number of bars in the chart: the loss before the first step, at the end, and in between. */
const BARS = 8;

/** The rule `overfits-batch`: a network that can learn can memorise one batch. */
export const overfitsBatch: ModelRule<OverfitProbe> = defineModelRule({
  name: "overfits-batch",
  assertion: "assertOverfitsBatch",
  order: 290,
  probe: "overfit",
  thresholds: {
    overfitLoss: {
      default: 1e-2,
      unit: "loss",
      range: [0, Infinity],
      source: "Karpathy, A Recipe for Training Neural Networks: overfit one batch",
      about: "Loss that a network must reach on one batch.",
    },
    overfitSteps: {
      default: 500,
      unit: "training steps",
      range: [1, 1e9],
      source: "own: the controls reach overfitLoss within it",
      about: "Steps within which it must reach that loss.",
      whole: true,
    },
  },
  problem: "a loss that stays high after training on one batch",
  summary: "Trained on one batch alone, the network brings its loss close to zero.",
  formula: "J <= overfitLoss within overfitSteps steps of training on the batch alone.",
  source: "Karpathy, A Recipe for Training Neural Networks: overfit one batch.",
  misleads:
    "Slow, so it runs only on request. Dropout and penalties keep the loss up: remove them. A " +
    "learning rate that is too small needs more steps; equal examples with different targets " +
    "cannot be learned.",
  fix: "Change the learning rate, widen the network, and check that the targets belong to their " +
    "inputs.",
  falsePositives: falsePositives({
    draws: 200,
    of: "the controls of 3 to 10 layers, under Adam with a learning rate of 0.001",
  }),
  asserts: "that the network overfits one batch: trained on it alone, its loss falls to 1e-2 " +
    "(`overfitLoss`) within 500 steps (`overfitSteps`). Slow: one pass per step; it stops as " +
    "soon as the loss is low. The loss and the optimizer are the given ones, or those that " +
    "the model was compiled with; the default optimizer is Adam with a learning rate of " +
    "0.001. Weights are restored bit by bit; the optimizer is copied and stays unchanged.",
  fails: "the network cannot learn one batch",
  throws: "If the loss does not fall enough.",
  refuses:
    "If the loss lacks targets or is the sum of the outputs, or a threshold is out of range.",
  example: {
    title: "A network that passes",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { assertOverfitsBatch } from "@gradient-health/gradient-health/assert";

      await using engine = await startEngine();
      const { tf } = engine;
      const model = exerciseModel({ depth: 3, std: 1 / Math.sqrt(20) });
      const batch = randomBatch(model, { objective: "meanSquaredError", examples: 8 });
      await assertOverfitsBatch(model, batch, {
        objective: "meanSquaredError",
        optimizer: tf.train.adam(0.01),
      });
      model.dispose();
    `,
  },
  options: ["objective", "seed", "optimizer"],
  figure: {
    title: "J",
    scale: "log",
    rows: ({ losses }) =>
      [
        ...new Set(
          Array.from({ length: BARS }, (_, i) => Math.round(i * (losses.length - 1) / (BARS - 1))),
        ),
      ]
        .map((step) => ({ label: `step ${step}`, value: losses[step] })),
  },
  judge({ losses, objective: { name }, optimizer }, { overfitLoss, overfitSteps }) {
    const judged = losses.slice(0, overfitSteps + 1);
    const least = Math.min(...judged);
    if (least <= overfitLoss) return [];
    const diverged = judged.findIndex((loss) => !Number.isFinite(loss));
    const expected = atMost(overfitLoss);
    const steps = judged.length - 1;
    const figures = {
      first: figure(losses[0], "J"),
      least: figure(least, "J"),
      steps: exactFigure(diverged === -1 ? steps : diverged, "steps"),
    };
    return [{
      severity: "error",
      kind: diverged === -1 ? "slow" : "diverged",
      layer: null,
      measured: Number.isFinite(least) ? least : null,
      expected,
      threshold: "overfitLoss",
      figures,
      message: diverged !== -1
        ? say`${name} is ${number(losses[diverged])} after ${counted(diverged, "step")} of
          ${optimizer} on the batch alone; expected ${expected} (overfitLoss).`
        : say`${name} came down from ${figures.first} to ${figures.least} in
          ${counted(steps, "step")} of ${optimizer} on the batch alone; expected ${expected}
          (overfitLoss) within ${number(overfitSteps, "exact")} (overfitSteps).`,
      fix: diverged !== -1
        ? "Lower the learning rate, and run assertHealthy."
        : "Try another learning rate, widen the network, and check that the targets belong to their inputs.",
    }];
  },
});
