import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import type { LayerMeasurements } from "../measure/measurements.ts";
import { foldName, type LayerFold } from "../render/fold_layers.ts";
import { formatCount } from "../words/numbers.ts";

/** The network as a graph: a node for each layer or each fold of blocks, in the order of the forward pass. */
export interface LayerMap {
  nodes: MapNode[];
  /** From an earlier node to a later one, each once, by their places. */
  edges: { from: number; to: number }[];
}

/** A node of the graph. */
export interface MapNode {
  /** What it is called: the name of its layer, or those of the first and the last. */
  name: string;
  /** Its layer, or the one of its layers that is ill, or else the first. */
  layer: string;
  /** Its class, or how many layers it stands for. */
  about: string;
  /** Which causes lie in it, by their numbers from 1. */
  causes: number[];
  /** From which causes something follows in it. */
  follows: number[];
}

/** More nodes than this are no map any more: then neighbours share one. */
const MOST_NODES = 120;

/** Maps a network, its causes and what follows from them. */
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
 * Gives each edge that passes over nodes a lane beside the trunk, so that edges side by side do not touch: the first
 * that is free from where it begins to where it ends.
 *
 * @param most How many lanes there are; edges beyond them share the last.
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
