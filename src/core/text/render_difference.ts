import type { FigureChange, FigureName, LayerComparison } from "../compare/compare_measurements.ts";
import type { Difference, WeightChanges } from "../compare/difference.ts";
import type { TensorChange } from "../compare/weights_comparison.ts";
import { type FileType, isWhole } from "../../ground/traits/number_types.ts";
import { defuse } from "../../ground/words/failure.ts";
import { formatCount, formatNumber, formatShare } from "../../ground/words/numbers.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { cutNames, displayWidth, padEnd, wrapText } from "./fit_text.ts";
import { layerRange } from "./fold_layers.ts";
import { shapeChanges, shapeWords } from "./render_changes.ts";
import type { RenderTextOptions } from "./render_charts.ts";
import { verdictLine } from "./render_diagnosis.ts";
import { paint, VERDICT_LOOKS } from "./verdicts.ts";

/** Figures of a comparison that are drawn, with their titles. */
export const DRAWN_FIGURES: readonly [FigureName, string][] = [
  ["kernel", "kernel std"],
  ["gradient", "mean |gradient|"],
  ["activation", "mean |activation|"],
];

/** Maximum share of a line for a name. */
const LARGEST_NAME = 0.4;

/**
 * Shows the difference between two runs: a sentence about what moved, both verdicts, the fate of
 * each cause, and a table of the layers, worst change first.
 *
 * @param difference The two runs.
 * @returns The text, with a newline at its end.
 */
export function renderDifference(difference: Difference, options: DifferenceOptions = {}): string {
  const { width = 80, color = false } = options;
  return `${
    [
      ...leadSentences(difference).flatMap((line) => wrapText(escapeControls(line), width))
        .map((line) => paint(line, "strong", color)),
      "",
      ...verdictLines(difference, { width, color }),
      ...weightLines(difference, options),
      ...tableLines(differenceTable(difference, options), options),
    ].map(defuse).join("\n")
  }\n`;
}

/**
 * Draws both verdicts, one line each, then the causes that are gone, stayed and new, and all other
 * differences.
 */
function verdictLines(
  difference: Difference,
  { width, color }: { width: number; color: boolean },
): string[] {
  const labelled = (label: string, text: string) =>
    wrapText(`${label}: ${escapeControls(text)}`, width, "", "  ");
  const { before, after } = difference;
  const sides = [["A", before], ["B", after]] as const;
  return [
    ...sides.flatMap(([label, { name, diagnosis }]) =>
      labelled(label, `${name}: ${verdictLine(diagnosis, { color: false })}`)
        .map((line) => paint(line, VERDICT_LOOKS[diagnosis.verdict].tone, color))
    ),
    ...causeChanges(difference).flatMap(([label, message]) => labelled(label, message)),
    ...otherDifferences(difference).flatMap(([label, text]) => labelled(label, text)),
  ];
}

/** Shows the changes of weights, of two files of weights. */
function weightLines({ weights }: Difference, options: DifferenceOptions): string[] {
  if (weights === undefined) return [];
  const { rows, rest } = weightChangeTable(weights, options);
  return tableLines(
    {
      headings: WEIGHT_HEADINGS,
      rows,
      rest: rest.map((line) => escapeControls(line)),
      legend: WEIGHT_LEGEND,
      of: "tensor",
    },
    options,
  );
}

function tableLines(
  { headings, rows, rest, legend, of = "layer" }: Omit<DifferenceTable, "rows" | "figures"> & {
    rows: Pick<DifferenceRow, "name" | "cells">[];
    /** Heading of the names. */
    of?: string;
  },
  { width = 80, unicode = false, color = false }: DifferenceOptions,
): string[] {
  const faint = (line: string) => paint(line, "faint", color);
  const left = rest.length === 0 ? [] : ["", ...rest.flatMap((line) => wrapText(line, width))];
  if (rows.length === 0) return left;
  const names = rows.map(({ name }) => escapeControls(name));
  const longest = Math.max(of.length, ...names.map(displayWidth));
  const widths = headings.map((heading, i) =>
    Math.max(heading.length, ...rows.map(({ cells }) => cells[i].length))
  );
  // Names take the room that the figures leave.
  const room = width - widths.reduce((sum, one) => sum + 2 + one, 0);
  const label = Math.min(longest, Math.max(5, Math.floor(width * LARGEST_NAME), room));
  const cut = cutNames(names, label, unicode ? "…" : "..");
  let shown = widths.length;
  const taken = () => widths.slice(0, shown).reduce((sum, one) => sum + 2 + one, label);
  while (taken() > width) shown--;
  const line = (name: string, cells: string[]) =>
    (padEnd(name, label) + cells.slice(0, shown).map((cell, i) => `  ${cell.padStart(widths[i])}`)
      .join("")).trimEnd();
  return [
    "",
    faint(line(of, headings)),
    ...rows.map(({ cells }, i) => line(cut[i], cells)),
    ...left.slice(1),
    ...wrapText(legend, width).map(faint),
  ];
}

