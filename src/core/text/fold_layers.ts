import type { LayerMeasurements } from "../measure/measurements.ts";
import type { Finding } from "../rules/finding.ts";
import { isKernel } from "../../ground/theory/weight_kinds.ts";
import { list, number, object, optional, requireValue, string } from "../../ground/words/shape.ts";

/**
 * Layers that share a row: a single layer, or one with a kernel and those without that follow it.
 */
export type LayerGroup = readonly [LayerMeasurements, ...LayerMeasurements[]];

/** Consecutive blocks that are alike and share a row; a single block if nothing else is like it. */
export interface LayerFold {
  /** Blocks in the order of the forward pass, each of the same number of groups. */
  blocks: readonly (readonly LayerGroup[])[];
  /** True if the shapes of outputs and weights are alike too. */
  sameShapes: boolean;
}

/** Longer lists are folded further. */
const MOST_ROWS = 24;
/** Longest block to look for, in groups. */
const LONGEST_BLOCK = 64;

/**
 * Folds repetitions: consecutive blocks with the same classes and shapes, whose names differ only
 * in numbers. If the network is still long, layers without a kernel join the row of the kernel
 * before them; then blocks may have different shapes.
 *
 * @param layers The layers, in the order of the forward pass.
 * @param options `all`: true to give each layer its own row. Default: false.
 */
export function foldLayers(
  layers: readonly LayerMeasurements[],
  { all = false }: { all?: boolean } = {},
): LayerFold[] {
  const single = layers.map((layer): LayerGroup => [layer]);
  if (all) return single.map((group) => ({ blocks: [[group]], sameShapes: true }));
  const folded = foldRepeats(single, { sameShapes: true });
  if (folded.length <= MOST_ROWS) return folded;
  const groups = groupByKernel(layers);
  const grouped = foldRepeats(groups, { sameShapes: true });
  return grouped.length <= MOST_ROWS ? grouped : foldRepeats(groups, { sameShapes: false });
}

/** Number of layers that pages show at once; in larger networks repetitions are folded. */
const MOST_UNFOLDED = 24;

/** Folds the layers of a larger network: the same in all charts, lists and tables of a page. */
export function shownFolds(layers: readonly LayerMeasurements[]): LayerFold[] {
  return foldLayers(layers, { all: layers.length <= MOST_UNFOLDED });
}

/**
 * Splits folds into pieces of about equal length, at most `most` rows in all, so that a chart shows
 * how its figure changes with depth.
 */
export function splitFolds(folds: readonly LayerFold[], most: number): LayerFold[] {
  const repeats = (length: number) =>
    folds.reduce((sum, { blocks }) => sum + Math.ceil(blocks.length / length), 0);
  const longest = Math.max(1, ...folds.map(({ blocks }) => blocks.length));
  let length = 1;
  while (length < longest && repeats(length) > most) length++;
  return folds.flatMap(({ blocks, sameShapes }) =>
    Array.from({ length: Math.ceil(blocks.length / length) }, (_, i) => ({
      blocks: blocks.slice(i * length, (i + 1) * length),
      sameShapes,
    }))
  );
}

/** Splits folds of blocks into a fold for each place in the block, whose layers are alike. */
export function foldPlaces(folds: readonly LayerFold[]): LayerFold[] {
  return folds.flatMap(({ blocks, sameShapes }) =>
    blocks[0].map((_, place) => ({ blocks: blocks.map((block) => [block[place]]), sameShapes }))
  );
}

/** Returns the name of a fold: that of its layer or block, or those of the first and the last. */
export function foldName({ blocks }: LayerFold): string {
  const first = blocks[0];
  const last = blocks[blocks.length - 1];
  if (blocks.length === 1 && first.length === 1) return first[0][0].name;
  const names = [first, last].map(blockName);
  if (blocks.length === 1 && names[0] !== null) return names[0];
  const from = names[0] ?? first[0][0].name;
  return `${from} ... ${names[1] ?? last[last.length - 1][0].name}`;
}

/**
 * Returns the common beginning of the names of a block's layers, up to a separator, if it has a
 * number: `block_3`. For a block of one layer, returns its name; `null` if there is no such
 * beginning.
 */
