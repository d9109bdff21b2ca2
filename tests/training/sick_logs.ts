import type { TrainingStep } from "../../src/training/training_step.ts";

/** A training that learns: rows from step 1, with an edit for some of them. */
export function healthyLog(
  steps: number,
  edit: (
    row: Required<Pick<TrainingStep, "step" | "loss">> & TrainingStep,
  ) => Partial<TrainingStep> = () => ({}),
): TrainingStep[] {
  return Array.from({ length: steps }, (_, i) => {
    const step = i + 1;
    const row = {
      step,
      // A noise that no seed has to draw.
      loss: 2 * 0.98 ** step + 0.1 + 0.05 * Math.sin(7 * step),
      gradientNorm: 1 + 0.1 * Math.sin(5 * step),
      updateRatio: 5e-3,
      decreaseRatio: step <= 20 ? 0.9 : null,
      growth: 1 + step / 1000,
      shrinkage: 1 - step / 1e4,
      largestInput: 3,
      learningRate: 0.01,
    };
    return { ...row, ...edit(row) };
  });
}

const from = (start: number) => ({ step }: TrainingStep) => step >= start;
const layers = (...ratios: number[]) =>
  ratios.map((updateRatio, i) => ({ layer: `dense_${i + 1}`, updateRatio }));

/** A training for each kind of finding, the rule and kind that is its cause, and the step of the alarm. */
export const SICK: Record<string, { rows: TrainingStep[]; constantLoss?: number; at: number }> = {
  "not-finite forward": {
    rows: healthyLog(40, (row) => row.step >= 30 ? { loss: NaN } : {}),
    at: 30,
  },
  "not-finite backward": {
    rows: healthyLog(
      40,
      (row) =>
        row.step >= 30
          ? { gradientNorm: NaN, nonFinite: { layer: "dense_2", pass: "backward" } }
          : {},
    ),
    at: 30,
  },
  "not-finite batch": {
    rows: healthyLog(40, (row) => row.step === 30 ? { badExamples: [3], batch: 5 } : {}),
    at: 30,
  },
  "not-finite held-out": {
    rows: healthyLog(40, ({ step }) => ({ validationLoss: step < 30 ? 1 : NaN })),
    at: 30,
  },
  "rate-too-high diverged": {
    rows: healthyLog(20, ({ step }) => ({ learningRate: 1, ...step > 1 ? { loss: NaN } : {} })),
    at: 2,
  },
  "rate-too-high raised": {
    rows: healthyLog(60, ({ step }) => step < 40 ? {} : { learningRate: 1, loss: 3 }),
    at: 42,
  },
  "rate-too-low dropped": {
    rows: healthyLog(60, ({ step }) => step < 40 ? {} : { learningRate: 1e-8 }),
    at: 44,
  },
  "not-learning no-gradient": {
    rows: healthyLog(40, () => ({ loss: 2, gradientNorm: 0, updateRatio: 0, decreaseRatio: null })),
    at: 10,
  },
  "rate-too-high broke": {
    rows: healthyLog(40, ({ step }) => ({ updateRatio: step < 8 ? 2 : NaN })),
    at: 8,
  },
  "rate-too-high jumped": {
    rows: healthyLog(60, (row) => ({
      updateRatio: from(40)(row) ? 0.15 : 5e-3,
      loss: from(41)(row) ? 4 : row.loss,
    })),
    at: 42,
  },
  "rate-too-high diverges": {
    rows: healthyLog(30, ({ step }) => ({ loss: step === 1 ? 2 : 3.4 })),
    at: 20,
  },
  "rate-too-high overshoots": {
    rows: healthyLog(28, ({ step }) => ({ loss: 2 + 0.04 * step, decreaseRatio: 0.05 })),
    at: 20,
  },
  "rate-too-high overturns": {
    rows: healthyLog(
      28,
      ({ step }) => ({ loss: 2 + 0.04 * step, updateRatio: 0.6, growth: null }),
    ),
    at: 20,
  },
  "rate-too-high blown-up": {
    rows: healthyLog(28, ({ step }) => ({ loss: 2 + 0.04 * step, growth: 4 })),
    at: 20,
  },
  "rate-too-low slow": {
    rows: healthyLog(
      30,
      ({ step }) => ({ loss: 2 - step / 100, updateRatio: 4e-3, decreaseRatio: 0.99 }),
    ),
    at: 20,
  },
  "rate-too-low above": {
    rows: healthyLog(30, ({ step }) => ({ loss: 2 - step / 100 })),
    constantLoss: 1,
    at: 20,
  },
  "rate-too-low small": { rows: healthyLog(30, () => ({ updateRatio: 4e-4 })), at: 20 },
  "spike spike": {
    rows: healthyLog(60, ({ step }) => step === 40 ? { loss: 5, gradientNorm: 9 } : {}),
    at: 40,
  },
  "spike batch": {
    rows: healthyLog(60, ({ step }) => step === 40 ? { largestInput: 3e4 } : {}),
    at: 40,
  },
  "loss-rises rises": { rows: healthyLog(80, (row) => from(60)(row) ? { loss: 2 } : {}), at: 68 },
  "not-learning stands": {
    rows: healthyLog(120, ({ step }) => ({ loss: 2 + 0.05 * Math.sin(7 * step) })),
    at: 100,
  },
  "not-learning constant": {
    rows: healthyLog(120, ({ step }) => ({ loss: 0.705 + 2 * 0.5 ** step })),
    constantLoss: 0.7,
    at: 100,
  },
  "units-dying dying": {
    rows: healthyLog(
      60,
      ({ step }) =>
        step % 10 === 0 ? { layers: [{ layer: "dense_1", dead: step < 40 ? 0.1 : 0.92 }] } : {},
    ),
    at: 50,
  },
  "units-dying dead": {
    rows: healthyLog(
      60,
      ({ step }) =>
        step % 10 === 0 ? { layers: [{ layer: "dense_1", dead: step < 40 ? 0.1 : 0.98 }] } : {},
    ),
    at: 40,
  },
  "layer-still still": {
    rows: healthyLog(60, (row) => ({ layers: layers(5e-3, from(30)(row) ? 2e-6 : 5e-3, 4e-3) })),
    at: 34,
  },
  "layer-still alone": {
    rows: healthyLog(60, () => ({ layers: layers(5e-3, 10, 4e-3) })),
    at: 5,
  },
  "attention-collapses logits": {
    rows: healthyLog(
      220,
      ({ step }) =>
        step % 50 === 0
          ? { layers: [{ layer: "attend", attentionLogit: step < 200 ? 30 : 1500 }] }
          : {},
    ),
    at: 200,
  },
  "attention-collapses entropy": {
    rows: healthyLog(
      60,
      ({ step }) =>
        step % 10 === 0
          ? { layers: [{ layer: "attend", attentionEntropy: step < 40 ? 0.8 : 0.01 }] }
          : {},
    ),
    at: 40,
  },
  "weights-shrink shrinks": {
    rows: healthyLog(60, ({ step }) => ({
      growth: step < 40 ? 1 + step / 1000 : 1.04 * 0.96 ** (step - 39),
      shrinkage: step < 40 ? 1 : 0.94 ** (step - 39),
      loss: step < 40 ? 2 - step / 100 : 1.6 + (step - 40) / 100,
    })),
    at: 44,
  },
  "weights-shrink penalty": {
    rows: healthyLog(60, ({ step }) => ({ shrinkage: 0.8, penalty: step < 40 ? 0.1 : 0.95 })),
    at: 40,
  },
  "overfitting overfits": {
    rows: healthyLog(
      100,
      ({ step }) => step % 10 === 0 ? { validationLoss: 1 + Math.abs(step - 40) / 100 } : {},
    ),
    at: 70,
  },
  "plateau plateau": {
    rows: healthyLog(
      300,
      ({ step }) => ({ loss: 1.5 + 1 * 0.8 ** step + 0.05 * Math.sin(7 * step) }),
    ),
    at: 210,
  },
  "stale-second-moment stale": {
    rows: healthyLog(60, ({ step }) => ({
      secondMomentRatio: step < 40 ? 0.8 : 5e-3,
      loss: 1.9 - step / 100,
    })),
    at: 42,
  },
};
