import { formatFigure } from "./format_figure.ts";

/** A mark on an axis. */
export interface Tick {
  /** Where, from 0 (left) to 1 (right). */
  position: number;
  /** What is written there. */
  label: string;
}

/** Where figures fall between the two ends of a bar. */
export interface Axis {
  /** How much of the bar's full length a positive finite figure takes, from 0 to 1. */
  position(figure: number): number;
  /** The marks, from left to right. */
  ticks: Tick[];
}

// A healthy network's figures differ by a factor of 2 or 10. On an axis of one decade that would
// look like a collapse; on three it looks like what it is.
const LEAST_DECADES = 3;
const STEPS = [1, 2, 3, 5, 10, 20, 50, 100, 200];

/**
 * An axis of decades for positive finite figures, from the decade below the smallest to the one
 * above the largest, at least three decades long. Every decade is marked where `width` columns have
 * room for its label, otherwise every second, third, fifth ...
 */
export function logAxis(figures: readonly number[], width: number): Axis {
  const logs = figures.map(Math.log10);
  const high = Math.ceil(max(logs, 0));
  const low = Math.min(Math.floor(min(logs, 0)), high - LEAST_DECADES);
  const position = (exponent: number) => (exponent - low) / (high - low);
  const room = Math.max(`1e${low}`.length, `1e${high}`.length) + 2;
  const step = STEPS.find((step) => (high - low) / step * room <= width) ?? STEPS.at(-1)!;
  const ticks: Tick[] = [];
  for (let exponent = Math.ceil(low / step) * step; exponent <= high; exponent += step) {
    ticks.push({ position: position(exponent), label: `1e${exponent}` });
  }
  return { position: (figure) => position(Math.log10(figure)), ticks };
}

/** An axis from 0 to a round number at or above the largest of the positive finite figures. */
export function linearAxis(figures: readonly number[], width: number): Axis {
  const largest = max(figures, 1);
  // Near the ends of float64 the round number itself is 0 or Infinity; the figure then has to do.
  const decade = 10 ** Math.floor(Math.log10(largest));
  const round = [1, 2, 4, 5, 8, 10].map((factor) => factor * decade).find((end) => end >= largest);
  const end = round !== undefined && Number.isFinite(round) && decade > 0 ? round : largest;
  const parts = width >= 40 ? 4 : width >= 20 ? 2 : 1;
  return {
    position: (figure) => figure / end,
    ticks: Array.from({ length: parts + 1 }, (_, i) => ({
      position: i / parts,
      label: formatFigure(end * (i / parts)),
    })),
  };
}

function max(values: readonly number[], otherwise: number): number {
  return values.length === 0 ? otherwise : values.reduce((a, b) => Math.max(a, b));
}

function min(values: readonly number[], otherwise: number): number {
  return values.length === 0 ? otherwise : values.reduce((a, b) => Math.min(a, b));
}
