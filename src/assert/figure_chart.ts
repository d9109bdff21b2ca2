import type { Finding } from "../checks/finding.ts";
import type { Rule } from "../checks/rule.ts";
import type { Measurements } from "../measure/measurements.ts";
import { barChart, type BarChartRow } from "../render/bar_chart.ts";

const WIDTH = 80;

/**
 * The lines of a bar chart of the figure that a rule judges, its offenders marked.
 *
 * @returns A title, an axis, up to `maxRows` bars, and a line if there are more; nothing where no
 * layer has the figure.
 */
export function figureChart(
  rule: Rule,
  { layers }: Measurements,
  findings: Finding[],
  maxRows: number,
): string[] {
  const marked = new Set(findings.flatMap(({ layer, layers }) => [layer, ...(layers ?? [])]));
  const rows = layers
    .map((layer): BarChartRow => ({
      label: layer.name,
      value: rule.figure.of(layer),
      ...(marked.has(layer.name) ? { mark: "error" } : {}),
    }))
    .filter(({ value }) => value !== null);
  if (rows.length === 0) return [];
  const { title, scale } = rule.figure;
  return [`${title}:`, ...barChart(rows, { width: WIDTH, scale, maxRows }).split("\n")];
}
