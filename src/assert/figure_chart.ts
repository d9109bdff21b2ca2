import type { Finding } from "../checks/finding.ts";
import { barChart, type BarChartRow } from "../render/bar_chart.ts";

const WIDTH = 80;

/** A figure to draw: what it is, how its bars grow, and the bars. */
export interface Figure {
  title: string;
  scale: "linear" | "log";
  /** The bars; `layer` is the layer that each is about, where that is not its label. */
  rows: { label: string; layer?: string; value: number | null }[];
}

/**
 * The lines of a bar chart of the figure that a rule judges, its offenders marked.
 *
 * @returns A title, an axis, up to `maxRows` bars, and a line if there are more; nothing where no row
 * has the figure.
 */
export function figureChart(
  { title, scale, rows }: Figure,
  findings: Finding[],
  maxRows: number,
): string[] {
  const marked = new Set(findings.flatMap(({ layer, layers }) => [layer, ...(layers ?? [])]));
  const shown = rows
    .filter(({ value }) => value !== null)
    .map(({ label, layer = label, value }): BarChartRow => ({
      label,
      value,
      ...(marked.has(layer) ? { mark: "error" } : {}),
    }));
  if (shown.length === 0) return [];
  return [`${title}:`, ...barChart(shown, { width: WIDTH, scale, maxRows }).split("\n")];
}
