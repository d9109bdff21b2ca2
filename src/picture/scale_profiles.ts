import type { LayerFigureName, Quartiles } from "../study/study_summary.ts";
import { PathData, powerOfTen } from "./path_data.ts";
import { CHART } from "./draw_heat_map.ts";
import { type Markup, markup } from "./markup.ts";
import { figuresOf, type VariantView } from "./study_view.ts";

const HEIGHT = 264;
const PLOT = { top: 6, bottom: 228 };
/** Height of the lanes above the axis, for non-finite figures, and below it, for zeros. */
const LANE = 16;
/** Larger or smaller powers of ten are drawn at the end of the axis. */
const MOST_DECADES = 6;
const LEAST_DECADES = 3;
const MOST_TICKS = 7;
const MOST_LINES = 6;

/**
 * Draws the profile over depth of a figure at every shown scale, one over the other: the style
 * sheet shows those at the smallest, the best and the largest scale; with the script, the best one
 * and the slider's. The median of the draws is a line, and the range between the quartiles an area.
 */
export function drawScaleProfiles(view: VariantView, figure: LayerFigureName): Markup {
  const { scales, layers, variant, start } = view;
  const depth = variant.scales[0].layers.length;
  const known = layers.filter(({ place }) =>
    scales.some((scale) => figuresOf({ scale, place }, figure) !== undefined)
  );
  const profiles = scales.map((scale) =>
    known.flatMap(({ place }): Point[] => {
      const quartiles = figuresOf({ scale, place }, figure);
      return quartiles === undefined ? [] : [{ x: xOf(place, depth), quartiles }];
    })
  );
  const axis = axisOf(profiles.flat().map(({ quartiles }) => quartiles.median));
  const last = scales.length - 1;
  return markup`<svg viewBox="0 0 ${CHART.width} ${HEIGHT}" aria-hidden="true">${
    drawFrame(axis, depth)
  }${
    profiles.map((points, i) => {
      const names = [
        "at",
        ...i === 0 ? ["lo"] : [],
        ...i === start ? ["best"] : [],
        ...i === last ? ["hi"] : [],
      ];
      return markup`<g class="${names.join(" ")}">${drawProfile(points, axis)}</g>
      `;
    })
  }</svg>`;
}

interface Point {
  x: number;
  quartiles: Quartiles;
}

/** Range of the axis, in powers of ten. */
interface Axis {
  from: number;
  to: number;
}

function axisOf(values: readonly number[]): Axis {
  const logs = values.filter((value) => value > 0 && Number.isFinite(value)).map(Math.log10);
  const within = (log: number) => Math.min(MOST_DECADES, Math.max(-MOST_DECADES, log));
  const from = Math.floor(within(logs.reduce((a, b) => Math.min(a, b), Infinity)));
  const to = Math.ceil(within(logs.reduce((a, b) => Math.max(a, b), -Infinity)));
  return logs.length === 0
    ? { from: -LEAST_DECADES, to: 0 }
    : { from: Math.min(from, to - LEAST_DECADES), to };
}

function xOf(place: number, depth: number): number {
  return Math.round(CHART.from + (place + 0.5) / depth * (CHART.to - CHART.from));
}

function yOf(value: number, { from, to }: Axis): number {
  if (value === 0) return PLOT.bottom - LANE / 2;
  if (!Number.isFinite(value)) return PLOT.top + LANE / 2;
  const share = Math.min(1, Math.max(0, (Math.log10(value) - from) / (to - from)));
  return Math.round(PLOT.bottom - LANE - share * (PLOT.bottom - PLOT.top - 2 * LANE));
}

const isOnAxis = (value: number) => value > 0 && Number.isFinite(value);

/**
 * Draws the range, if there is one, the curve, and last the dots. A page has hundreds of profiles,
 * so only the range has a class.
 */
function drawProfile(points: readonly Point[], axis: Axis): Markup {
  const range = points.filter(({ quartiles: { lower, upper } }) =>
    isOnAxis(lower) && isOnAxis(upper)
  );
  const side = (of: "lower" | "upper") =>
    range.map(({ x, quartiles }) => [x, yOf(quartiles[of], axis)] as const);
  const upper = side("upper");
  const lower = side("lower");
  // If all draws are within a pixel, the line is enough.
  const hasRange = upper.some(([, y], i) => y !== lower[i][1]);
  const outline = new PathData();
  const line = new PathData();
  const dots = new PathData();
  for (const [x, y] of [...upper, ...lower.reverse()]) outline.line(x, y);
  for (const { x, quartiles: { median } } of points) {
    const y = yOf(median, axis);
    if (isOnAxis(median)) line.line(x, y);
    else line.lift();
    dots.dot(x, y);
  }
  return markup`${
    hasRange ? markup`<path class="range" d="${outline.text}z"/>` : null
  }<path d="${line.text}"/><path d="${dots.text}"/>`;
}

function drawFrame(axis: Axis, depth: number): Markup {
  const { from, to, width } = CHART;
  const step = Math.ceil((axis.to - axis.from) / MOST_LINES);
  const lines = Array.from(
    { length: Math.floor((axis.to - axis.from) / step) + 1 },
    (_, i) => axis.from + i * step,
  );
  const every = Math.ceil(depth / (MOST_TICKS * 2));
  const layers = Array.from({ length: Math.ceil(depth / every) }, (_, i) => i * every);
  return markup`<path class="lines" d="${
    lines.map((line) => `M${from} ${yOf(10 ** line, axis)}H${to}`).join("")
  }"/>${
    lines.map((line) =>
      markup`<text x="${from - 8}" y="${yOf(10 ** line, axis) + 4}" text-anchor="end">${
        endOf(line, axis)
      }</text>`
    )
  }<text x="${from - 8}" y="${PLOT.bottom}" text-anchor="end">0</text>${
    layers.map((place) =>
      markup`<text x="${xOf(place, depth)}" y="${PLOT.bottom + 16}" text-anchor="middle">${
        place + 1
      }</text>`
    )
  }<text x="${width / 2 + from / 2}" y="${HEIGHT - 4}" text-anchor="middle">layer</text>`;
}

/**
 * Formats a power of ten beside the axis; at an end that also holds larger or smaller values, with
 * ≤ or ≥.
 */
function endOf(line: number, { from, to }: Axis): string {
  if (line === -MOST_DECADES && line === from) return `≤ ${powerOfTen(line)}`;
  return line === MOST_DECADES && line === to ? `≥ ${powerOfTen(line)}` : powerOfTen(line);
}
