import * as Plot from "@observablehq/plot";
import { DOMParser } from "linkedom";
import { type Chart, type ChartAxis, positionOn } from "../render/chart_model.ts";
import { formatNumber } from "../words/numbers.ts";
import { Markup } from "./markup.ts";
import { powerOfTen } from "./path_data.ts";
import { type ProfilePoint, profilePoints } from "./profile_points.ts";

export interface ProfileStyle {
  width: number;
  height: number;
  /** Number of layers of the network: charts side by side share the axis of depth. */
  depth: number;
  /** Returns the name of a layer by its place, short enough for a label. */
  nameOf: (place: number) => string;
  /** Returns the id of a layer in the page. */
  idOf?: (place: number) => string;
}

/** Networks with more layers have numbers instead of names below the axis. */
const MOST_NAMED = 14;
/** Below a logarithmic axis there is a lane for zeros, and above it one for non-finite figures. */
const ZERO = -0.1;
const BROKEN = 1.1;
/** Number of ticks that fit next to the axis. */
const MOST_TICKS = 6;
const MOST_POINTS = 160;

/**
 * Draws a chart of a report as a profile over depth, layer by layer from the input. The elements
 * have classes instead of colours: a style sheet defines `.grid`, `.axis`, `.band`, `.range`,
 * `.curve` and `.dot`.
 *
 * @param chart A chart in which each layer has its own bar.
 */
export function drawProfile(chart: Chart, style: ProfileStyle): Markup {
  const { width, height, depth, nameOf } = style;
  const points = profilePoints(chart, MOST_POINTS);
  const isNamed = depth <= MOST_NAMED;
  const levels = points.map(levelOf);
  const ticks = [
    ...ticksOf(chart.axis),
    ...levels.includes(ZERO) ? [{ level: ZERO, label: "0" }] : [],
    ...levels.includes(BROKEN) ? [{ level: BROKEN, label: "NaN" }] : [],
  ];
  const labels = new Map(ticks.map(({ level, label }) => [level, label]));
  const at = ticks.map(({ level }) => level);
  const x = ({ place }: ProfilePoint) => place + 1;
  const wide = points.filter(({ span, layers }) => layers > 1 && span !== null);
  const document = new DOMParser().parseFromString("<html></html>", "text/html");
  const svg = Plot.plot({
    document,
    width,
    height,
    marginLeft: 40,
    marginRight: 12,
    marginTop: 10,
    marginBottom: isNamed ? 62 : 26,
    x: { type: "linear", domain: [0.5, Math.max(depth, 1) + 0.5], label: null },
    y: {
      type: "linear",
      label: null,
      domain: [levels.includes(ZERO) ? -0.16 : 0, levels.includes(BROKEN) ? 1.16 : 1],
    },
    marks: [
      Plot.gridY(at),
      Plot.axisY(at, { tickSize: 0, tickFormat: (level: number) => labels.get(level) ?? "" }),
      Plot.axisX(depthTicks(depth), {
        tickSize: 0,
        tickFormat: (n: number) => isNamed ? nameOf(n - 1) : String(n),
        ...isNamed ? { tickRotate: -40, textAnchor: "end" } : {},
      }),
      ...bandOf(chart, depth),
      Plot.ruleX(wide, { x, y1: ({ span }) => span!.from, y2: ({ span }) => span!.to }),
      Plot.lineY(points, { x, y: ({ bar }) => bar.position }),
      Plot.dot(points, {
        x,
        y: levelOf,
        r: points.length > 60 ? 1.6 : 3.5,
        strokeWidth: points.length > 60 ? 0 : 1.5,
        title: (point) => titleOf(point, nameOf),
        ariaLabel: (point) => JSON.stringify(dataOf(point, style)),
      }),
    ],
  });
  return finished(svg);
}

/** Returns the data of a point for the page, by attribute. */
function dataOf(point: ProfilePoint, { idOf }: ProfileStyle): Record<string, string> {
  const { place, layers, from, to, mark } = point;
  return {
    ...idOf === undefined ? {} : { "data-l": idOf(place) },
    ...idOf === undefined || layers === 1 ? {} : { "data-from": idOf(from), "data-to": idOf(to) },
    ...mark === null ? {} : { "data-mark": mark },
    ...[ZERO, BROKEN].includes(levelOf(point)) ? { "data-lane": "" } : {},
  };
}

