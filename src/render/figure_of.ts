import type { BarChartRow } from "./bar_chart.ts";
import { formatFigure } from "./format_figure.ts";

/** What stands in the figure's place of a row: the row's own words, the number, or `-` for none. */
export function figureOf({ figure, value }: BarChartRow): string {
  return figure ?? (value === null ? "-" : formatFigure(value));
}
