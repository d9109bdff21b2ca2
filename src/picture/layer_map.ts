import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import type { LayerMeasurements } from "../measure/measurements.ts";
import { foldName, type LayerFold } from "../render/fold_layers.ts";
import { formatCount } from "../words/numbers.ts";

/**
 * The network as a graph: a node for each layer or each fold of blocks, in the order of the forward
 * pass.
 */
export interface LayerMap {
  nodes: MapNode[];
  /** Edges from an earlier to a later node, each once, by the places of the nodes. */
  edges: { from: number; to: number }[];
}

/** A node of the graph. */
export interface MapNode {
  /** Name of its layer, or names of the first and the last one. */
  name: string;
  /**
   * Name of its layer; of several, one with a cause, else one with a consequence, else the first.
   */
  layer: string;
  /** Class of its layer, or its number of layers. */
  about: string;
  /** Numbers, from 1, of the causes in it. */
  causes: number[];
  /** Numbers of the causes with consequences in it. */
  follows: number[];
}

/** A larger map is hard to read: neighbours then share a node. */
const MOST_NODES = 120;

/** Maps a network, its causes and their consequences. */
export function layerMap(
  folds: readonly LayerFold[],
  { causes }: Pick<Diagnosis, "causes">,
): LayerMap {
  const size = Math.ceil(folds.length / MOST_NODES);
  const groups = Array.from(
    { length: Math.ceil(folds.length / size) || 0 },
    (_, i) => folds.slice(i * size, (i + 1) * size),
  );
  const ill = causes.map(({ layers }) => new Set(layers));
  const suffering = causes.map(({ consequences }) =>
    new Set(consequences.flatMap(({ layers }) => layers))
  );
  const members = groups.map((group) => group.flatMap(({ blocks }) => blocks.flat(2)));
  const nodes = members.map((layers, i): MapNode => {
    const numbers = (sets: readonly ReadonlySet<string>[]) =>
      sets.flatMap((set, cause) => layers.some(({ name }) => set.has(name)) ? [cause + 1] : []);
    const named = numbers(ill);
    return {
      ...{ name: nameOf(groups[i], layers), about: aboutOf(layers), causes: named },
      layer: (layers.find(({ name }) => ill.some((set) => set.has(name))) ??
        layers.find(({ name }) => suffering.some((set) => set.has(name))) ?? layers[0]).name,
      follows: numbers(suffering).filter((cause) => !named.includes(cause)),
    };
  });
  return { nodes, edges: edgesOf(members) };
}

function nameOf(group: readonly LayerFold[], layers: readonly LayerMeasurements[]): string {
  return group.length === 1 ? foldName(group[0]) : `${layers[0].name} ... ${layers.at(-1)!.name}`;
}

function aboutOf(layers: readonly LayerMeasurements[]): string {
  const [{ className, activation }] = layers;
  if (layers.length > 1) return formatCount(layers.length, "layer");
  const isSaid = activation === null || activation === "linear" ||
    activation.toLowerCase() === className.toLowerCase();
  return isSaid ? className : `${className} ${activation}`;
}

function edgesOf(members: readonly (readonly LayerMeasurements[])[]): LayerMap["edges"] {
  const nodeOf = new Map(
    members.flatMap((layers, node) => layers.map(({ name }) => [name, node] as const)),
  );
  return members.flatMap((layers, to) => {
    const from = layers.flatMap(({ inputs = [] }) =>
      inputs.flatMap((name) => nodeOf.get(name) ?? [])
    );
    return [...new Set(from)].filter((node) => node < to).map((from) => ({ from, to }));
  });
}

/**
 * Gives each edge that skips nodes a lane beside the trunk, so that edges side by side do not
 * touch: the first lane that is free over its whole length.
 *
 * @param most Number of lanes; further edges share the last one.
 */
export function lanesOf(
  edges: LayerMap["edges"],
  most: number,
): (LayerMap["edges"][0] & { lane: number })[] {
  const ends: number[] = [];
  return edges.filter(({ from, to }) => to - from > 1)
    .toSorted((a, b) => a.from - b.from || a.to - b.to)
    .map((edge) => {
      const free = ends.findIndex((end) => end <= edge.from);
      const lane = Math.min(most - 1, free === -1 ? ends.length : free);
      ends[lane] = Math.max(ends[lane] ?? 0, edge.to);
      return { ...edge, lane };
    });
}
