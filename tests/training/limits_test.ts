import {
  judgeTraining,
  type JudgeTrainingOptions,
  TRAINING_RULES,
} from "../../src/training/judge_training.ts";
import { renderTraining } from "../../src/training/text/render_training.ts";
import type { TrainingStep } from "../../src/training/training_step.ts";
import { snapshotOf } from "../snapshot_of.ts";
import { healthyLog, SICK } from "./sick_logs.ts";

/** Trainings that differ in one figure. */
interface Family {
  rows: (figure: number) => TrainingStep[];
  figures: readonly number[];
  setup?: JudgeTrainingOptions;
}

/** Returns figures from one to another, at a constant factor. */
const factors = (from: number, to: number, count = 30) =>
  Array.from({ length: count }, (_, i) => from * (to / from) ** (i / (count - 1)));
const numbers = (from: number, to: number, step = 1) =>
  Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step);

/** A training whose loss jumps at a step. */
const jump = (at: number, loss: number, gradientNorm = 9) => ({ step }: TrainingStep) =>
  step === at ? { loss, gradientNorm } : {};
const stands = (step: number, level = 2) => level + 0.05 * Math.sin(7 * step);
const held = (every: number, loss: (step: number) => number) => ({ step }: TrainingStep) =>
  step % every === 0 ? { validationLoss: loss(step) } : {};
const layer = (every: number, signals: (step: number) => object) => ({ step }: TrainingStep) =>
  step % every === 0 ? { layers: [{ layer: "attend", ...signals(step) }] } : {};