/** Returns the level of a point: on the axis, or in the lane of zeros or of non-finite figures. */
function levelOf({ bar: { value, position } }: ProfilePoint): number {
  return position ?? (value === 0 ? ZERO : BROKEN);
}

function titleOf({ bar, layers, place }: ProfilePoint, nameOf: ProfileStyle["nameOf"]): string {
  const others = layers === 1 ? "" : ` (of ${layers} layers)`;
  return `${nameOf(place)}: ${bar.gap ?? formatNumber(bar.value ?? NaN)}${others}`;
}

/** Returns the healthy band, cut at the ends of the axis. */
function bandOf({ band, axis }: Chart, depth: number): Plot.Markish[] {
  if (band === null) return [];
  const [y1, y2] = [band.from, band.to].map((end) =>
    Math.min(1, Math.max(0, positionOn(axis, end)))
  );
  return y1 < y2 ? [Plot.rect([0], { x1: 0.5, x2: depth + 0.5, y1, y2 })] : [];
}

function depthTicks(depth: number): number[] {
  const most = depth <= MOST_NAMED ? MOST_NAMED : MOST_TICKS;
  const sizes = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
  const step = sizes.find((size) => depth / size <= most) ?? Math.ceil(depth / most);
  const rest = Array.from({ length: Math.floor(depth / step) }, (_, i) => (i + 1) * step);
  return step === 1 ? rest : [1, ...rest];
}

/** Returns the ticks of the axis: powers of ten, or fractions of its length. */
function ticksOf({ scale, from, to }: ChartAxis): { level: number; label: string }[] {
  if (scale === "linear") {
    return [0, 0.5, 1].map((level) => ({ level, label: formatNumber(level * to) }));
  }
  const step = Math.ceil((to - from) / MOST_TICKS);
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => {
    const exponent = from + i * step;
    return { level: (exponent - from) / (to - from), label: powerOfTen(exponent) };
  });
}

/** Members of an element that are used here; Deno has no types of the DOM. */
interface Drawn {
  outerHTML: string;
  querySelector(selector: string): Drawn | null;
  querySelectorAll(selector: string): Iterable<Drawn>;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  remove(): void;
}

const CLASSES: Record<string, string> = {
  "y-grid": "grid",
  rect: "band",
  rule: "range",
  line: "curve",
  dot: "dot",
};

/** Attributes with places in pixels. */
const PLACES = [
  "d",
  "x",
  "y",
  "x1",
  "x2",
  "y1",
  "y2",
  "cx",
  "cy",
  "dx",
  "dy",
  "width",
  "height",
  "transform",
];

/** Number with more decimals than are visible. */
const LONG_NUMBER = /\d+\.\d{2,}(?:e-\d+)?/g;

const shorten = (digits: string) => String(Number(Number(digits).toFixed(1)));

/**
 * Removes from a drawing what the page sets better: style, colours, labels for screen readers, and
 * decimals of places.
 */
function finished(svg: Drawn): Markup {
  svg.querySelector("style")?.remove();
  for (const name of ["class", "font-family", "font-size", "fill", "width", "height"]) {
    svg.removeAttribute(name);
  }
  svg.setAttribute("aria-hidden", "true");
  for (const group of svg.querySelectorAll("g")) {
    const label = group.getAttribute("aria-label") ?? "";
    group.setAttribute("class", CLASSES[label] ?? "axis");
    for (const name of ["aria-label", "aria-hidden", "stroke", "fill"]) group.removeAttribute(name);
    if (label === "line") group.setAttribute("fill", "none");
  }
  for (const dot of svg.querySelectorAll("circle")) {
    const data: Record<string, string> = JSON.parse(dot.getAttribute("aria-label")!);
    dot.removeAttribute("aria-label");
    for (const [name, value] of Object.entries(data)) dot.setAttribute(name, value);
  }
  for (const element of svg.querySelectorAll("*")) {
    for (const name of PLACES) {
      const value = element.getAttribute(name);
      if (value !== null) element.setAttribute(name, value.replaceAll(LONG_NUMBER, shorten));
    }
  }
  return new Markup(svg.outerHTML);
}
