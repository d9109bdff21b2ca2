import type { LayerMeasurements, Measurements } from "../core/measure/measurements.ts";
import { callPlace } from "../core/model/layers/layer_source.ts";
import { foldLayers, foldName, gradientOf, type LayerFold } from "../core/text/fold_layers.ts";
import {
  type LayerFigure,
  type LayerRow,
  layerTable,
  type RowFold,
} from "../core/text/layer_table.ts";
import type { Finding } from "../core/rules/finding.ts";
import { isKernel } from "../ground/theory/weight_kinds.ts";
import {
  formatCount,
  formatMemory,
  formatNumber,
  formatShare,
  formatWhole,
  roundTo,
} from "../ground/words/numbers.ts";
import { escapeControls } from "../ground/words/show_value.ts";
import type { LayerNames } from "./layer_map.ts";
import { type Markup, markup } from "./markup.ts";

/** Bytes of a float32. */
const FLOAT = 4;

/** Sizes of a network. */
interface NetworkTotals {
  parameters: number;
  trainable: number;
  /** Multiply-adds of one example's forward pass through dense and convolutional layers. */
  multiplyAdds: number;
  /** True if other layers with kernels, such as recurrent ones, come on top. */
  isLeast: boolean;
  /** Bytes of the weights, and of the outputs of all layers for the batch. */
  weightBytes: number;
  outputBytes: number;
}

/** Sums up the sizes of a network. */
export function networkTotals({ layers, model }: Measurements): NetworkTotals {
  const weights = layers.flatMap((layer) => layer.weights);
  const size = (some: typeof weights) =>
    some.reduce((sum, { values, sample }) => sum + (sample?.of ?? values.count), 0);
  const frozen = size(weights.filter(({ trainable }) => !trainable));
  const counted = layers.map(multiplyAddsOf);
  const outputs = layers.reduce((sum, { activations }) => sum + (activations?.count ?? 0), 0);
  return {
    parameters: model.parameters,
    // A weight of a shared layer is listed once, so both counts agree.
    trainable: model.parameters - frozen,
    multiplyAdds: counted.reduce<number>((sum, count) => sum + (count ?? 0), 0),
    isLeast: counted.includes(null),
    weightBytes: model.parameters * FLOAT,
    outputBytes: outputs * FLOAT,
  };
}

/** Counts the multiply-adds of a layer for one example; `null` if the layout of its kernel is unknown. */
function multiplyAddsOf(layer: LayerMeasurements): number | null {
  const { weights, kernelLayout, kind, shape, calls, strides = [] } = layer;
  const kernel = weights.find(isKernel);
  if (kernel === undefined || kind === "embedding") return 0;
  const units = unitsOf(kernel.shape, kernelLayout);
  if (units === null || shape === null) return null;
  const entries = shape.slice(1).reduce((product, size) => product * size, 1);
  // A transposed convolution uses its kernel once for each entry of its input.
  const steps = strides.reduce((product, stride) => product * stride, 1);
  return kernel.values.count * entries / units / steps * calls;
}

function unitsOf(
  shape: readonly number[],
  layout: LayerMeasurements["kernelLayout"],
): number | null {
  const last = shape[shape.length - 1];
  const before = shape[shape.length - 2];
  if (layout === "ordinary") return last;
  if (layout === "transposed") return before;
  return layout === "depthwise" ? last * before : null;
}

/** Formats the sizes of a network in one sentence. */
export function totalsWords(measurements: Measurements): string {
  const { parameters, trainable, multiplyAdds, isLeast, weightBytes, outputBytes } = networkTotals(
    measurements,
  );
  const parts = [
    `${formatCount(parameters, "parameter")}: ${formatWhole(trainable)} trainable, ${
      formatWhole(parameters - trainable)
    } frozen`,
    ...multiplyAdds === 0
      ? []
      : [`${isLeast ? "at least " : ""}${formatWhole(multiplyAdds)} multiply-adds per example`],
    `${formatMemory(weightBytes)} of weights${
      outputBytes === 0
        ? ""
        : `, ${formatMemory(outputBytes)} of outputs for ${
          formatCount(measurements.batch.examples, "example")
        }`
    }`,
  ];
  return `${parts.join(". ")}.`;
}

/** Data of a table. */
interface TableContent {
  measurements: Measurements;
  findings: readonly Finding[];
  /** Layers that share a row until it is opened. */
  folds: readonly LayerFold[];
  names: LayerNames;
  /** Id in links. */
  id: string;
  /** True if each layer of a fold also has a row. */
  isWhole: boolean;
}

