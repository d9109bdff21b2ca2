import { formatNumber } from "../words/numbers.ts";
import { type ColumnAxis, drawTicks } from "./column_axis.ts";
import { CHART } from "./draw_heat_map.ts";
import { type Markup, markup } from "./markup.ts";
import { PathData } from "./path_data.ts";
import { valueScale } from "./value_scale.ts";

const HEIGHT = 130;

/** Draws a figure over the steps of a training run; a non-finite figure is a cross at the top. */
export function drawSteps(
  values: readonly (number | null)[],
  axis: ColumnAxis,
  marks: (top: number, bottom: number) => Markup,
): Markup {
  const { width, from, to, top } = CHART;
  const bottom = top + HEIGHT;
  const known = values.filter((value) => value !== null && Number.isFinite(value)) as number[];
  const scale = valueScale(known);
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
