import { cutMiddle } from "../core/text/fit_text.ts";
import { escapeControls } from "../ground/words/show_value.ts";
import type { ColorOf } from "./color_steps.ts";
import { type ColumnAxis, drawTicks } from "./column_axis.ts";
import { type Markup, markup, NOTHING, PathData, toTenth } from "./markup.ts";

/** Size of every chart over columns, so that the axes of charts below each other are aligned. */
export const CHART = { width: 560, from: 92, to: 544, top: 20, bottom: 24 };

/** Figures by row and column. */
interface HeatGrid {
  /** Rows from top to bottom. */
  rows: readonly { name: string; cells: readonly (number | null)[] }[];
  /** Returns the colour of a figure. */
  colorOf: ColorOf;
  axis: ColumnAxis;
  /** Name of the axis, such as `scale`. */
  across: string;
  /** Place of the first row, and height of a row. Default: what fits the number of rows. */
  size?: { top: number; row: number };
  /** Rows that are named however low they are. Default: none. */
  named?: readonly number[];
}

const LEAST_HEIGHT = 120;
const MOST_HEIGHT = 260;
const ROW = { least: 6, most: 22 };
const LEAST_LABEL = 14;
const LONGEST = 10;
/** Distance between the marks of zeros and of non-finite figures. */
const MARK_SPACING = 9;

/**
 * Draws a heat map. A library draws a separate element for each cell, 60 bytes each and some 10,000
 * in a page; here the cells of one colour are one path, and adjacent ones one segment of it, which
 * takes a tenth of that.
 *
 * @param marks Draws marks over the map, from the top to the bottom of the rows.
 */
export function drawHeatMap(
  { rows, colorOf, axis, across, size, named = [] }: HeatGrid,
  marks: (top: number, bottom: number) => Markup = () => NOTHING,
): Markup {
  const { width } = CHART;
  const { top, row } = size ?? { top: CHART.top, row: rowHeight(rows.length) };
  const from = axis.edges[0];
  const bottom = top + row * rows.length;
  const labels = labelsOf(rows.length, Math.ceil(LEAST_LABEL / row), named);
  return markup`<svg viewBox="0 0 ${width} ${
    bottom + CHART.bottom
  }" data-top="${top}" data-row="${row}" aria-hidden="true">
    ${
    rows.map(({ name }, i) =>
      labels.has(i)
        ? markup`<text${named.includes(i) ? markup` class="named"` : null} x="${from - 8}" y="${
          top + (i + 0.5) * row + 4
        }" text-anchor="end"><title>${escapeControls(name)}</title>${shortName(name)}</text>`
        : null
    )
  }${drawCells(rows.map(({ cells }) => cells.map(colorOf)), axis, top, row)}${
    drawFrame(axis, top, bottom)
  }${drawTicks(axis, bottom)}<text x="${from - 24}" y="${
    bottom + 16
  }" text-anchor="end">${across}</text>${marks(top, bottom)}</svg>`;
}

/** Returns the rows that have room for a label: those to be named first, then one in each `every`. */
function labelsOf(rows: number, every: number, named: readonly number[]): Set<number> {
  const labels = new Set<number>();
  const regular = Array.from({ length: Math.ceil(rows / every) }, (_, i) => i * every);
  for (const row of [...named, ...regular]) {
    if ([...labels].every((other) => Math.abs(other - row) >= every)) labels.add(row);
  }
  return labels;
}

/** Draws a frame around cells, whose neutral colour is close to that of the page. */
function drawFrame({ edges }: ColumnAxis, top: number, bottom: number): Markup {
  return markup`<path class="frame" d="M${edges[0]} ${top}H${edges[edges.length - 1]}V${bottom}H${
    edges[0]
  }z"/>`;
}

/** Shortens a name beside an axis, and isolates its text direction. */
export function shortName(name: string, longest = LONGEST): string {
  return `\u2068${cutMiddle(escapeControls(name), longest, { ellipsis: "…" })}\u2069`;
}

function rowHeight(rows: number): number {
  const least = Math.min(ROW.most, LEAST_HEIGHT / Math.max(1, rows));
  const most = Math.max(ROW.least, MOST_HEIGHT / Math.max(1, rows));
  return toTenth(Math.max(least, Math.min(18, most)));
}

/**
 * Draws cells by their colour classes, from the top down: each is a line as thick as the height of
 * a row.
 */
export function drawCells(
  rows: readonly (readonly (string | null)[])[],
  { edges }: ColumnAxis,
  top: number,
  height: number,
): Markup {
  const paths = new Map<string, PathData>();
  const zeros = new PathData();
  const broken = new PathData();
  const pathOf = (name: string) => {
    const path = paths.get(name) ?? new PathData();
    paths.set(name, path);
    return path;
  };
  for (const [i, cells] of rows.entries()) {
    const y = top + (i + 0.5) * height;
    for (let from = 0, to = 0; from < cells.length; from = to) {
      const name = cells[from];
      while (to < cells.length && cells[to] === name) to++;
      if (name === null) continue;
      const width = edges[to] - edges[from];
      pathOf(name).dash(edges[from], y, width);
      const marks = Math.max(1, Math.round(width / MARK_SPACING));
      for (let mark = 0; mark < marks; mark++) {
        const x = edges[from] + (mark + 0.5) / marks * width;
        if (name === "nil") zeros.dot(x, y);
        if (name === "nan") broken.cross(x, y, 2);
      }
    }
  }
  const over = ([["nil", zeros], ["nan", broken]] as const).filter(([, { text }]) => text !== "");
  return markup`<g class="cells" stroke-width="${height}">${
    [...paths].map(([name, { text }]) => markup`<path class="${name}" d="${text}"/>`)
  }</g>${over.map(([name, { text }]) => markup`<path class="${name}-mark" d="${text}"/>`)}`;
}

/** A mark in a chart, explained by its key. */
export interface Mark {
  sample: Markup;
  /** Meaning. */
  words: string;
}

/** Marks of figures without a colour. */
export const VALUE_MARKS: readonly (Mark & { color: string })[] = [
  { color: "nil", sample: markup`<path class="nil-mark" d="M12 7h0"/>`, words: "exactly 0" },
  {
    color: "nan",
    sample: markup`<path class="nan-mark" d="M9 4l6 6m0-6l-6 6"/>`,
    words: "NaN or infinite",
  },
];

/** Shows a mark and its meaning in a key. */
export function keyItem({ sample, words }: Mark): Markup {
  return markup`<li>${sampleOf(sample)}${words}</li>
  `;
}

export function sampleOf(path: Markup): Markup {
  return markup`<svg viewBox="0 0 24 14" width="24" height="14" aria-hidden="true">${path}</svg>`;
}
