import type { TrainingStep } from "../../src/training/training_step.ts";

/** Monitor of another project, by its published thresholds, on the signals that it reads. */
export interface Peer {
  name: string;
  /** Source of its thresholds. */
  source: string;
  /** Returns the step of its first alarm; `null` without one. */
  alarm(rows: readonly TrainingStep[]): number | null;
}

const firstOf = (
  rows: readonly TrainingStep[],
  isAlarm: (row: TrainingStep, place: number) => boolean,
): number | null => rows.find((row, i) => row.step > 0 && isAlarm(row, i))?.step ?? null;

const isBroken = ({ loss, gradientNorm }: TrainingStep) =>
  [loss, gradientNorm].some((value) => typeof value === "number" && !Number.isFinite(value));

const meanOf = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Values of a signal in the rows before a place. */
function before(
  rows: readonly TrainingStep[],
  place: number,
  { name, count }: { name: "loss" | "gradientNorm"; count: number },
): number[] {
  return rows.slice(Math.max(1, place - count), place).flatMap((row) => row[name] ?? []);
}

function isBeyond(rows: readonly TrainingStep[], place: number, name: "loss" | "gradientNorm") {
  const values = before(rows, place, { name, count: 128 });
  if (values.length < 64) return false;
  const mean = meanOf(values);
  const sigma = Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)));
  return (rows[place][name] ?? 0) > mean + 6 * sigma;
}

/** The last held-out loss up to a row. */
const heldOut = (rows: readonly TrainingStep[], place: number) =>
  rows.slice(0, place + 1).findLast(({ validationLoss }) => validationLoss != null)?.validationLoss;

/** Peers of the benchmark. */
export const PEERS: readonly Peer[] = [
  {
    name: "Lightning SpikeDetection",
    source:
      "fabric/utilities/spike.py: window 10, warm-up 1, rtol 2, not below the last, finite only",
    alarm: (rows) =>
      firstOf(rows, (row, i) => {
        if (!Number.isFinite(row.loss)) return true;
        const values = before(rows, i, { name: "loss", count: 10 });
        if (values.length < 2) return false;
        const mean = meanOf(values);
        return row.loss! > values.at(-1)! && Math.abs(row.loss! - mean) >= 2 * Math.abs(mean);
      }),
  },
  {
    name: "OLMo-core SkipStepOptimizer",
    source: "loss or gradient norm above mean + 6 sigma of the last 128 steps, from 64 on",
    alarm: (rows) =>
      firstOf(rows, (_, i) => isBeyond(rows, i, "loss") || isBeyond(rows, i, "gradientNorm")),
  },
  {
    name: "SageMaker Debugger",
    source: "LossNotDecreasing (0.1 %, 10 steps), ExplodingTensor (NaN), WeightUpdateRatio (10, " +
      "1e-8), VanishingGradient (1e-7), Overfit (0.1): documented defaults",
    alarm: (rows) =>
      firstOf(rows, (row, i) => {
        const past = rows[i - 10]?.loss;
        const held = row.validationLoss;
        return isBroken(row) || row.updateRatio! > 10 || row.updateRatio! < 1e-8 ||
          row.gradientNorm! < 1e-7 ||
          i % 10 === 0 && past != null && past - row.loss! < 0.001 * Math.abs(past) ||
          held != null && (held - row.loss!) / Math.abs(row.loss!) > 0.1 && i > 20;
      }),
  },
  {
    name: "AUTOTRAINER",
    source:
      "exploding: NaN or gradient >= 70; vanishing: first kernel's over last's <= 1e-3; dying: " +
      "70 % dead. Its rules over accuracy have no signal here",
    alarm: (rows) =>
      firstOf(rows, (row) => {
        const kernels = (row.layers ?? []).flatMap(({ gradient }) => gradient ? [gradient] : []);
        return isBroken(row) || row.gradientNorm! >= 70 ||
          kernels.length > 1 && kernels[0] / kernels.at(-1)! <= 1e-3 ||
          (row.layers ?? []).some(({ dead }) => (dead ?? 0) >= 0.7);
      }),
  },
  {
    name: "DeepLocalize",
    source: "NaN or infinite figures in a layer, a gradient or the loss",
    alarm: (rows) => firstOf(rows, isBroken),
  },
  {
    name: "UMLAUT",
    source: "heuristics.py: rate above 0.01 or below 1e-7, NaN loss, held-out loss above its " +
      "minimum while the loss falls",
    alarm: (rows) =>
      firstOf(rows, (row, i) => {
        const held = row.validationLoss;
        const past = heldOut(rows, i - 1);
        return row.learningRate! > 0.01 || row.learningRate! < 1e-7 || !Number.isFinite(row.loss) ||
          held != null && past != null && i > 20 && held > past &&
            row.loss! < (rows[i - 1].loss ?? 0);
      }),
  },
];
