import type { Finding } from "../checks/finding.ts";
import type { RuleFigure } from "../checks/rule.ts";
import type { LayerMeasurements } from "../measure/measurements.ts";

/**
 * A bar chart in numbers, from which text, SVG and HTML are drawn, so that all show the same. What depends on
 * the room there is (how many bars, which marks on the axis, where a name is cut) is the renderer's.
 */
export interface Chart {
  /** What the bars are. */
  title: string;
  /** The rest of a sentence that begins with the title: what is healthy; empty where there is none. */
  about: string;
  /** Where values fall. */
  axis: ChartAxis;
  /** Healthy range, or `null` if there is none. */
  band: { from: number; to: number } | null;
  /** The bars, a layer each. */
  bars: ChartBar[];
  /** Names of the layers that the figure does not apply to, by the reason. */
  left: Map<string, string[]>;
}

/** Where values fall between the two ends of a bar. */
export interface ChartAxis {
  /** Whether a bar's length follows the value or its logarithm. */
  scale: "log" | "linear";
  /** The value at the beginning; of a logarithmic axis its power of ten, since 10 to it may be 0. */
  from: number;
  /** The value at the end, in the same way. */
  to: number;
}

/** One layer of a chart. */
export interface ChartBar {
  /** What the bar is of, the name of a layer for instance. */
  label: string;
  /** The value; NaN where the layer has NaN or infinite entries, `null` where nothing was measured. */
  value: number | null;
  /** How much of the bar's full length it takes, from 0 to 1; `null` where there is no bar. */
  position: number | null;
  /** The gravest finding about the layer. */
  mark: "error" | "warning" | null;
  /** Why there is no bar; `null` where there is one, or where 0 has none. */
  gap: string | null;
  /** The smallest and the largest of the layers that share the bar; `null` where it is of one. */
  range: { from: number; to: number } | null;
  /** Which row of the report it is in, from 0: charts side by side have theirs on one line. */
  row: number;
}

/** A figure that an assertion judges: what it is, how its bars grow, and the bars. */
export interface Figure {
  /** What it is. */
  title: string;
  /** How its bars grow. */
  scale: ChartAxis["scale"];
  /** The bars; `layer` is the layer that each is about, where that is not its label. */
  rows: { label: string; layer?: string; value: number | null }[];
}

/** The figure of a rule over measurements, a bar a layer. */
export function ruleFigure({ title, scale, of }: RuleFigure, layers: LayerMeasurements[]): Figure {
  return { title, scale, rows: layers.map((layer) => ({ label: layer.name, value: of(layer) })) };
}

/** The chart of a figure that a rule judges, over the rows that have it, its offenders marked. */
export function figureChart(
  { title, scale, rows }: Figure,
  findings: readonly Finding[],
): Chart {
  const marked = new Set(findings.flatMap(({ layer, layers }) => [layer, ...(layers ?? [])]));
  const bars = rows
    .filter(({ value }) => value !== null)
    .map(({ label, layer = label, value }, row) => ({
      ...{ label, value, gap: null, range: null, row },
      mark: marked.has(layer) ? "error" as const : null,
    }));
  return { title, about: "", band: null, left: new Map(), ...placed(bars, scale) };
}

/** Places bars on the axis that has room for all. */
export function placed(
  bars: readonly Omit<ChartBar, "position">[],
  scale: ChartAxis["scale"],
): Pick<Chart, "axis" | "bars"> {
  const ends = ({ value, range }: Pick<ChartBar, "value" | "range">) =>
    range === null ? [value] : [range.from, range.to];
  const axis = axisOf(bars.flatMap(ends), scale);
  const place = (value: number | null) => hasBar(value) ? positionOn(axis, value) : null;
  return { axis, bars: bars.map((bar) => ({ ...bar, position: place(bar.value) })) };
}

/** Whether a value has a bar: a positive finite one. */
export function hasBar(value: number | null): value is number {
  return value !== null && value > 0 && Number.isFinite(value);
}

// A healthy network's figures differ by a factor of 2 or 10. On an axis of one decade that would
// look like a collapse; on three it looks like what it is.
const LEAST_DECADES = 3;

/**
 * The axis of these values, of which only positive finite ones count: from the decade below the smallest
 * to the one above the largest, at least three decades long; or from 0 to a round number at or above the
 * largest.
 */
export function axisOf(values: readonly (number | null)[], scale: ChartAxis["scale"]): ChartAxis {
  const shown = values.filter(hasBar);
  const largest = shown.reduce((a, b) => Math.max(a, b), shown[0] ?? 1);
  if (scale === "log") {
    const smallest = shown.reduce((a, b) => Math.min(a, b), shown[0] ?? 1);
    const to = Math.ceil(Math.log10(largest));
    return { scale, from: Math.min(Math.floor(Math.log10(smallest)), to - LEAST_DECADES), to };
  }
  // Near the ends of float64 the round number itself is 0 or Infinity; the value then has to do.
  const decade = 10 ** Math.floor(Math.log10(largest));
  const round = [1, 2, 4, 5, 8, 10].map((factor) => factor * decade).find((end) => end >= largest);
  const isSound = round !== undefined && Number.isFinite(round) && decade > 0;
  return { scale, from: 0, to: isSound ? round : largest };
}

/** How much of a bar's full length a positive finite value takes, from 0 to 1. */
export function positionOn({ scale, from, to }: ChartAxis, value: number): number {
  return ((scale === "log" ? Math.log10(value) : value) - from) / (to - from);
}