const FAMILIES: Record<string, Family> = {
  "loss of a spike": { figures: numbers(0.5, 4, 0.1), rows: (x) => healthyLog(60, jump(40, x)) },
  "gradient of a spike": {
    figures: [0, ...numbers(1, 3, 0.04)],
    rows: (x) => healthyLog(60, jump(40, 5, x)),
  },
  "step of a spike": { figures: numbers(2, 40), rows: (x) => healthyLog(60, jump(x, 9)) },
  "update before a spike": {
    figures: factors(1e-3, 1),
    rows: (x) =>
      healthyLog(60, (row) => ({ ...jump(40, 5)(row), updateRatio: row.step === 39 ? x : 5e-3 })),
  },
  "spike among noise, whose window grows": {
    figures: numbers(20, 200, 4),
    rows: (x) =>
      healthyLog(x, ({ step }) => ({
        loss: step === x ? 4 : 1.5 + Math.sin(7 * step) / 3,
        gradientNorm: step === x ? 9 : 1,
      })),
  },
  "outlier that leaves the window": {
    figures: numbers(60, 160, 4),
    rows: (x) =>
      healthyLog(x, ({ step }) => ({
        loss: step === x ? 4 : step === 20 ? 9 : stands(step, 1.5),
        gradientNorm: step === x ? 9 : 1 + 0.1 * Math.sin(step),
      })),
  },
  "loss after a spike": {
    figures: numbers(0.5, 3, 0.1),
    rows: (x) => healthyLog(60, (row) => row.step > 40 ? { loss: x } : jump(40, 5)(row)),
  },
  "low losses after a spike": {
    figures: numbers(40, 56),
    rows: (x) =>
      healthyLog(60, (row) => row.step > 40 && row.step !== x ? { loss: 3 } : jump(40, 5)(row)),
  },
  "largest input": {
    figures: factors(3, 300),
    rows: (x) => healthyLog(60, ({ step }) => step === 40 ? { largestInput: x } : {}),
  },
  "step of the largest input": {
    figures: numbers(2, 30),
    rows: (x) => healthyLog(40, ({ step }) => step === x ? { largestInput: 99 } : {}),
  },
  "age of the largest input before": {
    figures: numbers(1, 160, 3),
    rows: (x) =>
      healthyLog(
        161,
        ({ step }) => step === 161 ? { largestInput: 99 } : step === x ? { largestInput: 50 } : {},
      ),
  },
  "NaN after a batch that stood out": {
    figures: numbers(30, 41),
    rows: (x) =>
      healthyLog(41, ({ step }) => ({
        ...step === x ? { largestInput: 99 } : {},
        ...step === 41 ? { loss: NaN, updateRatio: 2 } : {},
      })),
  },
  "level to which a loss rises": {
    figures: numbers(0.8, 3, 0.08),
    rows: (x) => healthyLog(80, ({ step }) => step >= 60 ? { loss: x } : {}),
  },
  "level to which a noisy loss rises": {
    figures: numbers(1, 4, 0.1),
    rows: (x) =>
      healthyLog(90, ({ step }) => ({ loss: (step < 70 ? 1 : x) + 0.7 * Math.sin(7 * step) })),
  },
  "steps of a risen loss": {
    figures: numbers(1, 20),
    rows: (x) => healthyLog(60 + x, ({ step }) => step > 60 ? { loss: 2 } : {}),
  },
  "lucky batches of a risen loss": {
    figures: numbers(60, 80),
    rows: (x) => healthyLog(80, ({ step }) => step >= 60 && step !== x ? { loss: 2 } : {}),
  },
  "high losses before a rise": {
    figures: numbers(0, 6),
    rows: (x) =>
      healthyLog(
        80,
        ({ step }) => step >= 60 ? { loss: 2 } : step > 40 && step <= 40 + x ? { loss: 2.5 } : {},
      ),
  },
  "age of high losses before a rise": {
    figures: numbers(10, 58, 2),
    rows: (x) =>
      healthyLog(80, ({ step }) => step >= 60 || Math.abs(step - x) < 2 ? { loss: 2 } : {}),
  },
  "steps before a rise": {
    figures: numbers(4, 40),
    rows: (x) =>
      healthyLog(x + 30, ({ step }) => step > x ? { loss: 4 } : { loss: 1 + step / 1e3 }),
  },
  "lowest losses long before": {
    figures: numbers(2, 180, 6),
    rows: (x) =>
      healthyLog(200, ({ step }) => ({ loss: step > x && step < x + 17 ? 0.5 : stands(step) })),
  },
  "loss of a rate that is too high": {
    figures: numbers(0.7, 6, 0.1),
    rows: (x) => healthyLog(50, ({ step }) => ({ loss: step === 1 ? 1 : x })),
  },
  "steps until the loss has risen": {
    figures: numbers(2, 60),
    rows: (x) => healthyLog(70, ({ step }) => ({ loss: step < x ? 1 : 1.7 })),
  },
  "first steps of a log that goes on": {
    figures: [0, 1, 2, 500],
    rows: (x) => healthyLog(50, ({ step }) => ({ step: step - 1 + x, loss: step === 1 ? 1 : 1.7 })),
  },
  "lowest loss of a rate that is too high": {
    figures: numbers(0.5, 1, 0.04),
    rows: (x) => healthyLog(60, ({ step }) => ({ loss: step === 1 ? 1 : step < 45 ? x : 1.9 })),
  },
  "held-out loss of a rate that is too high": {
    figures: numbers(0.6, 1.2, 0.04),
    rows: (x) => [
      { step: 0, validationLoss: 2 },
      ...healthyLog(28, (row) => ({
        loss: 2 + 0.04 * row.step,
        updateRatio: 0.6,
        growth: null,
        ...held(20, () => 2 * x)(row),
      })),
    ],
  },
  "decrease of a rising loss": {
    figures: numbers(-2, 1.2, 0.1),
    rows: (x) => healthyLog(40, ({ step }) => ({ loss: 2 + 0.04 * step, decreaseRatio: x })),
  },
  "number of decreases of a rising loss": {
    figures: numbers(0, 12),
    rows: (x) =>
      healthyLog(40, ({ step }) => ({
        loss: 2 + 0.04 * step,
        decreaseRatio: step % 2 === 0 && step <= 2 * x ? step === 2 ? -9 : 0.1 : null,
      })),
  },
  "update of a loss that stands": {
    figures: factors(1e-5, 10),
    rows: (x) =>
      healthyLog(50, ({ step }) => ({ loss: 2 + 0.002 * step, updateRatio: x, growth: null })),
  },
  "update of a loss that falls": {
    figures: factors(1e-5, 10),
    rows: (x) => healthyLog(50, () => ({ updateRatio: x })),
  },
  "first updates of small ones": {
    figures: factors(1e-4, 1),
    rows: (x) => healthyLog(40, ({ step }) => ({ updateRatio: step < 11 ? x : 1e-4 })),
  },
  "steps with small updates": {
    figures: numbers(1, 30),
    rows: (x) => healthyLog(40, ({ step }) => ({ updateRatio: step < x ? 0.02 : 1e-4 })),
  },
  "growth of a rising loss": {
    figures: factors(0.5, 20),
    rows: (x) => healthyLog(40, ({ step }) => ({ loss: 2 + 0.04 * step, growth: x })),
  },
  "slope of a rising loss": {
    figures: numbers(-0.02, 0.05, 0.004),
    rows: (x) =>
      healthyLog(50, ({ step }) => ({
        loss: 2 + x * step,
        decreaseRatio: 0.05,
        updateRatio: 0.6,
        growth: null,
      })),
  },
  "size of an update that jumps": {
    figures: factors(5e-3, 1),
    rows: (x) =>
      healthyLog(60, ({ step, loss }) => ({
        updateRatio: step === 40 ? x : 5e-3,
        loss: step > 40 ? 4 : loss,
      })),
  },
  "loss after an update that jumps": {
    figures: numbers(0.5, 4, 0.2),
    rows: (x) =>
      healthyLog(60, ({ step, loss }) => ({
        updateRatio: step === 40 ? 0.2 : 5e-3,
        loss: step > 40 ? x : loss,
      })),
  },
  "steps of a loss after an update that jumps": {
    figures: numbers(0, 15),
    rows: (x) =>
      healthyLog(60, ({ step, loss }) => ({
        updateRatio: step === 40 ? 0.2 : 5e-3,
        loss: step > 40 && step <= 40 + x ? 4 : loss,
      })),
  },
  "step of an update that jumps": {
    figures: numbers(5, 40),
    rows: (x) =>
      healthyLog(60, ({ step, loss }) => ({
        updateRatio: step === x ? 0.2 : 5e-3,
        loss: step > x ? 9 : loss,
      })),
  },
  "update that leaves NaN": {
    figures: [...factors(0.01, 0.29), 0.3, ...factors(0.31, 10)],
    rows: (x) =>
      healthyLog(
        30,
        ({ step }) => step === 24 ? { updateRatio: x } : step > 24 ? { loss: NaN } : {},
      ),
  },
  "steps after the update that leaves NaN": {
    figures: numbers(1, 50),
    rows: (x) =>
      healthyLog(60, ({ step }) => ({
        updateRatio: step === 9 ? 2 : 5e-3,
        ...step >= 9 + x ? { loss: NaN } : {},
      })),
  },
  "loss before NaN, without updates": {
    figures: numbers(1, 9, 0.4),
    rows: (x) =>
      healthyLog(30, ({ step }) => ({
        updateRatio: null,
        loss: step < 20 ? 1 : step < 23 ? x : NaN,
      })),
  },
  "decrease of a loss that hardly falls": {
    figures: numbers(0.8, 1.2, 0.02),
    rows: (x) =>
      healthyLog(30, ({ step }) => ({ loss: 2 - step / 100, updateRatio: 4e-3, decreaseRatio: x })),
  },
  "fall of a loss that keeps to its prediction": {
    figures: numbers(0, 0.03, 0.002),
    rows: (x) =>
      healthyLog(30, ({ step }) => ({ loss: 2 - x * step, updateRatio: 4e-3, decreaseRatio: 1 })),
  },
  "fall of a loss from its first steps": {
    figures: numbers(-0.02, 0.08, 0.004),
    rows: (x) => healthyLog(130, ({ step }) => ({ loss: step <= 5 ? 2 : 2 * (1 - x) })),
  },
  "steps in which nothing is learned": {
    figures: numbers(90, 110),
    rows: (x) => healthyLog(x, ({ step }) => ({ loss: stands(step) })),
  },
  "lowest loss of a training that learns nothing": {
    figures: numbers(0.5, 2, 0.1),
    rows: (x) => healthyLog(120, ({ step }) => ({ loss: step === 50 ? x : stands(step) })),
  },
  "distance from the best constant answer": {
    figures: numbers(-0.05, 0.05, 0.004),
    rows: (x) => healthyLog(120, ({ step }) => ({ loss: 0.7 + x + 2 * 0.5 ** step })),
    setup: { constantLoss: 0.7 },
  },
  "slope of a plateau": {
    figures: numbers(-1e-3, 1e-3, 5e-05),
    rows: (x) => healthyLog(230, ({ step }) => ({ loss: step < 20 ? 2.5 : 1.5 - x * step })),
  },
  "height of a plateau": {
    figures: numbers(0.5, 2, 0.1),
    rows: (x) => healthyLog(230, ({ step }) => ({ loss: step <= 5 ? 2 : stands(step, x) })),
  },
  "rise of a held-out loss": {
    figures: numbers(1, 1.4, 0.02),
    rows: (x) => healthyLog(120, held(10, (step) => step < 50 ? 1 : x + step / 1e4)),
  },
  "rise of a held-out loss far from the other": {
    figures: numbers(1, 1.4, 0.02),
    rows: (x) => healthyLog(120, held(10, (step) => step < 50 ? 4 : 4 * x + step / 1e4)),
  },
  "step from which a held-out loss rises": {
    figures: numbers(4, 60, 4),
    rows: (x) => healthyLog(80, held(4, (step) => step < x ? 4 : 5 + step / 1e4)),
  },
  "training loss while the held-out loss rises": {
    figures: numbers(0.2, 2.4, 0.2),
    rows: (x) =>
      healthyLog(80, (row) => ({
        loss: row.step < 40 ? 1.5 : x,
        ...held(10, (step) => step < 50 ? 1.4 : 2 + step / 1e4)(row),
      })),
  },
  "dead units": {
    figures: numbers(0, 1, 0.02),
    rows: (x) => healthyLog(60, layer(10, (step) => ({ dead: step < 40 ? 0.1 : x }))),
  },
  "dead units before": {
    figures: numbers(0, 1, 0.1),
    rows: (x) => healthyLog(60, layer(10, (step) => ({ dead: step < 40 ? x : 0.96 }))),
  },
  "update of a layer beside three": {
    figures: factors(1e-7, 100),
    rows: (x) =>
      healthyLog(10, () => ({
        layers: [x, 4e-3, 5e-3, 6e-3].map((updateRatio, i) => ({ layer: `${i}`, updateRatio })),
      })),
  },
  "steps in which a layer stands still, and layers": {
    figures: numbers(1, 12),
    rows: (x) =>
      healthyLog(30, ({ step }) => ({
        layers: Array.from({ length: step < 20 ? 5 : 3 }, (_, i) => ({
          layer: `${i}`,
          updateRatio: i === 1 && step > 10 && step <= 10 + x ? 1e-7 : 5e-3,
        })),
      })),
  },
  "layers beside one that stands still": {
    figures: numbers(0, 4),
    rows: (x) =>
      healthyLog(10, () => ({
        layers: [1e-7, ...Array.from({ length: x }, () => 5e-3)]
          .map((updateRatio, i) => ({ layer: `${i}`, updateRatio })),
      })),
  },
  "score of an attention": {
    figures: factors(10, 1e4),
    rows: (x) => healthyLog(60, layer(10, (step) => ({ attentionLogit: step < 40 ? 20 : x }))),
  },
  "first score of an attention": {
    figures: factors(10, 1e4),
    rows: (x) => healthyLog(60, layer(10, (step) => ({ attentionLogit: step < 40 ? x : 2e3 }))),
  },
  "entropy of an attention with large scores": {
    figures: numbers(0, 1, 0.04),
    rows: (x) =>
      healthyLog(
        60,
        layer(10, (step) => ({
          attentionLogit: step < 40 ? 20 : 2e3,
          attentionEntropy: step < 40 ? 0.8 : x,
        })),
      ),
  },
  "entropy of an attention": {
    figures: numbers(0, 0.05, 0.002),
    rows: (x) => healthyLog(60, layer(10, (step) => ({ attentionEntropy: step < 40 ? 0.8 : x }))),
  },
  "score of an attention of one key": {
    figures: factors(10, 1e4),
    rows: (x) =>
      healthyLog(
        60,
        layer(10, (step) => ({ attentionLogit: x, attentionEntropy: step < 40 ? 0.8 : 0.01 })),
      ),
  },
  "decay of the kernels": {
    figures: numbers(0.8, 1, 0.01),
    rows: (x) =>
      healthyLog(60, ({ step }) => ({ growth: x ** Math.max(0, step - 30), shrinkage: 0.8 })),
  },
  "smallest kernel under decay": {
    figures: numbers(0.8, 1, 0.02),
    rows: (x) =>
      healthyLog(60, ({ step }) => ({ growth: 0.95 ** Math.max(0, step - 30), shrinkage: x })),
  },
  "steps of decay": {
    figures: numbers(1, 20),
    rows: (x) =>
      healthyLog(60, ({ step }) => ({
        growth: 0.9 ** Math.min(x, Math.max(0, step - 30)),
        shrinkage: 0.5,
      })),
  },
  "kernels halved at once": {
    figures: numbers(0.3, 0.9, 0.04),
    rows: (x) => healthyLog(60, ({ step }) => ({ growth: step < 30 ? 1 : x, shrinkage: 0.5 })),
  },
  "penalty": {
    figures: numbers(0.5, 1, 0.04),
    rows: (x) => healthyLog(60, () => ({ shrinkage: 0.8, penalty: x })),
  },
  "smallest kernel under a penalty": {
    figures: numbers(0.5, 1, 0.04),
    rows: (x) => healthyLog(60, () => ({ shrinkage: x, penalty: 0.95 })),
  },
  "second moment": {
    figures: factors(1e-4, 1),
    rows: (x) =>
      healthyLog(
        60,
        ({ step }) => ({ loss: 2 - step / 100, secondMomentRatio: step < 40 ? 1 : x }),
      ),
  },
  "loss under a small second moment": {
    figures: numbers(0.2, 1, 0.04),
    rows: (x) =>
      healthyLog(60, ({ step }) => ({
        loss: step <= 5 ? 1 : x,
        secondMomentRatio: step < 40 ? 1 : 1e-3,
      })),
  },
};

