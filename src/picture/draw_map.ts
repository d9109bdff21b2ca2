import { lanesOf, type LayerMap, type MapNode } from "./layer_map.ts";
import { type Markup, markup } from "./markup.ts";

const LANE = 11;
const MOST_LANES = 7;

/** Returns the number of lanes beside the trunk for edges that skip layers. */
export function laneCount({ edges }: LayerMap): number {
  return lanesOf(edges, MOST_LANES).reduce((most, { lane }) => Math.max(most, lane + 1), 0);
}

/**
 * Draws the edges of the graph left of its rows: a line down the trunk from each layer to the next
 * that reads it, and lanes on the left for edges that skip layers.
 *
 * @param heights Height of each row.
 */
export function drawMap(map: LayerMap, heights: readonly number[]): Markup {
  const { nodes, edges } = map;
  const passing = lanesOf(edges, MOST_LANES);
  const trunk = laneCount(map) * LANE + 8;
  const tops = heights.reduce<number[]>((tops, height) => [...tops, tops.at(-1)! + height], [0]);
  const y = (node: number) => tops[node] + heights[node] / 2;
  const straight = edges.filter(({ from, to }) => to === from + 1)
    .map(({ from, to }) => `M${trunk} ${y(from)}V${y(to)}`).join("");
  const arcs = passing.map(({ from, to, lane }) => {
    const x = trunk - (lane + 1) * LANE;
    const bend = Math.min(8, (y(to) - y(from)) / 2);
    return `M${trunk} ${y(from)}Q${x} ${y(from)} ${x} ${y(from) + bend}V${y(to) - bend}Q${x} ${
      y(to)
    } ${trunk} ${y(to)}`;
  }).join("");
  return markup`<svg class="map" width="${trunk + 6}" height="${tops.at(
    -1,
  )!}" aria-hidden="true"><path d="${straight}"/>${
    arcs === "" ? null : markup`<path class="skip-edge" d="${arcs}"/>`
  }${
    nodes.map((node, i) =>
      markup`<circle cx="${trunk}" cy="${y(i)}" r="4" class="${stateOf(node)}"/>`
    )
  }</svg>`;
}

function stateOf({ severity, follows }: MapNode): string {
  if (severity !== null) return `is-${severity}`;
  return follows.length > 0 ? "follows" : "sound";
}