/** A column: its heading, and its cell in a row. */
interface Column {
  heading: string;
  cell: (row: LayerRow) => string;
  /** Figure of a layer that it shows: the cell is coloured if a finding is about it. */
  figure?: LayerFigure;
  /** Draws beside the text. */
  draw?: (row: LayerRow) => Markup | null;
  isWord?: boolean;
  /** True if the figure is shown for a selected layer. */
  isPicked?: boolean;
  /** True if it stays on a narrow screen even if nothing in it is wrong. */
  isKept?: boolean;
}

/**
 * Renders the table of layers: the script sorts, filters and unfolds it; it is complete without the
 * script.
 */
export function tableOfLayers(content: TableContent): Markup {
  const { measurements, findings, folds, names, id, isWhole } = content;
  const { layers } = measurements;
  const folded = layerTable(measurements, findings, folds);
  const single = layerTable(measurements, findings, foldLayers(layers, { all: true }));
  const rowOf = new Map(single.map((row) => [row.name, row]));
  const columns = columnsOf(measurements)
    .filter(({ cell }) => single.some((row) => cell(row) !== ""));
  const isSpare = spareColumns(columns, folded);
  const line = (row: LayerRow, kind: "" | "inner" | "worst", before: Markup | null = null) =>
    markup`<tr data-l="${names.id(row.name)}"${
      row.mark === null ? null : markup` data-mark="${row.mark}"`
    }${kind === "" ? null : markup` class="${kind}"`}><th scope="row">${before}${
      names.link(row.name)
    }${severityOf(row)}${cellsOf(columns, isSpare, row)}</tr>
    `;
  const bodies = folds.map((fold, i) => {
    const members = fold.blocks.flat(2);
    if (members.length === 1) {
      return markup`<tbody>${line(rowOf.get(members[0].name)!, "")}</tbody>`;
    }
    const inner = (some: typeof members) =>
      isWhole ? some.map(({ name }) => line(rowOf.get(name)!, "inner")) : null;
    const button = markup`<button type="button" class="fold" hidden
      aria-expanded="false" aria-label="Show the ${members.length} layers">+</button>`;
    if (folded[i].fold === null) {
      return markup`<tbody>${line(folded[i], "", button)}${inner(members.slice(1))}</tbody>`;
    }
    return markup`<tbody><tr class="fold-head"><th scope="row" colspan="${
      columns.length + 1
    }"><div>${button}${names.fold(foldName(fold))} <span class="about">${
      foldTitle(folded[i].fold!, folded[i].name)
    }</span></div></th></tr>${line(folded[i], "worst")}${inner(members)}</tbody>`;
  });
  return markup`<div class="tools" data-for="${id}" data-count="${layers.length}" hidden>
    <label>Filter <input type="search" placeholder="name or class"></label>
    <label>Show <select><option value="all">all layers</option>
    <option value="warning">with an error or a warning</option><option value="error">with an error</option></select></label>
    <output class="soft small" aria-live="polite"></output></div>
    <div class="scroll" tabindex="0" role="group" aria-label="Table of layers"><table id="${id}" class="layers-table">
    ${headOf(columns, isSpare)}${bodies}</table></div><p class="totals">${
    totalsWords(measurements)
  }</p>`;
}

/**
 * Returns true for the columns that a narrow screen has no room for: it shows the gradient, and the
 * first other figure that is wrong.
 */
function spareColumns(columns: readonly Column[], rows: readonly LayerRow[]): boolean[] {
  const isWrong = ({ figure }: Column) =>
    figure !== undefined && rows.some(({ wrong }) => figure in wrong);
  const first = columns.findIndex((column) => !column.isKept && isWrong(column));
  return columns.map(({ isKept = false }, i) => !isKept && i !== first);
}

/** Describes a fold: its number of layers, and the layer that the figures below are from. */
function foldTitle({ blocks, layers: [least, most], sameShapes }: RowFold, worst: string): string {
  const size = least === most ? String(least) : `${least} to ${most}`;
  const what = most === 1 ? `${blocks} layers` : `${blocks} blocks of ${size}`;
  return `${what}, alike${sameShapes ? "" : " but for shapes"}; here the worst, ${
    escapeControls(worst)
  }`;
}

/** Many readers cannot rely on colour alone. */
const severityOf = ({ mark }: LayerRow) =>
  mark === null ? null : markup`\u00a0<span class="${mark} small">${mark}</span>`;

function cellsOf(
  columns: readonly Column[],
  isSpare: readonly boolean[],
  row: LayerRow,
): Markup[] {
  return columns.map(({ cell, draw, isWord = false, figure }, i) => {
    const tone = figure === undefined ? undefined : row.wrong[figure];
    const text = cell(row);
    const names = [
      ...isWord ? ["word"] : [],
      ...isSpare[i] ? ["spare"] : [],
      ...tone === undefined || text === "" ? [] : ["wrong", tone],
    ];
    return markup`<td${names.length === 0 ? null : markup` class="${names.join(" ")}"`}>${
      draw?.(row) ?? null
    }${escapeControls(text)}`;
  });
}

