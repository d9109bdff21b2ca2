import { axisOf } from "../render/chart_model.ts";
import { formatNumber } from "../words/numbers.ts";
import { powerOfTen } from "./path_data.ts";

/** Values that differ by more than this factor have a logarithmic axis. */
const MAX_LINEAR_RANGE = 30;

/** Vertical axis of values. */
export interface ValueScale {
  /** Returns the height of a value, from 0 at the bottom to 1 at the top. */
  at: (value: number) => number;
  /** Labels beside the axis. */
  ticks: number[];
  /** Writes a label: powers of ten on a logarithmic axis, so that all labels of one look alike. */
  label: (tick: number) => string;
}

/** Returns an axis of these finite values: logarithmic if they differ by a large factor, else from 0. */
export function valueScale(values: readonly number[]): ValueScale {
  const [least, most] = values.reduce(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [Infinity, -Infinity],
  );
  if (values.length === 0) return { at: () => 0, ticks: [], label: formatNumber };
  if (least > 0 && most / least > MAX_LINEAR_RANGE) {
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
  const end = from === 0 ? axisOf([to], "linear").to : to;
  return {
    at: (value) => (value - from) / (end - from),
    ticks: [from, (from + end) / 2, end],
    label: formatNumber,
  };
}
