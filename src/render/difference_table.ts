import type { Difference } from "../compare/difference.ts";
import type { FigureChange, FigureName, LayerComparison } from "../compare/compare_measurements.ts";
import { formatCount, formatNumber, formatShare } from "../words/numbers.ts";
import type { RenderTextOptions } from "./render_text.ts";
import { shapeChanges } from "./shape_changes.ts";

/** Options for drawing a comparison. */
export interface DifferenceOptions extends Pick<RenderTextOptions, "width" | "unicode" | "color"> {
  /** True to give every layer a row, even if nothing moved in it. Default: false. */
  all?: boolean;
}

/** Table of a comparison. Text and Markdown are drawn from it. */
export interface DifferenceTable {
  /** Heading of each column except that of the names. */
  headings: string[];
  /** Rows, one per layer, worst change first. */
  rows: { name: string; cells: string[] }[];
  /** Sentences about layers that are not in the table. */
  rest: string[];
  /** Explanation of the cells. */
  legend: string;
}

const MAX_LAYERS_SHOWN = 24;

/** Heading of each column and the figure it shows; a share explains itself. */
const COLUMNS: Record<FigureName, { heading: string; of: string | null }> = {
  kernel: { heading: "kernel", of: "std of the kernel" },
  gradient: { heading: "gradient", of: "mean |gradient| of the kernel" },
  activation: { heading: "activation", of: "mean |activation|" },
  delta: { heading: "delta", of: "mean |delta|" },
  saturated: { heading: "saturated", of: null },
  dead: { heading: "dead", of: null },
};

/** Text of a cell if nothing moved beyond chance. */
const ALIKE = "=";

/** Returns the table of the layers in which something moved, as factors. */
export function differenceTable(
  difference: Difference,
  { all = false }: { all?: boolean } = {},
): DifferenceTable {
  const { comparison: { layers } } = difference;
  const moved = layers.filter(hasMoved);
  const sorted = (all ? layers : moved).toSorted((a, b) => b.worst - a.worst);
  const shown = all ? sorted : sorted.slice(0, MAX_LAYERS_SHOWN);
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

/** Explains the cells in use. */
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

/** Returns true if the change can be stated as a factor. */
const isFactor = (factor: number | null): factor is number =>
  factor !== null && factor > 0 && factor < Infinity;

function hasMoved({ figures }: LayerComparison): boolean {
  return Object.values(figures).some(({ moved }) => moved);
}

/** Returns `1/3`, `2.5`, `10%>99%`, or `0>0.1` if no factor describes the change. */
function cellOf(change: FigureChange | undefined): string {
  if (change === undefined) return "";
  const { before, after, factor, moved } = change;
  if (!moved) return ALIKE;
  if (factor === null) return `${formatShare(before)}>${formatShare(after)}`;
  if (!isFactor(factor)) return `${formatNumber(before)}>${formatNumber(after)}`;
  return factor < 1 ? `1/${formatNumber(1 / factor)}` : formatNumber(factor);
}
