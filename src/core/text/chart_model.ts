import type { Finding } from "../rules/finding.ts";
import type { RuleFigure } from "../rules/rule.ts";
import type { LayerMeasurements } from "../measure/measurements.ts";

/**
 * Bar chart in numbers. Text, SVG and HTML are drawn from it, so all show the same. Whatever
 * depends on the space (number of bars, marks on the axis, cut names) is left to the renderer.
 */
export interface Chart {
  /** Title. */
  title: string;
  /** Rest of a sentence that begins with the title and says what is healthy; may be empty. */
  about: string;
  /** Axis of the values. */
  axis: ChartAxis;
  /** Bars, one per layer. */
  band: { from: number; to: number } | null;
  /** Names of the layers without this figure, by reason. */
  bars: ChartBar[];
  /** Names of the layers that the figure does not apply to, by the reason. */
  left: Map<string, string[]>;
}

/** Axis: the values at both ends of a bar. */
export interface ChartAxis {
  /** Scale: a bar's length follows the value or its logarithm. */
  scale: "log" | "linear";
  /**
   * Start of the axis; its exponent if the scale is logarithmic, since the power of ten itself may
   * underflow to 0.
   */
  from: number;
  /** End of the axis, in the same form. */
  to: number;
}

/** Layer of a chart. */
export interface ChartBar {
  /** Label, for instance the name of a layer. */
  label: string;
  /** Value; NaN if the layer has NaN or infinite entries, `null` if nothing was measured. */
  value: number | null;
  /** Length of the bar as a share of the full length, from 0 to 1; `null` if there is none. */
  position: number | null;
  /** Highest severity among the findings about the layer. */
  mark: "error" | "warning" | null;
  /** Reason why there is no bar; `null` if there is one, or if the value is 0. */
  gap: string | null;
  /** Smallest and largest value of the layers that share the bar; `null` for a single layer. */
  range: { from: number; to: number } | null;
  /** Row of the report, from 0: charts side by side align by it. */
  row: number;
}

/** Figure that an assertion judges. */
export interface Figure {
  title: string;
  /** Scale of its bars. */
  scale: ChartAxis["scale"];
  /** Bars; `layer` is the name of the layer if it differs from the label. */
  rows: { label: string; layer?: string; value: number | null }[];
}

/** Returns the figure of a rule over measurements, one bar per layer. */
export function ruleFigure({ title, scale, of }: RuleFigure, layers: LayerMeasurements[]): Figure {
  return { title, scale, rows: layers.map((layer) => ({ label: layer.name, value: of(layer) })) };
}

/** Returns the chart of a figure that a rule judges, with the offenders marked. */
export function figureChart({ title, scale, rows }: Figure, findings: readonly Finding[]): Chart {
  const marked = new Set(findings.flatMap(({ layer, layers }) => [layer, ...(layers ?? [])]));
  const bars = rows
    .filter(({ value }) => value !== null)
    .map(({ label, layer = label, value }, row) => ({
      label,
      value,
      gap: null,
      range: null,
      row,
      mark: marked.has(layer) ? "error" as const : null,
    }));
  return { title, about: "", band: null, left: new Map(), ...placed(bars, scale) };
}

/** Places bars on an axis that fits them all. */
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

/** Returns true if a value has a bar: if it is positive and finite. */
export function hasBar(value: number | null): value is number {
  return value !== null && value > 0 && Number.isFinite(value);
}

// The figures of a healthy network differ by a factor of 2 to 10. On an axis of one decade that
// would look like a collapse; on three decades it does not.
const LEAST_DECADES = 3;

/**
 * Returns the axis of these values, considering positive finite ones only: from the decade below
 * the smallest to the one above the largest and at least three decades long; or, if linear, from 0
 * to a round number at or above the largest.
 */
export function axisOf(values: readonly (number | null)[], scale: ChartAxis["scale"]): ChartAxis {
  const known = values.filter(hasBar);
  const shown = known.length > 0 ? known : [1];
  const largest = shown.reduce((a, b) => Math.max(a, b));
  if (scale === "log") {
    const smallest = shown.reduce((a, b) => Math.min(a, b));
    const to = Math.ceil(Math.log10(largest));
    return { scale, from: Math.min(Math.floor(Math.log10(smallest)), to - LEAST_DECADES), to };
  }
  // Near the limits of float64 the round number itself is 0 or Infinity; then use the value.
  const decade = 10 ** Math.floor(Math.log10(largest));
  const round = [1, 2, 4, 5, 8, 10].map((factor) => factor * decade).find((end) => end >= largest);
  const isSound = round !== undefined && Number.isFinite(round);
  return { scale, from: 0, to: isSound ? round : largest };
}

/**
 * Returns the length of a bar as a share of the full length, from 0 to 1, for a positive finite
 * value.
 */
export function positionOn({ scale, from, to }: ChartAxis, value: number): number {
  return ((scale === "log" ? Math.log10(value) : value) - from) / (to - from);
}
