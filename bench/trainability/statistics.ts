import { wilsonInterval } from "../../src/ground/theory/statistics.ts";
import type { Outcome } from "./truth.ts";

/** Number of networks by outcome. */
export type Tally = Record<Outcome, number>;

/** Counts outcomes. */
export function tally(outcomes: readonly Outcome[]): Tally {
  const counts: Tally = { trains: 0, slow: 0, fails: 0 };
  for (const outcome of outcomes) counts[outcome]++;
  return counts;
}

/** `trains/slow/fails` in figures; a dash where there is nothing. */
export function showTally({ trains, slow, fails }: Tally): string {
  return trains + slow + fails === 0 ? "-" : `${trains}/${slow}/${fails}`;
}

/** A share in percent with its 95 % interval; a dash of nothing. */
export function showShare(part: number, whole: number): string {
  if (whole === 0) return "-";
  const percent = (share: number) => Math.round(100 * share);
  const [low, high] = wilsonInterval(part, whole).map(percent);
  return `${percent(part / whole)} % [${low}, ${high}]`;
}

/**
 * The chance that a network that fails scores higher than one that does not, ties counting half: the area
 * under the ROC curve (Mann and Whitney 1947).
 *
 * @returns `null` where there is none of the one or of the other.
 */
export function areaUnderCurve(
  failing: readonly number[],
  others: readonly number[],
): number | null {
  if (failing.length === 0 || others.length === 0) return null;
  let wins = 0;
  for (const a of failing) {
    for (const b of others) wins += a > b ? 1 : a === b ? 0.5 : 0;
  }
  return wins / (failing.length * others.length);
}
