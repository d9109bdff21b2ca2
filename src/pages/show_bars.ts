import { escapeControls } from "../ground/words/show_value.ts";
import {
  barGround,
  type BarPanel,
  type BarRow,
  drawBarAxis,
  drawBarRow,
  gainMark,
  rowHeight,
} from "./bar_panel.ts";
import { type LayerNames, type MapNode, shortNodeName } from "./layer_map.ts";
import { type Markup, markup } from "./markup.ts";

/** Length of the names of several layers, the first and the last of them. */
const LONGEST_NAME = 44;
/** Lengths of names for which a column has its own width. */
const NAME_LENGTHS = [16, 20, 24, 28, 32, 36] as const;
/** With the figures of a fix, there is less room for names. */
const MAX_LENGTH_BESIDE_FIX = 24;
/** Length up to which a name is not cut. */
const SHORT = 15;
/** End of a name that a narrow column does not cut: from a number on, if that is 6 to 15 characters. */
const TAIL = /^(.+?)((?<!\d)\d.{5,14}|.{8})$/su;

/** Words for the two networks of a panel: headings of their figures, and the mark of the second. */
interface Sides {
  is: string;
  fixed: string;
  mark: string;
  /** Words for the bars of the first. Default: none, since they are all that there is to see. */
  bar?: string;
}

const FIX: Sides = { is: "now", fixed: "fixed", mark: "with the fix" };

/** Table of bars. */
interface BarTable {
  panels: readonly BarPanel[];
  rows: readonly BarTableRow[];
  /** Heading of the names. */
  heading: string;
  /** Id in links, unique in the page. */
  id: string;
  /** Name for screen readers. */
  label: string;
  /** Headings of both figures of a panel. Default: those of a network and its fix. */
  sides?: Sides;
  /** Number of characters of the longest name. Default: short. */
  length?: number;
  /** Drawing left of the names, for rows of these heights. Default: none. */
  margin?: (heights: readonly number[]) => Markup;
}

interface BarTableRow {
  /** Attributes of the row. */
  attributes: Markup | null;
  name: Markup;
  /** Whole name, for the pointer. Default: none. */
  title?: string;
}

/** Bars of a network. */
interface LayerBars extends Omit<BarTable, "rows" | "heading"> {
  /** Rows, one for each node of the network. */
  nodes: readonly MapNode[];
  names: LayerNames;
  /** Returns the text after a name. */
  about?: (node: MapNode) => Markup;
}

/** Shows the bars of a network, a row for each layer or each fold of layers that are alike. */
export function showBars({ nodes, names, about, ...table }: LayerBars): Markup {
  return barTable({
    ...table,
    heading: "layer",
    length: Math.max(...nodes.map((node) => lengthOf(node, names))),
    rows: nodes.map((node) => {
      const { layer, members } = node;
      const ends = members.length === 1
        ? null
        : markup` data-from="${names.id(members[0])}" data-to="${
          names.id(members[members.length - 1])
        }"`;
      return {
        attributes: markup` data-l="${names.id(layer)}"${ends}`,
        name: markup`${nameOf(node, names)}${about?.(node) ?? countOf(node)}`,
        title: escapeControls(node.name),
      };
    }),
  });
}

/**
 * Shows bars as a table: for each row and figure its number, its bar and, if a fix was tried, its
 * number with the fix.
 */
export function barTable(
  { panels, rows, heading, id, label, margin, length = 0, sides = FIX }: BarTable,
): Markup {
  const heights = rows.map((_, row) => rowHeight(panels, row));
  const ground = (i: number) => `${id}-${i + 1}`;
  return markup`<div class="plot" tabindex="0" role="group" aria-label="${label}"><svg class="defs" width="0" height="0" aria-hidden="true"><defs>${
    panels.map((panel, i) => barGround(panel, ground(i)))
  }</defs></svg>${margin?.(heights) ?? null}<table class="bars panels-${panels.length} names-${
    columnOf(length, panels)
  }"><colgroup><col class="names">${
    panels.map(({ isFixed }, i) =>
      markup`<col class="panel-${i + 1} figure"><col class="panel-${i + 1}">${
        isFixed ? markup`<col class="panel-${i + 1} fix">` : null
      }`
    )
  }</colgroup><thead><tr><th scope="col">${heading}</th>${
    panels.map((panel, i) => headOf(panel, i, sides))
  }</tr></thead><tbody>${
    rows.map(({ attributes, name, title }, row) =>
      markup`<tr${attributes}><th scope="row"${
        title === undefined ? null : markup` title="${title}"`
      }><div>${name}</div></th>${
        panels.map((panel, i) =>
          cellsOf(panel, row, { i, ground: ground(i), height: heights[row] })
        )
      }</tr>
      `
    )
  }</tbody></table></div>`;
}

function headOf(panel: BarPanel, i: number, { is, fixed }: Sides): Markup {
  return markup`<th scope="col" class="panel-${i + 1} figure">${
    panel.isFixed ? is : "value"
  }</th><th scope="col" class="panel-${i + 1} axis-head">${titleOf(panel)}${
    drawBarAxis(panel)
  }</th>${
    panel.isFixed ? markup`<th scope="col" class="panel-${i + 1} figure fix">${fixed}</th>` : null
  }`;
}

