import type { LayerMeasurements } from "../core/measure/measurements.ts";
import { type Finding, saidOf } from "../core/rules/finding.ts";
import { type Sibling, siblingGroups } from "../core/rules/network/sibling_tensors.ts";
import { median } from "../ground/theory/statistics.ts";
import { displayWidth } from "../core/text/fit_text.ts";
import { formatNumber, roundTo } from "../ground/words/numbers.ts";
import { escapeControls } from "../ground/words/show_value.ts";
import type { Wrong } from "./bar_panel.ts";
import { byMagnitude, type Magnitude, magnitudeKey } from "./color_steps.ts";
import type { ColumnAxis } from "./column_axis.ts";
import { CHART, drawHeatMap, keyItem, shortName, VALUE_MARKS } from "./draw_heat_map.ts";
import { type Markup, markup, toTenth } from "./markup.ts";

/** Tensor in a grid of blocks. */
interface BlockCell {
  /** Name of the tensor. */
  name: string;
  /** Figure of the tensor; NaN if it is broken, `null` if it has none. */
  value: number | null;
  /** Severity of the gravest finding about it. */
  wrong: Wrong | null;
}

/** Tensors of repeated blocks, by block and kind. */
export interface BlockGrid {
  /** Name of the blocks: `model.layers.*`. */
  name: string;
  /** Numbers of the blocks, ascending. */
  blocks: number[];
  /** Kinds of tensors, each with a cell for every block; `null` if a block lacks the kind. */
  kinds: { name: string; cells: (BlockCell | null)[] }[];
}

/** With more kinds, those whose names differ in a number alone, such as experts, share a column. */
const MAX_KINDS = 48;

/**
 * Arranges the tensors of repeated blocks in grids, one for each stack of blocks. Tensors outside
 * of blocks are left out.
 *
 * @param valueOf Returns the figure of a tensor.
 * @param wrong Severities by the name of the tensor.
 */
export function blockGrids(
  layers: readonly LayerMeasurements[],
  valueOf: (sibling: Sibling) => number | null,
  wrong: ReadonlyMap<string, Wrong> = new Map(),
): BlockGrid[] {
  const stacks = Map.groupBy(siblingGroups(layers), ({ name }) => name.slice(0, name.indexOf("*")));
  return [...stacks].map(([start, groups]) => {
    const blocks = [
      ...new Set(groups.flatMap(({ siblings }) => siblings.map(({ block }) => block))),
    ]
      .sort((a, b) => a - b);
    const kindOf = (name: string) => kindName(name.slice(start.length + 1));
    const columns = Map.groupBy(
      groups,
      ({ name }) => groups.length > MAX_KINDS ? kindOf(name).replaceAll(/\d+/g, "*") : kindOf(name),
    );
    const kinds = [...columns].map(([name, groups]) => {
      const siblings = Map.groupBy(
        groups.flatMap(({ siblings }) => siblings),
        ({ block }) => block,
      );
      const cells = blocks.map((block) =>
        farthest((siblings.get(block) ?? []).map((sibling) => ({
          name: sibling.weight.name,
          value: valueOf(sibling),
          wrong: wrong.get(sibling.weight.name) ?? null,
        })))
      );
      return { name, cells };
    }).filter(({ cells }) => cells.some((cell) => cell !== null && cell.value !== null));
    return { name: `${start}*`, blocks, kinds };
  });
}

/** Returns the kind of a tensor: `self_attn.q_proj`, and `self_attn.q_proj bias` for its bias. */
const kindName = (end: string) =>
  end.replace(/^[./]/, "").replace(/[./]weight$/, "").replace(
    /[./]([^./]*)$/,
    (rest, name) => name === "bias" ? " bias" : rest,
  );

const GRAVITY = { error: 3, warning: 2, changed: 1 };

/** Returns the tensor that stands for several of one kind and block: the gravest, then the largest or smallest. */
function farthest(cells: readonly BlockCell[]): BlockCell | null {
  const size = ({ value }: BlockCell) => Math.abs(Math.log(value ?? 1));
  const rank = (cell: BlockCell) => {
    const off = size(cell);
    return (cell.wrong === null ? 0 : 1e3 * GRAVITY[cell.wrong]) +
      (Number.isFinite(off) ? Math.min(off, 900) : 900);
  };
  return cells.toSorted((a, b) => rank(b) - rank(a)).at(0) ?? null;
}