/** Returns the findings in the order of their steps, in short; a step may be the figure itself. */
const verdictOf = ({ rows, setup }: Family, figure: number) =>
  judgeTraining(rows(figure), setup)
    .map(({ rule, kind, severity, step }) =>
      `${rule} ${kind} ${severity} ${step === figure ? "there" : step}`
    ).join(", ") || "none";

for (const [name, family] of Object.entries(FAMILIES)) {
  Deno.test(`verdicts change at the same ${name}`, async (t) => {
    const lines: { verdict: string; from: number; to: number }[] = [];
    for (const figure of family.figures) {
      const verdict = verdictOf(family, figure);
      const last = lines.at(-1);
      if (last?.verdict === verdict) last.to = figure;
      else lines.push({ verdict, from: figure, to: figure });
    }
    const shown = lines.map(({ verdict, from, to }) =>
      `${from.toPrecision(3)} .. ${to.toPrecision(3)}: ${verdict}`
    );
    await t.assertSnapshot(shown, snapshotOf(import.meta));
  });
}

Deno.test("findings have the same words and figures", async (t) => {
  const shown = Object.entries(SICK).flatMap(([name, { rows, constantLoss }]) =>
    judgeTraining(rows, { constantLoss }).map(
      ({ step, severity, since, layer, measured, limit, message, fix }) =>
        `${name}: ${severity} ${step} since ${since} ${layer} ${
          measured.toPrecision(6)
        } (${limit})\n` +
        `  ${message}\n  ${fix}`,
    )
  );
  await t.assertSnapshot(shown, snapshotOf(import.meta));
});

