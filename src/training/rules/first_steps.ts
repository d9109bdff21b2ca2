import { formatNumber } from "../../words/numbers.ts";
import type { Point, TrainingLog } from "../training_log.ts";

/** Number of first steps that show if a rate is right. */
export const FIRST = 20;
/** Mean over fewer ratios of decreases is noise. */
export const LEAST_RATIOS = 5;
/** Update ratio that may itself be the reason why figures are not finite. */
export const BREAKS = 0.3;

/** Returns the rate in words: ` of 0.1`, or nothing if it is unknown. */
export function rateWords(log: TrainingLog): string {
  const rate = log.learningRate;
  return rate === null ? "" : ` of ${formatNumber(rate)}`;
}

/**
 * Returns the loss on held-out data over that before training, which is less noisy than the loss of a
 * batch; NaN if it was not measured.
 */
export function heldOutShare(log: TrainingLog): number {
  const held = log.column("validationLoss");
  return held[0]?.step === 0 && held.length > 1 ? held.at(-1)!.value / held[0].value : NaN;
}

/** Limits a ratio, so that a step far uphill does not outweigh the others. */
export function clamped({ step, value }: Point): Point {
  return { step, value: Math.min(2, Math.max(-1, value)) };
}
