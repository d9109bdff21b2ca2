import { axisOf } from "../render/chart_model.ts";
import { formatNumber } from "../words/numbers.ts";
import { type ColumnAxis, drawTicks } from "./column_axis.ts";
import { CHART } from "./draw_heat_map.ts";
import { type Markup, markup } from "./markup.ts";
import { PathData } from "./path_data.ts";

const HEIGHT = 130;
/** Values that differ by more than this factor have a logarithmic axis. */
const MAX_LINEAR_RANGE = 30;

/** Draws a figure over the steps of a training; a non-finite figure is a cross at the top. */
export function drawSteps(
  values: readonly (number | null)[],
  axis: ColumnAxis,
  marks: (top: number, bottom: number) => Markup,
): Markup {
  const { width, from, to, top } = CHART;
  const bottom = top + HEIGHT;
  const known = values.filter((value) => value !== null && Number.isFinite(value)) as number[];
  const scale = scaleOf(known);
  const y = (value: number) => bottom - scale.at(value) * HEIGHT;
  const line = new PathData();
  const dots = new PathData();
  const broken = new PathData();
  for (const [i, value] of values.entries()) {
    const x = axis.centers[i];
    if (value === null) line.lift();
    else if (Number.isFinite(value)) {
      line.line(x, y(value));
      dots.dot(x, y(value));
    } else {
      line.lift();
      for (const side of [-4, 4]) {
        broken.line(x - 4, top + 6 - side);
        broken.line(x + 4, top + 6 + side);
        broken.lift();
      }
    }
  }
  return markup`<svg viewBox="0 0 ${width} ${bottom + CHART.bottom}" aria-hidden="true">
    <path class="lines" d="${
    scale.ticks.map((tick) => `M${from} ${Math.round(y(tick))}H${to}`).join("")
  }"/>${
    scale.ticks.map((tick) =>
      markup`<text x="${from - 8}" y="${Math.round(y(tick)) + 4}" text-anchor="end">${
        formatNumber(tick)
      }</text>`
    )
  }<path class="curve" d="${line.text}"/>${
    values.length > 60 ? null : markup`<path class="dots" d="${dots.text}"/>`
  }<path class="nan-mark" d="${broken.text}"/>${drawTicks(axis, bottom)}<text x="${from - 24}" y="${
    bottom + 16
  }" text-anchor="end">batches</text>${marks(top, bottom)}</svg>`;
}

interface ValueScale {
  /** Returns the height of a value, from 0 at the bottom to 1 at the top. */
  at: (value: number) => number;
  /** Labels beside the axis. */
  ticks: number[];
}

function scaleOf(values: readonly number[]): ValueScale {
  const [least, most] = values.reduce(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [Infinity, -Infinity],
  );
  if (values.length === 0) return { at: () => 0, ticks: [] };
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
    };
  }
  const from = Math.min(0, least);
  const to = Math.max(0, most);
  const end = from === 0 ? axisOf([to], "linear").to : to;
  return {
    at: (value) => (value - from) / (end - from),
    ticks: [from, (from + end) / 2, end],
  };
}
