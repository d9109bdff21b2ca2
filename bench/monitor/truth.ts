import type { TrainingStep } from "../../src/training/training_step.ts";
import { type Fault, INJECTED_AT } from "./faults.ts";
import type { Recorded } from "./record_training.ts";

/** End of a training: beside the best rate of the same network. */
export type Ending = "good" | "bad" | "between";

/** A recorded training, what became of it, and why. */
export interface Known extends Recorded {
  ending: Ending;
  /** True if the held-out loss ends above its minimum: a warning of it is right. */
  overfits: boolean;
  /** Rules that name the cause; empty for a good training. */
  causes: readonly string[];
  /** Step at which its fault begins. */
  from: number;
  /** Step from which on it has failed: lead times are counted to it. */
  failedAt: number;
  /** Step by which it is to be named. */
  limit: number;
}

/** Share of the best progress from which on a training is good, and below which it is bad. */
const GOOD = 0.8, BAD = 0.5;
/** A network that learns less at its best rate is left out. */
const LEAST_PROGRESS = 0.1;
/** Step by which a training is to be named, or number of steps after a fault. */
const FIRST = 20, SOON = 10;
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
    const fall = (run.start.heldOut - run.end.heldOut) / (run.start.heldOut - best.end.heldOut);
    const overfits = isOverfit(run.rows);
    const ending = run.fault === "few examples"
      ? overfits ? "bad" : "between"
      : endingOf(progress, fall);
    const rate = run.rate > best.rate ? "rate-too-high" : "rate-too-low";
    const late = run.fault !== null && run.fault !== "few examples";
    return {
      ...run,
      ending,
      overfits,
      causes: run.fault === null ? [rate] : CAUSES[run.fault],
      from: late ? INJECTED_AT : 0,
      ...run.fault === "few examples" ? turnOf(run.rows) : {
        failedAt: failureOf(run.rows),
        limit: late ? INJECTED_AT + SOON : FIRST,
      },
    };
  });
}

/** A high accuracy at a loss that has hardly fallen is not the end of a good training. */
function endingOf(progress: number, fall: number): Ending {
  if (progress < BAD) return "bad";
  return progress >= GOOD && !(fall < BAD) ? "good" : "between";
}

/**
 * Finds the measurement from which on the held-out loss stays above its minimum by the factor of
 * overfitting. It is to be named by the next one.
 */
function turnOf(rows: readonly TrainingStep[]): { failedAt: number; limit: number } {
  const held = rows.filter(({ validationLoss }) => typeof validationLoss === "number");
  const least = Math.min(...held.map(({ validationLoss }) => validationLoss!));
  const turn = held.findLastIndex(({ validationLoss }) => validationLoss! <= OVERFIT * least) + 1;
  const stepOf = (place: number) => held[Math.min(place, held.length - 1)].step;
  return { failedAt: stepOf(turn), limit: stepOf(turn + 1) };
}

function isOverfit(rows: readonly TrainingStep[]): boolean {
  const held = rows.flatMap(({ validationLoss }) => validationLoss ?? []);
  return held.at(-1)! > OVERFIT * Math.min(...held);
}

/** The first step after which the loss is never again below nine tenths of the first; or the last step. */
function failureOf(rows: readonly TrainingStep[]): number {
  const first = rows[1].loss!;
  const last = rows.findLastIndex(({ loss }) => loss! < 0.9 * first);
  return Math.min(rows.length - 1, Math.max(1, last + 1));
}
