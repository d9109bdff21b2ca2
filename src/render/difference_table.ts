import type { Difference } from "../compare/difference.ts";
import type { FigureChange, FigureName, LayerComparison } from "../compare/compare_measurements.ts";
import { formatCount, formatNumber, formatShare } from "../words/numbers.ts";
import type { RenderTextOptions } from "./render_text.ts";
import { shapeChanges } from "./shape_changes.ts";

/** How a comparison is drawn. */
export interface DifferenceOptions extends Pick<RenderTextOptions, "width" | "unicode" | "color"> {
  /** Whether every layer has a row, even one of which nothing moved. Default: no. */
  all?: boolean;
}

/** The table of a comparison, from which text and Markdown are drawn. */
export interface DifferenceTable {
  /** What stands above each column but that of the names. */
  headings: string[];
  /** A row for each layer, that with the worst change first. */
  rows: { name: string; cells: string[] }[];
  /** What is not in the table. */
  rest: string[];
  /** How the cells are to be read. */
  legend: string;
}

/** More layers than these are not read. */
const MOST = 24;

/** What stands above a column, and what it is of; a share explains itself. */
const COLUMNS: Record<FigureName, { heading: string; of: string | null }> = {
  kernel: { heading: "kernel", of: "std of the kernel" },
  gradient: { heading: "gradient", of: "mean |gradient| of the kernel" },
  activation: { heading: "activation", of: "mean |activation|" },
  delta: { heading: "delta", of: "mean |delta|" },
  saturated: { heading: "saturated", of: null },
  dead: { heading: "dead", of: null },
};

/** What stands in a cell where nothing moved beyond chance. */
const ALIKE = "=";

/** The layers of which something moved, as factors. */
export function differenceTable(
  difference: Difference,
  { all = false }: { all?: boolean } = {},
): DifferenceTable {
  const { comparison: { layers } } = difference;
  const moved = layers.filter(hasMoved);
  const sorted = (all ? layers : moved).toSorted((a, b) => b.worst - a.worst);
  const shown = all ? sorted : sorted.slice(0, MOST);
  const names = (Object.keys(COLUMNS) as FigureName[]).filter((name) =>
    shown.some(({ figures }) => figures[name]?.moved)
  );
  const reshaped = new Set(shapeChanges(difference).map(({ layer }) => layer));
  const rest = layers.filter((layer) => !hasMoved(layer) && !reshaped.has(layer.after));
  const unchanged = all ? 0 : rest.length;
  const more = sorted.length - shown.length;
  return {
    headings: names.map((name) => COLUMNS[name].heading),
    rows: names.length === 0 ? [] : shown.map((layer) => ({
      name: layer.after,
      cells: names.map((name) => cellOf(layer.figures[name])),
    })),
    rest: [
      ...more > 0 ? [`${formatCount(more, "more layer")} changed; --all shows every layer.`] : [],
      ...unchanged > 0 ? [`${formatCount(unchanged, "layer")} unchanged.`] : [],
    ],
    legend: legendOf(names, shown),
  };
}

/** The meaning of the cells that there are. */
function legendOf(names: readonly FigureName[], layers: readonly LayerComparison[]): string {
  const of = names.flatMap((name) => COLUMNS[name].of ?? []);
  const has = (is: (change: FigureChange) => boolean) =>
    layers.some(({ figures }) => names.some((name) => figures[name] && is(figures[name])));
  return [
    ...of.length === 0 ? [] : [`B / A of ${of.join(", ")}`],
    ...has(({ factor, moved }) => moved && !isFactor(factor)) ? ["A>B: from A to B"] : [],
    ...has(({ moved }) => !moved) ? [`${ALIKE}: moved by no more than chance`] : [],
  ].join("; ");
}

/** Whether a factor says what happened. */
const isFactor = (factor: number | null): factor is number =>
  factor !== null && factor > 0 && factor < Infinity;

function hasMoved({ figures }: LayerComparison): boolean {
  return Object.values(figures).some(({ moved }) => moved);
}

/** `1/3`, `2.5`, `0>0.1` where no factor says it, `10%>99%`. */
function cellOf(change: FigureChange | undefined): string {
  if (change === undefined) return "";
  const { before, after, factor, moved } = change;
  if (!moved) return ALIKE;
  if (factor === null) return `${formatShare(before)}>${formatShare(after)}`;
  if (!isFactor(factor)) return `${formatNumber(before)}>${formatNumber(after)}`;
  return factor < 1 ? `1/${formatNumber(1 / factor)}` : formatNumber(factor);
}
