import type { BlockChange, WeightChanges } from "../compare/weight_changes.ts";
import {
  WEIGHT_HEADINGS,
  WEIGHT_LEGEND,
  weightChangeTable,
} from "../render/weight_change_table.ts";
import { formatNumber } from "../words/numbers.ts";
import { escapeControls } from "../words/show_value.ts";
import { breakable, type Markup, markup } from "./markup.ts";
import type { Section } from "./page.ts";

/** Returns the sections on the changes of two files of weights: every block and every tensor. */
export function weightSections(weights: WeightChanges): Section[] {
  const { rows, rest } = weightChangeTable(weights, { all: true });
  return [
    ...weights.blocks.length === 0 ? [] : [{
      id: "blocks",
      title: "Changes of the blocks",
      body: tableOf("block", ["tensors that differ", "largest change"], weights.blocks.map(rowOf)),
    }],
    {
      id: "tensors",
      title: "Changes of the tensors",
      body: markup`${tableOf("tensor", WEIGHT_HEADINGS, rows)}${
        rest.map((text) => markup`<p><bdi>${breakable(escapeControls(text))}</bdi></p>`)
      }<p>${WEIGHT_LEGEND}</p>`,
    },
  ];
}

const rowOf = ({ name, tensors, changed, largest }: BlockChange) => ({
  name,
  cells: [
    changed === 0 ? "none" : `${changed} of ${tensors}`,
    largest === null ? "not a number" : formatNumber(largest),
  ],
});

function tableOf(
  of: string,
  headings: readonly string[],
  rows: readonly { name: string; cells: readonly string[] }[],
): Markup {
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="Table: ${of}"><table><thead><tr>
  <th scope="col">${of}${
    headings.map((heading) => markup`<th scope="col">${heading}`)
  }</tr></thead><tbody>${
    rows.map(({ name, cells }) =>
      markup`<tr><th scope="row"><bdi>${escapeControls(name)}</bdi>${
        cells.map((cell) => markup`<td>${cell}`)
      }</tr>
      `
    )
  }</tbody></table></div>`;
}
