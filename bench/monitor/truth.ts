import type { TrainingStep } from "../../src/training/training_step.ts";
import { type Fault, INJECTED_AT } from "./faults.ts";
import type { Recorded } from "./record_training.ts";

/** End of a training: beside the best rate of the same network. */
export type Ending = "good" | "bad" | "between";

/** A recorded training, what became of it, and why. */
export interface Known extends Recorded {
  ending: Ending;
  /** Rules that name the cause; empty for a good training. */
  causes: readonly string[];
  /** Step at which its fault begins. */
  from: number;
  /** Step from which on it has failed: lead times are counted to it. */
  failedAt: number;
}

/** Share of the best progress from which on a training is good, and below which it is bad. */
const GOOD = 0.8, BAD = 0.5;
/** A network that learns less at its best rate is left out. */
const LEAST_PROGRESS = 0.1;
/** A held-out loss above its minimum by this factor at the end is overfitting. */
const OVERFIT = 1.1;

const CAUSES: Readonly<Record<Fault, readonly string[]>> = {
  "rate times 30": ["rate-too-high"],
  "NaN batch": ["not-finite"],
  "batch times 1e4": ["spike"],
  "shuffled labels": ["loss-rises", "spike"],
  "frozen layer": ["layer-still"],
  "weight decay times 1000": ["weights-shrink"],
  "fp16 rounding": ["layer-still", "rate-too-low"],
  "few examples": ["overfitting"],
};

/** Reads what JSON has no numbers for. */
export function revive(_key: string, value: unknown): unknown {
  return value === "NaN" || value === "Infinity" || value === "-Infinity" ? Number(value) : value;
}

/** Compares the trainings of one network with the one at its best rate. */
export function endingsOf(runs: readonly Recorded[]): Known[] {
  const plain = runs.filter(({ fault, suggested }) => fault === null && !suggested);
  const best = plain.reduce((a, b) => b.end.score > a.end.score + 0.01 ? b : a);
  const floor = Math.max(best.start.score, 0);
  if (best.end.score - floor < LEAST_PROGRESS) return [];
  return runs.map((run): Known => {
    const progress = (run.end.score - floor) / (best.end.score - floor);
    const plainEnding: Ending = progress >= GOOD ? "good" : progress < BAD ? "bad" : "between";
    const ending = run.fault === "few examples" ? overfit(run.rows) : plainEnding;
    const rate = run.rate > best.rate ? "rate-too-high" : "rate-too-low";
    const late = run.fault !== null && run.fault !== "few examples";
    return {
      ...run,
      ending,
      causes: run.fault === null ? [rate] : CAUSES[run.fault],
      from: late ? INJECTED_AT : 0,
      failedAt: failureOf(run.rows),
    };
  });
}

function overfit(rows: readonly TrainingStep[]): Ending {
  const held = rows.flatMap(({ validationLoss }) => validationLoss ?? []);
  return held.at(-1)! > OVERFIT * Math.min(...held) ? "bad" : "between";
}

/** The first step after which the loss is never again below nine tenths of the first; or the last step. */
function failureOf(rows: readonly TrainingStep[]): number {
  const first = rows[1].loss!;
  const last = rows.findLastIndex(({ loss }) => loss! < 0.9 * first);
  return Math.min(rows.length - 1, Math.max(1, last + 1));
}
