import type { Finding } from "../checks/finding.ts";
import { formatCount } from "../words/numbers.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { ProbeSubject } from "../probe/probe_subject.ts";
import { barChart, type BarChartRow } from "../render/bar_chart.ts";
import { type Figure, figureChart } from "../render/chart_model.ts";
import { cutNames } from "../render/cut_names.ts";
import { defuse } from "../words/defuse.ts";
import { escapeControls } from "../words/escape_controls.ts";

/** Longer names hardly tell more layers apart, and fill a test log. */
const MAX_NAME = 48;

/**
 * Returns a function that shortens names for a message. Names come from files of others, so long
 * ones are cut in the middle, and stay distinct.
 *
 * @param names All names that the message may contain.
 */
export function shortNames(names: readonly string[]): (name: string) => string {
  const long = [...new Set(names)].filter((name) => name.length > MAX_NAME);
  const shown = cutNames(long, MAX_NAME);
  const short = new Map(long.map((name, i) => [name, shown[i]]));
  return (name) => short.get(name) ?? name;
}

/**
 * Shortens long names anywhere in plain data. The sentences about causes are already written, with
 * the names in them.
 *
 * @param value The data.
 * @param nameOf Shortens a name.
 * @param measurements The source of the names.
 */
export function withShortNames<T>(
  value: T,
  nameOf: (name: string) => string,
  { layers }: Pick<Measurements, "layers">,
): T {
  // Longest first: a name may be part of another one.
  const long = layers.map(({ name }) => name).filter((name) => nameOf(name) !== name)
    .toSorted((a, b) => b.length - a.length);
  const cut = (part: unknown): unknown => {
    if (typeof part === "string") {
      return long.reduce((text, name) => text.replaceAll(name, () => nameOf(name)), part);
    }
    if (Array.isArray(part)) return part.map(cut);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, cut(inner)]));
  };
  return long.length === 0 ? value : cut(value) as T;
}

/**
 * Turns a sentence into one line of a message: line breaks and control characters become visible.
 */
export function oneLine(text: string): string {
  return defuse(escapeControls(text));
}

/** Describes a model with its seeds and batch, precisely enough to measure it again. */
export function describeModel({ model, seed, batch, objective }: ProbeSubject): string {
  const drawn = batch.seed === null ? "" : ` of seed ${batch.seed}`;
  const aim = objective === undefined ? "" : `, objective "${objective.name}"`;
  const under = seed === null ? "" : `seed ${seed}, `;
  const text = `Model "${shortNames([model.name])(model.name)}" (${under}${
    formatCount(batch.examples, "example")
  }${drawn}${aim})`;
  return oneLine(text);
}

/** Columns of a chart in a test log. */
const WIDTH = 80;

/**
 * Draws a bar chart of the figure that a rule judges, with the offenders marked.
 *
 * @returns A title, an axis, up to `maxRows` bars, and a line if there are more; empty if no row
 * has the figure.
 */
export function figureLines(figure: Figure, findings: Finding[], maxRows: number): string[] {
  const { title, axis: { scale }, bars } = figureChart(figure, findings);
  if (bars.length === 0) return [];
  const rows = bars.map(({ label, value, mark }): BarChartRow => ({
    ...{ label, value },
    ...(mark === null ? {} : { mark }),
  }));
  return [`${title}:`, ...barChart(rows, { width: WIDTH, scale, maxRows }).split("\n").map(defuse)];
}