export function blockName(block: readonly LayerGroup[]): string | null {
  const names = block.flat().map(({ name }) => name.split(/([_/.:-])/));
  if (names.length === 1) return names[0].join("");
  const [first] = names;
  let shared = first.findIndex((part, i) => names.some((name) => name[i] !== part));
  if (shared === -1) shared = first.length;
  const beginning = first.slice(0, shared).join("").replace(/[_/.:-]+$/, "");
  return /\d/.test(beginning) ? beginning : null;
}

/** Returns the highest severity of the findings about each layer, notes aside. */
export function severitiesOf(findings: readonly Finding[]): Map<string, "error" | "warning"> {
  const severities = new Map<string, "error" | "warning">();
  for (const { layer, layers, severity } of findings) {
    if (severity === "note") continue;
    for (const name of layers ?? [layer ?? ""]) {
      if (severities.get(name) !== "error") severities.set(name, severity);
    }
  }
  return severities;
}

/** Returns the highest severity among some layers, or `null`. */
export function gravest(
  layers: readonly LayerMeasurements[],
  severities: ReadonlyMap<string, "error" | "warning">,
): "error" | "warning" | null {
  const all = layers.map(({ name }) => severities.get(name));
  if (all.includes("error")) return "error";
  return all.includes("warning") ? "warning" : null;
}

/**
 * Returns the group that represents a fold. Among those with the highest severity, it is the one
 * whose gradient differs most from the others' on a logarithmic scale; in a tie, as with zeros, the
 * one with the most saturated or dead entries.
 */
export function worstOf(
  { blocks }: LayerFold,
  severities: ReadonlyMap<string, "error" | "warning">,
): { block: readonly LayerGroup[]; group: LayerGroup } {
  const all = blocks.flatMap((block) => block.map((group) => ({ block, group })));
  const sizes = all.flatMap(({ group }) => gradientOf(group) ?? []).sort((a, b) => a - b);
  const median = sizes[sizes.length >> 1] ?? 0;
  const distance = (group: LayerGroup) => {
    const size = gradientOf(group);
    if (size === null) return 0;
    return Number.isFinite(size) && size > 0 ? Math.abs(Math.log(size / median)) : Infinity;
  };
  const weight = (group: LayerGroup) =>
    ({ error: 2, warning: 1, none: 0 })[gravest(group, severities) ?? "none"];
  const ranked = all.map((one) => ({
    one,
    rank: [weight(one.group), distance(one.group), offOf(one.group)],
  }));
  return ranked.reduce((worst, next) => {
    const differs = next.rank.findIndex((value, i) => value !== worst.rank[i]);
    return differs !== -1 && next.rank[differs] > worst.rank[differs] ? next : worst;
  }).one;
}

/** Returns the largest share of saturated or dead entries of a layer in the group. */
function offOf(group: LayerGroup): number {
  return Math.max(
    ...group.map(({ saturatedFraction, deadFraction }) =>
      Math.max(saturatedFraction ?? 0, deadFraction ?? 0)
    ),
  );
}

/** Returns the kernel that represents a layer. A normalisation has no kernel, but has weights. */
export function kernelOf({ weights }: LayerMeasurements) {
  return weights.find(isKernel) ?? weights.at(0);
}

/** Returns the mean |gradient| of a layer's kernel; NaN if it is not finite, `null` if it has none. */
export function gradientOf([layer]: LayerGroup): number | null {
  const kernel = kernelOf(layer);
  const gradients = kernel?.gradientsOfUsedRows ?? kernel?.gradients;
  if (!gradients) return null;
  return gradients.nonFinite > 0 ? NaN : gradients.meanAbs;
}

function groupByKernel(layers: readonly LayerMeasurements[]): LayerGroup[] {
  const groups: [LayerMeasurements, ...LayerMeasurements[]][] = [];
  for (const layer of layers) {
    const last = groups.at(-1);
    const joins = last !== undefined && last[0].weights.some(isKernel) &&
      !layer.weights.some(isKernel);
    if (joins) last.push(layer);
    else groups.push([layer]);
  }
  return groups;
}