function headOf(columns: readonly Column[], isSpare: readonly boolean[]): Markup {
  return markup`<thead><tr><th scope="col" data-sort="0">layer</th>${
    columns.map(({ heading, isWord = false, isPicked = false }, i) => {
      const names = [...isWord ? ["word"] : [], ...isSpare[i] ? ["spare"] : []].join(" ");
      return markup`<th scope="col" data-sort="${i + 1}"${
        names === "" ? null : markup` class="${names}"`
      }${isPicked ? markup` data-figure="${i + 1}"` : null}>${heading}</th>`;
    })
  }</tr></thead>
    `;
}

function columnsOf({ layers, weightsOnly }: Measurements): Column[] {
  const figure = (value: number | null | undefined) =>
    value === null || value === undefined ? "" : formatNumber(roundTo(2, value));
  const share = (value: number | null) => value === null ? "" : formatShare(value);
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const timesOf = ({ kernel }: LayerRow) =>
    kernel === null || kernel.target === null || kernel.target === 0
      ? null
      : kernel.std / kernel.target;
  return [
    {
      heading: "class",
      cell: ({ className, followers }) =>
        followers === 0 ? className : `${className} +${followers}`,
      isWord: true,
    },
    { heading: "output", cell: ({ shape }) => shape === null ? "" : shape.join("×") || "1" },
    {
      heading: "parameters",
      cell: ({ parameters }) => parameters === 0 ? "" : formatWhole(parameters),
    },
    {
      heading: "mean |gradient|",
      cell: ({ name }) => figure(gradientOf([byName.get(name)!])),
      figure: "gradient",
      isPicked: true,
      isKept: true,
    },
    {
      heading: "kernel std",
      cell: ({ kernel, within }) => withInterval(figure(kernel?.std), within),
      isKept: weightsOnly !== undefined,
    },
    {
      heading: "times target",
      cell: (row) => figure(timesOf(row)),
      figure: "kernel",
      draw: (row) => drawTimes(timesOf(row), row.wrong.kernel ?? "sound"),
      isPicked: true,
    },
    {
      heading: "output rms",
      cell: ({ output }) => figure(output.measured),
      figure: "activation",
      isPicked: true,
    },
    { heading: "in theory", cell: ({ output }) => figure(output.predicted) },
    { heading: "delta rms", cell: ({ gradient }) => figure(gradient.measured), isPicked: true },
    { heading: "in theory", cell: ({ gradient }) => figure(gradient.predicted) },
    { heading: "saturated", cell: ({ saturated }) => share(saturated), figure: "saturated" },
    { heading: "dead", cell: ({ dead }) => share(dead), figure: "dead" },
    { heading: "entropy", cell: ({ entropy }) => figure(entropy), figure: "entropy" },
    {
      heading: "called in",
      // The folders are over the histograms.
      cell: ({ name }) => callPlace(byName.get(name)!.source)?.split(/[\\/]/).at(-1) ?? "",
      isWord: true,
    },
  ];
}

/** Adds half a 95 % interval to a figure, if it is of a sample. */
const withInterval = (figure: string, within: number | null) =>
  within === null ? figure : `${figure} ± ${formatNumber(roundTo(2, 100 * within))} %`;

/** Size of a small bar, and the factor at which it is full, up and down. */
const TIMES = { width: 48, height: 10, full: 1000 };

/** Draws a small bar from 1 to a factor, on a logarithmic axis with 1 in the middle. */
export function drawTimes(times: number | null, tone: string): Markup | null {
  if (times === null || Number.isNaN(times)) return null;
  const { width, height, full } = TIMES;
  const half = width / 2;
  const share = Math.max(-1, Math.min(1, Math.log(Math.max(times, 1e-9)) / Math.log(full)));
  const length = Math.max(1, Math.round(Math.abs(share) * half));
  return markup`<svg class="times bar-row" width="${width}" height="${height}" aria-hidden="true"><path class="base" d="M${half} 0V${height}"/><rect class="bar ${tone}" x="${
    share < 0 ? half - length : half
  }" y="2" width="${length}" height="${height - 4}"/></svg>`;
}

/** Explains the table. */
export function tableLegend({ layers, weightsOnly }: Measurements): string {
  const order = weightsOnly === undefined ? "forward pass" : "file";
  const start = `${formatCount(layers.length, "layer")} in the order of the ${order}.`;
  return weightsOnly === undefined
    ? `${start} Times target: the standard deviation of the kernel over that of the initialiser ` +
      "that fits. In theory: what random weights of that size should give. " +
      "Delta: the gradient before the activation."
    : start;
}