/** A phone has no room for "mean", which the page says elsewhere. */
function titleOf({ title }: BarPanel): Markup {
  const [, mean = "", rest] = title.match(/^(mean )?(.*)$/)!;
  return markup`<span><span class="spare">${mean}</span>${rest}</span>`;
}

function nameOf(node: MapNode, names: LayerNames): Markup {
  if (node.members.length === 1) return names.link(node.layer, cutInMiddle);
  return markup`<bdi>${cutInMiddle(shortNodeName(node, LONGEST_NAME))}</bdi>`;
}

function lengthOf(node: MapNode, names: LayerNames): number {
  if (node.members.length === 1) return names.text(node.layer).length;
  return `${shortNodeName(node, LONGEST_NAME)} ×${node.members.length}`.length;
}

/** Returns the length whose width a column of names has. */
function columnOf(length: number, panels: readonly BarPanel[]): number {
  const fitting = NAME_LENGTHS.find((one) => one >= length) ?? NAME_LENGTHS.at(-1)!;
  const isFixed = panels.some((panel) => panel.isFixed);
  return isFixed ? Math.min(fitting, MAX_LENGTH_BESIDE_FIX) : fitting;
}

/**
 * Writes a name in two parts, the first of which a narrow column cuts at its end: the second has the
 * number that tells layers apart.
 */
function cutInMiddle(name: string): Markup {
  const [, head, tail] = name.length <= SHORT ? [] : name.match(TAIL) ?? [];
  if (head === undefined) return markup`${name}`;
  return markup`<span class="head">${head}</span><span class="tail">${tail}</span>`;
}

/** Counts the layers that share a row, if nothing else shows their number. */
function countOf({ members: { length } }: MapNode): Markup | null {
  return length === 1 ? null : markup`<span class="soft">×${length}</span>`;
}

function cellsOf(
  panel: BarPanel,
  row: number,
  { i, ground, height }: { i: number; ground: string; height: number },
): Markup {
  const bars = panel.rows[row];
  const tone = bars?.wrong ?? null;
  return markup`<td class="panel-${i + 1} figure${tone === null ? "" : ` ${tone}`}">${
    bars === null ? "" : figuresOf(bars)
  }</td><td class="panel-${i + 1}">${drawBarRow(panel, bars, { height, ground })}</td>${
    panel.isFixed ? markup`<td class="panel-${i + 1} figure fix">${bars?.fixed ?? ""}</td>` : null
  }`;
}

/** Shows the figure of a row, or its lines of figures. */
function figuresOf({ figure, lines }: BarRow): Markup | string {
  if (lines.length === 0) return figure;
  return markup`${lines.map((line) => markup`<span class="range">${line}</span>`)}`;
}

/** Style of the names of bars. */
export const NAMES_STYLE = `
${NAME_LENGTHS.map((length) => `.names-${length} { --names: ${length * 0.47 + 1}rem; }`).join("\n")}
.bars .names { width: var(--names); }
.bars th .head { overflow: hidden; text-overflow: ellipsis; }
.bars th .tail { flex: none; }
.bars th bdi:has(> .head) { display: flex; white-space: pre; }
`;

/** Explains the signs of bars. */
export function barKey(panels: readonly BarPanel[], { mark, bar }: Sides = FIX): Markup {
  const sign = (drawing: Markup, words: string) =>
    markup`<li><svg class="bar-row" width="22" height="12" aria-hidden="true">${drawing}</svg>${words}</li>`;
  const bars = panels.flatMap(({ rows }) => rows.flatMap((row) => row?.bars ?? []));
  const has = (tone: string) => bars.some(({ wrong }) => wrong === tone);
  const zeros = bars.find(({ isZero, wrong }) => isZero && wrong !== null)?.wrong ?? "sound";
  const box = (tone: string) => markup`<rect class="bar ${tone}" y="1" width="22" height="10"/>`;
  return markup`<ul class="key">${bar === undefined ? null : sign(box("sound"), bar)}${
    has("error") ? sign(box("error"), "wrong") : null
  }${has("warning") ? sign(box("warning"), "could be better") : null}${
    bars.some(({ isOutside }) => isOutside)
      ? sign(
        markup`<rect class="bar outside" x="1" y="1" width="20" height="10"/>`,
        "outside of the healthy range",
      )
      : null
  }${has("changed") ? sign(box("changed"), "moved by more than chance") : null}${
    panels.some(({ isFixed }) => isFixed)
      ? sign(markup`<line class="fixed" x1="11" x2="11" y1="0" y2="12"/>`, mark)
      : null
  }${
    panels.some(({ band }) => band !== null)
      ? sign(markup`<rect class="healthy-band" width="22" height="12"/>`, healthyWords(panels))
      : null
  }${
    panels.some(({ zero }) => zero !== null)
      ? sign(markup`<circle class="nothing ${zeros}" cx="11" cy="6" r="4"/>`, "exactly 0")
      : null
  }${
    panels.some(({ hasGains }) => hasGains)
      ? sign(
        markup`<svg class="gain sound" x="11" y="6">${gainMark(4)}</svg>`,
        "gain of a normalisation",
      )
      : null
  }</ul>`;
}

/** Explains the band, and why a row lacks it. */
function healthyWords(panels: readonly BarPanel[]): string {
  const isPartial = panels.some(({ band, rows }) =>
    band !== null && rows.some((row) => row?.isJudged === false)
  );
  return isPartial ? "healthy; the output has no band" : "healthy";
}