Deno.test("a report names the cause first, with its fix, and then the others", async (t) => {
  const shown = Object.values(SICK).map(({ rows, constantLoss }) =>
    renderTraining(rows, judgeTraining(rows, { constantLoss }))
  );
  await t.assertSnapshot(shown, snapshotOf(import.meta));
});

Deno.test("thresholds have the same defaults and ranges", async (t) => {
  const shown = TRAINING_RULES.flatMap(({ name, thresholds }) =>
    Object.entries(thresholds).map((
      [key, { default: value, range, atMost = null, whole = false }],
    ) =>
      `${name} ${key}: ${value}, ${range.join(" to ")}${
        atMost === null ? "" : `, at most ${atMost}`
      }${whole ? ", whole" : ""}`
    )
  );
  await t.assertSnapshot(shown, snapshotOf(import.meta));
});

/** Returns the sentence about figures that are not finite. */
const notFinite = (row: Partial<TrainingStep>) =>
  judgeTraining([{ step: 1, loss: 1 }, { step: 2, loss: 1, ...row }])[0].message;

Deno.test("the sentence about NaN names pass, layer, batch and examples", async (t) => {
  const rows: Partial<TrainingStep>[] = [
    { loss: NaN },
    { loss: null, gradientNorm: NaN },
    { gradientNorm: Infinity, batch: 0, epoch: 2 },
    { updateRatio: NaN, nonFinite: { layer: "head", pass: "update" }, batch: 4 },
    { loss: NaN, failedExamples: [3] },
    { loss: NaN, failedExamples: [3, 4] },
    { badExamples: [1] },
    { badExamples: [1, 2, 3, 4, 5], batch: 1, epoch: 1 },
    { badExamples: [1, 2, 3, 4, 5, 6] },
    { badExamples: [1, 2, 3, 4, 5, 6, 7] },
    { badExamples: [], loss: NaN },
  ];
  await t.assertSnapshot(rows.map(notFinite), snapshotOf(import.meta));
});