/** Returns a function that divides the rms of a tensor by the median of its kind. */
export function rmsOverMedian(
  layers: readonly LayerMeasurements[],
): (one: Sibling) => number | null {
  const medians = new Map(
    siblingGroups(layers).flatMap(({ siblings }) => {
      const middle = median(siblings.map(({ weight: { values } }) => values.rms));
      return siblings.map(({ weight }) => [weight.name, middle] as const);
    }),
  );
  return ({ weight: { name, values } }) => {
    if (values.nonFinite > 0) return NaN;
    const middle = medians.get(name)!;
    // A bias that is 0 in most blocks has no size to compare with.
    if (middle === 0) return values.rms === 0 ? 1 : Infinity;
    return values.rms / middle;
  };
}

/** Returns the severities of findings by tensor: those that a finding names, else those of its layer. */
export function wrongTensors(
  findings: readonly Finding[],
  layers: readonly LayerMeasurements[],
): Map<string, Wrong> {
  const wrong = new Map<string, Wrong>();
  const weightsOf = new Map(layers.map(({ name, weights }) => [name, weights]));
  for (const finding of findings) {
    const { severity } = finding;
    if (severity === "note") continue;
    const said = saidOf(finding, "message").flatMap((part) =>
      typeof part === "object" && "weight" in part ? [part.weight] : []
    );
    const own = (finding.layers ?? [finding.layer ?? ""])
      .flatMap((name) => weightsOf.get(name)?.slice(0, 1) ?? []).map(({ name }) => name);
    for (const name of said.length > 0 ? said : own) {
      if (wrong.get(name) !== "error") wrong.set(name, severity);
    }
  }
  return wrong;
}

/** Words and colours of a heat map of blocks. */
export interface BlocksStyle {
  title: string;
  /** Rest of a sentence that begins with the title. */
  about: string;
  /** Scale of the colours. */
  magnitude: Magnitude;
  /** Id of the table in links, unique in the page. */
  id: string;
}

/** Places of the columns, with room for slanted names above and to the right. */
const GRID = { from: 56, to: 470, head: 116 };
/** Longest name in full: `post_attention_layernorm`. */
const LONGEST_KIND = 24;
/** Height, and width, of a character of a slanted name on a phone, whose letters are the largest. */
const SLANTED_CHARACTER = 5.5;
/** Smallest distance of two slanted names. */
const LEAST_SPACING = 18;
/** Height of the rows: with it, the key below them is in the first screen of a laptop. */
const ROWS_HEIGHT = 330;

/**
 * Shows a grid of blocks as a heat map, blocks from top to bottom and kinds of tensors from left to
 * right, with the tensors outlined that findings are about, a key, and the figures as a table. The
 * script of a page reads out the figure under the pointer.
 */
export function showBlocks(grid: BlockGrid, style: BlocksStyle): Markup {
  const { title, about, magnitude, id } = style;
  const marks = outlined(grid);
  const has = (tone: string) => marks.some(({ cell }) => cell.wrong === tone);
  const sign = (tone: string, words: string) =>
    markup`<li><svg viewBox="0 0 16 12" width="16" height="12" aria-hidden="true"><rect class="outlier ${tone}-line" x="2" y="2" width="12" height="8"/></svg>${words}</li>`;
  return markup`<figure class="blocks" data-table="${id}" data-from="${GRID.from}" data-to="${GRID.to}"><figcaption><b>${title}</b> <span class="soft">${about}</span></figcaption>${
    drawBlocks(grid, magnitude)
  }<ul class="key"><li>${magnitudeKey(magnitude)}</li>${
    has("error") ? sign("error", "wrong") : null
  }${has("warning") ? sign("warning", "could be better") : null}${valueSigns(grid, magnitude)}</ul>
  <p class="read small soft" hidden></p>${tableOf(grid, style)}</figure>`;
}

/** Explains the cells without a colour of the scale, if there are any. */
function valueSigns({ kinds }: BlockGrid, magnitude: Magnitude): Markup {
  const colorOf = byMagnitude(magnitude);
  const used = new Set(
    kinds.flatMap(({ cells }) => cells.map((cell) => colorOf(cell?.value ?? null))),
  );
  return markup`${
    VALUE_MARKS.filter(({ color }) => used.has(color)).map(({ color, sample, words }) =>
      keyItem({
        sample: markup`<rect class="${color}" x="3" width="18" height="14"/>${sample}`,
        words,
      })
    )
  }`;
}

