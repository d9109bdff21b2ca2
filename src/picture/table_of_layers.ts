import type { Finding } from "../rules/finding.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { Chart } from "../render/chart_model.ts";
import { foldLayers, foldName, type LayerFold } from "../render/fold_layers.ts";
import { type LayerRow, layerTable } from "../render/layer_table.ts";
import { escapeControls } from "../words/show_value.ts";
import { formatCount, formatNumber, formatShare, formatWhole, roundTo } from "../words/numbers.ts";
import type { LayerNames } from "./layer_map.ts";
import { type Markup, markup } from "./markup.ts";

interface TableContent {
  measurements: Measurements;
  findings: readonly Finding[];
  /** Layers that share a row until it is opened. */
  folds: readonly LayerFold[];
  /** Charts in which each layer has its own bar. */
  charts: readonly Chart[];
  names: LayerNames;
  /** Id in links. */
  id: string;
  /** True if each layer of a fold also has a row. */
  isWhole: boolean;
}

/** A column: its group heading, its heading, and its cell in a row. */
interface Column {
  over: string;
  heading: string;
  cell: (row: LayerRow, layer: string) => string;
  isWord?: boolean;
  /** True if the figure is shown for a selected layer. */
  isFigure?: boolean;
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
  const columns = columnsOf(content)
    .filter(({ cell }) => single.some((row) => cell(row, row.name) !== ""));
  const line = (row: LayerRow, { isInner }: { isInner: boolean }) =>
    markup`<tr data-l="${names.id(row.name)}"${markOf(row)}${
      isInner ? markup` class="inner"` : null
    }><th scope="row">${names.link(row.name)}${severityOf(row)}${cellsOf(columns, row)}</tr>
    `;
  const bodies = folds.map((fold, i) => {
    const members = fold.blocks.flat(2);
    if (members.length === 1) {
      return markup`<tbody>${line(rowOf.get(members[0].name)!, { isInner: false })}</tbody>`;
    }
    return markup`<tbody><tr${
      markOf(folded[i])
    }><th scope="row"><button type="button" class="fold" hidden
      aria-expanded="false" aria-label="Show the ${members.length} layers">+</button>${
      names.fold(foldName(fold))
    }${severityOf(folded[i])}${foldTitle(folded[i], members.length, names)}${
      cellsOf(columns, folded[i])
    }</tr>
      ${
      isWhole ? members.map(({ name }) => line(rowOf.get(name)!, { isInner: true })) : null
    }</tbody>`;
  });
  return markup`<div class="tools" data-for="${id}" data-count="${layers.length}" hidden>
    <label>Filter <input type="search" placeholder="name or class"></label>
    <label>Show <select><option value="all">all layers</option>
    <option value="warning">with an error or a warning</option><option value="error">with an error</option></select></label>
    <output class="soft small" aria-live="polite"></output></div>
    <div class="scroll" tabindex="0" role="group" aria-label="Table of layers"><table id="${id}">
    ${headOf(columns)}${bodies}</table></div>`;
}

/**
 * Describes a fold below its name: its number of layers, and the layer that the figures are from.
 */
function foldTitle({ fold, name }: LayerRow, layers: number, names: LayerNames): Markup {
  if (fold === null) {
    return markup`<span class="about">with the ${
      formatCount(layers - 1, "layer")
    } after it that have no kernel</span>`;
  }
  const { blocks, layers: [least, most], sameShapes } = fold;
  const size = least === most ? String(least) : `${least} to ${most}`;
  const what = most === 1 ? `${blocks} layers` : `${blocks} blocks of ${size}`;
  return markup`<span class="about">${what}, alike${sameShapes ? "" : " but for shapes"}; here ${
    names.link(name)
  }</span>`;
}

const markOf = ({ mark }: LayerRow) => mark === null ? null : markup` data-mark="${mark}"`;

/** Many readers cannot rely on colour alone. */
const severityOf = ({ mark }: LayerRow) =>
  mark === null ? null : markup`\u00a0<span class="${mark} small">${mark}</span>`;

function cellsOf(columns: readonly Column[], row: LayerRow): Markup[] {
  return columns.map(({ cell, isWord }) =>
    markup`<td${isWord ? markup` class="word"` : null}>${escapeControls(cell(row, row.name))}`
  );
}

function headOf(columns: readonly Column[]): Markup {
  const groups: { over: string; count: number }[] = [];
  for (const { over } of columns) {
    const last = groups.at(-1);
    if (last?.over === over) last.count++;
    else groups.push({ over, count: 1 });
  }
  return markup`<thead><tr><td>${
    groups.map(({ over, count }) =>
      over === ""
        ? markup`<td colspan="${count}">`
        : markup`<th class="group" scope="colgroup" colspan="${count}">${over}</th>`
    )
  }</tr>
    <tr><th scope="col" data-sort="0">layer</th>${
    columns.map(({ heading, isWord, isFigure }, i) =>
      markup`<th scope="col" data-sort="${i + 1}"${isWord ? markup` class="word"` : null}${
        isFigure ? markup` data-figure="${i + 1}"` : null
      }>${heading}</th>`
    )
  }</tr></thead>
    `;
}

function columnsOf({ charts }: TableContent): Column[] {
  const figure = (value: number | null | undefined) =>
    value === null || value === undefined ? "" : formatNumber(roundTo(2, value));
  const share = (value: number | null) => value === null ? "" : formatShare(value);
  const means = charts.map(({ title, bars }): Column => {
    const values = new Map(bars.map(({ label, value }) => [label, value]));
    const [, heading] = title.match(/\((\w+)\)$/) ?? title.match(/\|(\w+)\|/)!;
    return {
      over: "mean absolute",
      heading,
      cell: (_, layer) => figure(values.get(layer)),
      isFigure: true,
    };
  });
  return [
    { over: "", heading: "class", cell: ({ className }) => className, isWord: true },
    {
      over: "",
      heading: "output",
      cell: ({ shape }) => shape === null ? "" : shape.join("×") || "1",
    },
    {
      over: "",
      heading: "parameters",
      cell: ({ parameters }) => parameters === 0 ? "" : formatWhole(parameters),
    },
    ...means,
    { over: "kernel std", heading: "is", cell: ({ kernel }) => figure(kernel?.std) },
    { over: "kernel std", heading: "fits", cell: ({ kernel }) => figure(kernel?.target) },
    { over: "output rms", heading: "is", cell: ({ output }) => figure(output.measured) },
    { over: "output rms", heading: "theory", cell: ({ output }) => figure(output.predicted) },
    { over: "delta rms", heading: "is", cell: ({ gradient }) => figure(gradient.measured) },
    { over: "delta rms", heading: "theory", cell: ({ gradient }) => figure(gradient.predicted) },
    { over: "share of", heading: "saturated", cell: ({ saturated }) => share(saturated) },
    { over: "share of", heading: "dead", cell: ({ dead }) => share(dead) },
    { over: "attention", heading: "entropy", cell: ({ entropy }) => figure(entropy) },
  ];
}

export function tableLegend(layers: number): string {
  return `${
    formatCount(layers, "layer")
  } in the order of the forward pass. Kernel std: of the weights, beside that of ` +
    "the initialiser that fits. Theory: what random weights of that size should give. Delta: the gradient before the " +
    "activation.";
}
