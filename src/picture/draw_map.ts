import { cutMiddle } from "../render/fit_text.ts";
import { escapeControls } from "../words/show_value.ts";
import { lanesOf, type LayerMap, type LayerNames, type MapNode } from "./layer_map.ts";
import { type Markup, markup } from "./markup.ts";

/** Height of a node's line in the style sheet. */
const ROW = 32;
const LANE = 11;
const MOST_LANES = 7;
const LONGEST = 44;

/**
 * Draws the graph as a list that a screen reader can read, with its edges beside it: a line down
 * the trunk from each layer to the next that reads it, and lanes on the left for edges that skip
 * layers.
 */
export function drawMap({ nodes, edges }: LayerMap, names: LayerNames): Markup {
  const passing = lanesOf(edges, MOST_LANES);
  const lanes = passing.reduce((most, { lane }) => Math.max(most, lane + 1), 0);
  const trunk = lanes * LANE + 12;
  const y = (node: number) => node * ROW + ROW / 2;
  const straight = edges.filter(({ from, to }) => to === from + 1)
    .map(({ from, to }) => `M${trunk} ${y(from)}V${y(to)}`).join("");
  const arcs = passing.map(({ from, to, lane }) => {
    const x = trunk - (lane + 1) * LANE;
    return `M${trunk} ${y(from)}C${x} ${y(from) + 8} ${x} ${y(from) + 8} ${x} ${y(from) + 20}V${
      y(to) - 20
    }C${x} ${y(to) - 8} ${x} ${y(to) - 8} ${trunk} ${y(to)}`;
  }).join("");
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="Map of the network"><div class="graph">
    <svg width="${trunk + 12}" height="${nodes.length * ROW}" aria-hidden="true">
    <path d="${straight}"/>${arcs === "" ? null : markup`<path class="skip-edge" d="${arcs}"/>`}
    ${nodes.map((node, i) => markup`<circle cx="${trunk}" cy="${y(i)}" r="5"${stateOf(node)}/>`)}
    </svg>
    <ol class="lanes-${lanes}">${nodes.map((node) => lineOf(node, names))}</ol></div></div>`;
}

function stateOf({ causes, follows }: MapNode): Markup | null {
  if (causes.length > 0) return markup` class="is-cause"`;
  return follows.length > 0 ? markup` class="follows"` : null;
}

function lineOf({ name, layer, about, causes, follows }: MapNode, names: LayerNames): Markup {
  const text = cutMiddle(escapeControls(name), LONGEST, { ellipsis: "…" });
  const label = markup`<bdi>${text}</bdi>`;
  const link = names.isLinked(layer)
    ? markup`<a href="#${names.id(layer)}">${label}</a>`
    : markup`<span>${label}</span>`;
  return markup`<li data-l="${names.id(layer)}">${link} <span class="soft">${
    escapeControls(about)
  }</span>${
    causes.length === 0
      ? null
      : markup` <span class="state error">cause ${causes.join(", ")}</span>`
  }${
    causes.length > 0 || follows.length === 0
      ? null
      : markup` <span class="state soft">follows</span>`
  }</li>
    `;
}