/** Draws the heat map of a grid alone. */
export function drawBlocks(grid: BlockGrid, magnitude: Magnitude): Markup {
  const { blocks, kinds } = grid;
  const axis = kindAxis(kinds.length);
  const longest = (i: number) =>
    Math.min(LONGEST_KIND, Math.floor((CHART.width - axis.centers[i]) / SLANTED_CHARACTER));
  const row = Math.max(3, Math.min(18, Math.round(ROWS_HEIGHT / blocks.length)));
  const every = Math.ceil(LEAST_SPACING * kinds.length / (GRID.to - GRID.from));
  const names = kinds.map(({ name }, i) => i % every > 0 ? "" : shortName(name, longest(i)));
  const height = SLANTED_CHARACTER * Math.max(...names.map(displayWidth));
  return drawHeatMap(
    {
      rows: blocks.map((block, i) => ({
        name: String(block),
        cells: kinds.map(({ cells }) => cells[i]?.value ?? null),
      })),
      colorOf: byMagnitude(magnitude),
      axis,
      across: "",
      size: { top: Math.max(GRID.head, Math.ceil(height) + 12), row },
      named: outlined(grid).map(({ block }) => block).reverse(),
    },
    (top, bottom) =>
      markup`<path class="columns" d="${
        axis.edges.slice(1, -1).map((x) => `M${x} ${top}V${bottom}`).join("")
      }"/><text x="${GRID.from - 8}" y="${top - 8}" text-anchor="end">block</text>${
        kinds.map(({ name }, i) =>
          i % every > 0
            ? null
            : markup`<text transform="translate(${axis.centers[i]} ${
              top - 8
            }) rotate(-45)"><title>${escapeControls(name)}</title>${names[i]}</text>`
        )
      }${
        outlined(grid).map(({ cell, column, block }) =>
          markup`<rect class="outlier ${cell.wrong!}-line" x="${axis.edges[column] - 1}" y="${
            Math.round(top + block * row) - 1
          }" width="${Math.round(axis.edges[column + 1] - axis.edges[column]) + 2}" height="${
            row + 2
          }"><title>${escapeControls(cell.name)}: ${figure(cell.value)}</title></rect>`
        )
      }`,
  );
}

const figure = (value: number | null) => value === null ? "none" : formatNumber(roundTo(2, value));

/** Returns the cells that findings are about, errors last, so that they are drawn over warnings. */
function outlined({ kinds }: BlockGrid): { cell: BlockCell; column: number; block: number }[] {
  return kinds.flatMap(({ cells }, column) =>
    cells.flatMap((cell, block) =>
      cell === null || cell.wrong === null ? [] : [{ cell, column, block }]
    )
  ).toSorted((a, b) => Number(a.cell.wrong === "error") - Number(b.cell.wrong === "error"));
}

function kindAxis(count: number): ColumnAxis {
  const { from, to } = GRID;
  const place = (i: number) => toTenth(from + (to - from) * i / count);
  return {
    edges: Array.from({ length: count + 1 }, (_, i) => place(i)),
    centers: Array.from({ length: count }, (_, i) => place(i + 0.5)),
    at: place,
    ticks: [],
  };
}

function tableOf({ name, blocks, kinds }: BlockGrid, { title, id }: BlocksStyle): Markup {
  return markup`<details><summary>Table: ${title}</summary><div class="scroll tall" tabindex="0" role="group" aria-label="${
    escapeControls(name)
  }, ${title}"><table id="${id}"><thead><tr><th scope="col">block${
    kinds.map(({ name }) => markup`<th scope="col"><bdi>${escapeControls(name)}</bdi>`)
  }</tr></thead><tbody>${
    blocks.map((block, i) =>
      markup`<tr><th scope="row">${block}${
        kinds.map(({ cells }) => {
          const cell = cells[i];
          return markup`<td${cell?.wrong == null ? null : markup` class="wrong ${cell.wrong}"`}>${
            cell === null ? "" : figure(cell.value)
          }`;
        })
      }
      `
    )
  }</tbody></table></div></details>`;
}

/** Style of heat maps of blocks. */
export const BLOCKS_STYLE = `
.blocks { max-width: 46rem; }
.blocks details { padding-bottom: .75rem; }
.blocks > svg { display: block; width: 100%; height: auto; }
.blocks text { font: 10.5px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--soft);
  font-variant-numeric: tabular-nums; }
.blocks .key { align-items: center; margin: .25rem 0 .5rem; }
.blocks .columns { fill: none; stroke: var(--line); }
.outlier { fill: none; stroke-width: 2; }
.outlier.error-line { stroke: var(--error); }
.outlier.warning-line { stroke: var(--warning); stroke-dasharray: 4 2; }
.blocks .named { fill: var(--ink); font-weight: 700; }
.blocks .nan { fill: var(--error); stroke: var(--error); }
.blocks .nan-mark { stroke: var(--paper); stroke-width: 1.25; }
@media (max-width: 48rem) { .blocks text { font-size: 14px; } .blocks .ramp text { font-size: 11px; } }
`;
