import { assertEquals, assertStringIncludes } from "@std/assert";
import { judgeTraining } from "../../src/training/judge_training.ts";
import { healthyLog } from "./sick_logs.ts";

Deno.test("a held-out loss must rise further if the training loss is above half of it", () => {
  const found = (loss: number, rise: number) =>
    judgeTraining(
      healthyLog(60, ({ step }) => ({
        loss: step < 30 ? 2 : loss,
        ...step % 10 === 0 ? { validationLoss: step < 40 ? 1 : rise } : {},
      })),
      { rules: ["overfitting"] },
    ).map(({ step }) => step);
  const falling = (to: number) =>
    judgeTraining(
      healthyLog(50, ({ step }) => ({
        loss: step < 30 ? 2 : 0.5,
        ...step % 10 === 0 ? { validationLoss: new Map([[40, 1.6], [50, to]]).get(step) ?? 1 } : {},
      })),
      { rules: ["overfitting"] },
    ).length;
  assertEquals(found(0.54, 1.11), [50]);
  // A held-out loss that has come back is noise; one that jumps about above its minimum is not.
  assertEquals([falling(1.09), falling(1.11)], [0, 1]);
  assertEquals([found(0.54, 1.09), found(0.57, 1.11)], [[], []]);
  // Without a gap, the rise must last for three measurements.
  assertEquals([found(0.9, 1.21), found(0.9, 1.19)], [[60], []]);
  // A small share of the loss before training is noise.
  const noise = (floor: number) =>
    judgeTraining(
      healthyLog(60, ({ step }) =>
        step % 10 === 0
          ? {
            loss: 2 - step / 100,
            validationLoss: step < 20 ? 1 : step < 40 ? floor : 1.3 * floor,
          }
          : { loss: 2 - step / 100 }),
      { rules: ["overfitting"] },
    ).length;
  assertEquals([noise(0.09), noise(0.11)], [0, 1]);
});

/** Steps at which a training overfits whose held-out losses are measured every 10 steps, from step 0. */
const overfits = (
  heldOut: readonly number[],
  loss: (step: number) => number = (step) => step < 45 ? 2 : 0.4,
) =>
  judgeTraining([
    { step: 0, validationLoss: heldOut[0] },
    ...healthyLog(10 * (heldOut.length - 1), ({ step }) => ({
      loss: loss(step),
      ...step % 10 === 0 ? { validationLoss: heldOut[step / 10] } : {},
    })),
  ], { rules: ["overfitting"] }).map(({ step }) => step);

Deno.test("a held-out loss overfits if it rises above the noise of the training loss", () => {
  // The latest 20 losses are 0.1 off a line that falls, up and down in turn: neighbours differ by 0.2.
  const noisy = (step: number) => step < 41 ? 2 + step % 2 : 1 - step / 100 + 0.1 * (-1) ** step;
  const risen = (by: number) => overfits([2, 1.5, 1, 1, 1, 1 + by, 1 + by], noisy);
  const limit = 3 * 0.2 / Math.SQRT2;
  assertEquals([risen(0.98 * limit), risen(1.02 * limit)], [[], [60]]);
});

Deno.test("a network that has not learned its examples does not overfit them", () => {
  const found = (share: number) =>
    overfits([2, 1, 1, 1, 1, 1.5, 1.5, 1.5], (step) => step < 30 ? 2 : 2 * share);
  assertEquals([found(0.89), found(0.91)], [[70], []]);
});

Deno.test("a held-out loss that rises from the first step on has its minimum before training", () => {
  const rows = [
    { step: 0, validationLoss: 2 },
    ...healthyLog(50, ({ step }) => ({
      loss: 2 / step,
      ...step % 10 === 0 ? { validationLoss: 2 + step / 50 } : {},
    })),
  ];
  const [{ since, fix }, ...others] = judgeTraining(rows, { rules: ["overfitting"] });
  assertEquals([since, others.length], [0, 0]);
  assertStringIncludes(fix, "no step has lowered the held-out loss");
  const [{ fix: usual }] = judgeTraining(rows.slice(1), { rules: ["overfitting"] });
  assertStringIncludes(usual, "Stop after step 10");
});

Deno.test("a log of held-out losses alone shows no overfitting", () => {
  const rows = [0, 10, 20, 30, 40, 50, 60].map((step) => ({ step, validationLoss: 1 + step / 50 }));
  assertEquals(judgeTraining(rows, { rules: ["overfitting"] }), []);
});