/** Finds, from the front, the blocks that repeat over the longest stretch, and folds them. */
function foldRepeats(
  groups: readonly LayerGroup[],
  { sameShapes }: Pick<LayerFold, "sameShapes">,
): LayerFold[] {
  // Numbers compare faster than the strings they replace.
  const known = new Map<string, number>();
  const kinds = groups.map((group) => {
    const kind = kindOf(group, { sameShapes });
    if (!known.has(kind)) known.set(kind, known.size);
    return known.get(kind)!;
  });
  const most = Math.min(LONGEST_BLOCK, groups.length >> 1);
  /**
   * By the length of a block: for each group, how many groups from there on equal the one a block
   * later.
   */
  const stretches = Array.from({ length: most + 1 }, (_, length) => {
    const stretch = new Uint32Array(groups.length + 1);
    for (let i = groups.length - length - 1; i >= 0; i--) {
      stretch[i] = kinds[i] === kinds[i + length] ? stretch[i + 1] + 1 : 0;
    }
    return stretch;
  });
  const folds: LayerFold[] = [];
  for (let i = 0; i < groups.length;) {
    let length = 1;
    let times = 1;
    for (let period = 1; period <= most; period++) {
      const repeats = Math.floor(stretches[period][i] / period) + 1;
      // A fold of two layers saves no room; a block begins with weights.
      const pays = period === 1 ? repeats > 2 : repeats > 1 && groups[i][0].weights.length > 0;
      if (pays && period * repeats > length * times) [length, times] = [period, repeats];
    }
    const blocks = Array.from(
      { length: times },
      (_, block) => groups.slice(i + block * length, i + (block + 1) * length),
    );
    folds.push({ blocks, sameShapes });
    i += length * times;
  }
  return folds;
}

/** Returns a key that is equal for groups that are alike. */
function kindOf(group: LayerGroup, { sameShapes }: Pick<LayerFold, "sameShapes">): string {
  // Layers after a kernel may differ if shapes may: every other block has an addition.
  const layers = sameShapes ? group : [group[0]];
  return JSON.stringify(layers.map((layer) => [
    layer.name.replaceAll(/\d+/g, "#"),
    layer.className,
    layer.role,
    ...sameShapes
      ? [layer.activation, layer.trainable, layer.calls, layer.shape]
        .concat(layer.weights.map(({ shape }) => shape))
      : [],
  ]));
}

/** Options of {@linkcode layerRange}. */
export interface LayerRangeOptions {
  /**
   * Names of all layers in the order of the model. With it, consecutive layers form a range
   * whatever their names; without it, only numbered names do.
   */
  order?: readonly string[];
  /** Number of names and ranges before `and n more`. Default: 8. */
  max?: number;
}

/**
 * Lists layers compactly: three or more consecutive ones become a range.
 *
 * @param names Names of layers, in the order of the model.
 * @param options See {@linkcode LayerRangeOptions}.
 * @returns The list, `dense_2 ... dense_10, output` for instance; empty for no names.
 *
 * @example
 * ```ts
 * import { layerRange } from "@gradient-health/gradient-health/render";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   layerRange(["dense_2", "dense_3", "dense_4", "head"]),
 *   "dense_2 ... dense_4, head",
 * );
 * ```
 */
export function layerRange(names: readonly string[], options: LayerRangeOptions = {}): string {
  requireValue("names", names, list(string));
  requireValue(
    "options",
    options,
    object({ order: optional(list(string)), max: optional(number) }),
  );
  const { order = [], max = 8 } = options;
  const place = new Map(order.map((name, index) => [name, index]));
  const runs: string[][] = [];
  for (const name of names) {
    const run = runs.at(-1);
    if (run !== undefined && follows(run[run.length - 1], name, place)) run.push(name);
    else runs.push([name]);
  }
  // A range of two would not be shorter.
  const pieces = runs.flatMap((run) =>
    run.length < 3
      ? run.map((name) => ({ text: name, layers: 1 }))
      : [{ text: `${run[0]} ... ${run[run.length - 1]}`, layers: run.length }]
  );
  if (pieces.length <= max) return pieces.map(({ text }) => text).join(", ");
  const rest = pieces.slice(max).reduce((sum, { layers }) => sum + layers, 0);
  return `${pieces.slice(0, max).map(({ text }) => text).join(", ")} and ${rest} more`;
}

function follows(a: string, b: string, place: Map<string, number>): boolean {
  const placeOfA = place.get(a);
  if (placeOfA !== undefined && place.get(b) === placeOfA + 1) return true;
  const [, stem, number] = /^(.*?)(\d{1,9})$/s.exec(a) ?? [];
  return number !== undefined && b === `${stem}${Number(number) + 1}`;
}
