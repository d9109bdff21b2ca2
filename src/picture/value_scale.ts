import { formatNumber, roundTo } from "../words/numbers.ts";
import { powerOfTen } from "./path_data.ts";

/** Values that differ by more than this factor have a logarithmic axis. */
const MAX_LINEAR_RANGE = 30;
const MAX_INTERVALS = 4;

/** Vertical axis of values. */
export interface ValueScale {
  /** Returns the height of a value, from 0 at the bottom to 1 at the top. */
  at: (value: number) => number;
  /** Labels beside the axis. */
  ticks: number[];
  /** Writes a label: powers of ten on a logarithmic axis, so that all labels of one look alike. */
  label: (tick: number) => string;
}

/**
 * Returns an axis of these finite values: logarithmic if they, or the judged ones, differ by a large
 * factor, else from 0.
 */
export function valueScale(values: readonly number[], judged = values): ValueScale {
  if (values.length === 0) return { at: () => 0, ticks: [], label: formatNumber };
  const [least, most] = endsOf(values);
  const ends = endsOf(judged);
  if (least > 0 && ends[1] / ends[0] > MAX_LINEAR_RANGE) {
    const from = Math.floor(Math.log10(least));
    const to = Math.ceil(Math.log10(most));
    const step = Math.ceil((to - from) / 4);
    return {
      at: (value) => (Math.log10(value) - from) / (to - from),
      ticks: Array.from(
        { length: Math.floor((to - from) / step) + 1 },
        (_, i) => 10 ** (from + i * step),
      ),
      label: (tick) => powerOfTen(Math.round(Math.log10(tick))),
    };
  }
  const from = Math.min(0, least);
  const to = Math.max(0, most);
  const step = niceStep(to - from, MAX_INTERVALS);
  const end = from === 0 ? step * Math.ceil(to / step) : to;
  return {
    at: (value) => (value - from) / (end - from),
    ticks: from === 0
      ? Array.from({ length: Math.round(end / step) + 1 }, (_, i) => roundTo(6, i * step))
      : [from, (from + end) / 2, end],
    label: formatNumber,
  };
}

function endsOf(values: readonly number[]): [least: number, most: number] {
  return values.reduce<[number, number]>(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [Infinity, -Infinity],
  );
}

/** Returns the smallest of 1, 2, 5, 10, 20 and so on that a range has at most `most` times. */
export function niceStep(range: number, most: number): number {
  if (!(range > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(range / most));
  return [1, 2, 5, 10].map((digit) => digit * power).find((step) =>
    step * most >= range * (1 - 1e-9)
  )!;
}