/** Options for drawing a comparison. */
export interface DifferenceOptions extends Pick<RenderTextOptions, "width" | "unicode" | "color"> {
  /** True to give every layer a row, even if nothing moved in it. Default: false. */
  all?: boolean;
}

/** Table of a comparison. Text and Markdown are drawn from it. */
interface DifferenceTable {
  /** Heading of each column except that of the names, and its figure. */
  headings: string[];
  figures: FigureName[];
  /** Rows, one per layer, worst change first. */
  rows: DifferenceRow[];
  /** Sentences about layers that are not in the table. */
  rest: string[];
  /** Explanation of the cells. */
  legend: string;
}

/** Layer in the table of a comparison. */
export interface DifferenceRow {
  name: string;
  /** Text of each figure's change. */
  cells: string[];
  /** The changes themselves; `undefined` if the layer lacks the figure. */
  changes: (FigureChange | undefined)[];
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
  // The weights of two files say which of their layers changed.
  const unchanged = all || difference.weights !== undefined ? 0 : rest.length;
  const more = sorted.length - shown.length;
  return {
    headings: names.map((name) => COLUMNS[name].heading),
    figures: names,
    rows: names.length === 0 ? [] : shown.map((layer) => ({
      name: layer.after,
      cells: names.map((name) => cellOf(layer.figures[name])),
      changes: names.map((name) => layer.figures[name]),
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
    ...has(({ factor, moved }) => moved && !isFactor(factor))
      ? ["A to B: no factor describes it"]
      : [],
    ...has(({ moved }) => !moved) ? [`${ALIKE}: moved by no more than chance`] : [],
  ].join("; ");
}

/** Returns true if the change can be stated as a factor. */
const isFactor = (factor: number | null): factor is number =>
  factor !== null && factor > 0 && factor < Infinity;

function hasMoved({ figures }: LayerComparison): boolean {
  return Object.values(figures).some(({ moved }) => moved);
}

/** Returns `1/3`, `2.5`, `10% to 99%`, or `0 to 0.1` if no factor describes the change. */
function cellOf(change: FigureChange | undefined): string {
  if (change === undefined) return "";
  const { before, after, factor, moved } = change;
  if (!moved) return ALIKE;
  if (factor === null) return `${formatShare(before)} to ${formatShare(after)}`;
  if (!isFactor(factor)) return `${formatNumber(before)} to ${formatNumber(after)}`;
  return factor < 1 ? `1/${formatNumber(1 / factor)}` : formatNumber(factor);
}

/** A loss has moved, and figures matter, from this factor on. */
const LOSS_MOVED = 1.1;
const FIGURE_MATTERS = 2;

/**
 * Returns the sentence before those on what moved: the loss, or that nothing matters; `null` if
 * neither is to be said.
 */
export function headSentence(
  { before, after, causes, comparison: { said, layers }, weights }: Difference,
): string | null {
  const [one, other] = [before, after].map(({ measurements }) => measurements.objective);
  const hasLoss = one.name === other.name && one.name !== "sum" && one.value > 0 &&
    other.value > 0;
  const times = other.value / one.value;
  if (hasLoss && Math.max(times, 1 / times) >= LOSS_MOVED) {
    return `The loss ${times < 1 ? "falls" : "rises"} from ${formatNumber(one.value)} in A to ${
      formatNumber(other.value)
    } in B.`;
  }
  const worst = Math.max(1, ...layers.map(({ worst }) => worst));
  const isSame = before.diagnosis.verdict === after.diagnosis.verdict &&
    causes.gone.length + causes.came.length === 0;
  return weights === undefined && isSame && said.length > 0 && worst < FIGURE_MATTERS
    ? `Nothing that matters moved: no figure by more than a factor of ${formatNumber(worst)}.`
    : null;
}

/** Returns the sentences at the top: on every changed weight of two files, else on what moved. */
export function leadSentences(difference: Difference): string[] {
  const { weights, comparison: { said } } = difference;
  const head = headSentence(difference);
  if (weights === undefined) {
    return [...head === null ? [] : [head], movedSentence(difference)];
  }
  return [...weights.said, ...said.length === 0 ? [] : [movedSentence(difference)]];
}

/** Summarises the changes in one sentence. */
export function movedSentence({ comparison }: Pick<Difference, "comparison">): string {
  const { said, same, onlyBefore, onlyAfter } = comparison;
  if (said.length > 0) {
    const text = said.join("; ");
    return `${text[0].toUpperCase()}${text.slice(1)}.`;
  }
  if (same) return "All figures are the same.";
  const missing = onlyBefore.length + onlyAfter.length > 0;
  return `No figure${missing ? " of the layers that both have" : ""} moved by more than chance.`;
}

/** Returns the fate of each cause, with its label: `No longer: ...`. */
export function causeChanges({ causes }: Difference): [label: string, message: string][] {
  const labels = { gone: "No longer", stayed: "Stayed", came: "New" } as const;
  return (Object.keys(labels) as (keyof typeof labels)[]).flatMap((key) =>
    causes[key].map(({ message }): [string, string] => [labels[key], message])
  );
}

/** Returns all other differences, one labelled line each. */
export function otherDifferences(difference: Difference): [label: string, text: string][] {
  const { before, after, comparison } = difference;
  const one = before.measurements;
  const other = after.measurements;
  const names = ({ layers }: typeof one) => layers.map(({ name }) => name);
  const loss = one.objective.name === "sum" ? "Sum of outputs" : "Loss";
  const values = [one, other].map(({ objective }) => formatNumber(objective.value));
  const only = (which: string[], run: typeof one) =>
    `${layerRange(which, { order: names(run), max: 4 })}`;
  const objective: [string, string] = one.objective.name === other.objective.name
    ? [
      loss,
      values[0] === values[1] ? `${values[0]} in both` : `${values[0]} in A, ${values[1]} in B`,
    ]
    : ["Objective", `${one.objective.name} in A, ${other.objective.name} in B`];
  const isAlone = [one, other].every(({ weightsOnly }) => weightsOnly !== undefined);
  const isSaid = headSentence(difference)?.startsWith("The loss ") ?? false;
  const shapes = shapeWords(shapeChanges(difference));
  // Tensors are paired without a prefix that layers may have.
  const { weights } = difference;
  const isPaired = weights !== undefined &&
    weights.onlyBefore.length + weights.onlyAfter.length === 0;
  return [
    // Weights without a topology have no objective.
    ...isAlone || isSaid ? [] : [objective],
    ...isPaired || comparison.onlyBefore.length === 0
      ? []
      : [["Only in A", only(comparison.onlyBefore, one)] as [string, string]],
    ...isPaired || comparison.onlyAfter.length === 0
      ? []
      : [["Only in B", only(comparison.onlyAfter, other)] as [string, string]],
    ...shapes === "" ? [] : [["Outputs", shapes] as [string, string]],
    ...comparison.gradients ? [] : [[
      "Gradients",
      one.objective.name === other.objective.name
        ? `not compared: A has ${
          formatCount(one.batch.examples, "example")
        }, B ${other.batch.examples}`
        : "not comparable: they belong to different objectives",
    ] as [string, string]],
  ];
}

/** Largest number of names in a line. */
const MAX_NAMES = 3;

const MAX_TENSORS_SHOWN = 24;

/** Headings of the table of tensors that differ. */
export const WEIGHT_HEADINGS = ["change", "cosine", "entries"];

/** Explanation of its cells. */
export const WEIGHT_LEGEND = "change: |B - A| / |A|; entries: share that differs";

/** Returns rows of the tensors that differ, the largest change first, and lines on the others. */
export function weightChangeTable(
  { tensors, onlyBefore, onlyAfter, reshaped }: WeightChanges,
  { all = false }: { all?: boolean } = {},
): { rows: { name: string; cells: string[] }[]; rest: string[] } {
  // A change that is not a number comes first, and codes come last.
  const size = ({ relativeChange, types }: TensorChange) =>
    relativeChange ?? (isWhole(types[1] as FileType) ? -1 : Infinity);
  const sorted = tensors.filter(({ differing }) => all || differing > 0)
    .toSorted((a, b) => size(b) === size(a) ? 0 : size(b) - size(a));
  const shown = all ? sorted : sorted.slice(0, MAX_TENSORS_SHOWN);
  const more = sorted.length - shown.length;
  const only = (side: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`Only in ${side}: ${few(names)}.`];
  return {
    rows: shown.map((tensor) => ({ name: tensor.name, cells: cellsOf(tensor) })),
    rest: [
      ...more > 0 ? [`${formatCount(more, "more tensor")} differ; --all shows every tensor.`] : [],
      ...only("A", onlyBefore),
      ...only("B", onlyAfter),
      ...reshaped.map(({ name, before, after }) =>
        `${name} has shape [${before.join(", ")}] in A and [${after.join(", ")}] in B.`
      ),
    ],
  };
}

function cellsOf(change: TensorChange): string[] {
  const { relativeChange, cosine, differing, count, types, wasZero } = change;
  const unknown = isWhole(types[1] as FileType) ? "-" : "not a number";
  const none = wasZero ? "was 0" : unknown;
  return [
    relativeChange === null ? none : formatNumber(relativeChange),
    cosine === null ? "-" : cosine.toFixed(6),
    formatShare(differing / count),
  ];
}

function few(names: readonly string[]): string {
  const more = names.length - MAX_NAMES;
  return `${names.slice(0, MAX_NAMES).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
