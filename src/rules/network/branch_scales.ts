import type { LayerMeasurements } from "../../measure/measurements.ts";
import type { Graph } from "./graph.ts";

/**
 * Returns the factor by which trained scales of residual branches, such as LayerScale, multiply the
 * signal of each layer below them; layers without such a scale are left out. A scale starts at 1e-6
 * to 0.1 by design, so that a network starts as its skip connections alone: the layers of a branch
 * then receive less than those that the branches bypass, by just this factor, however deep they are.
 * A scale that nothing bypasses has no such factor: it weakens the whole network.
 */
export function branchScales(
  layers: readonly LayerMeasurements[],
  graph: Graph,
): ReadonlyMap<LayerMeasurements, number> {
  const factors = new Map<LayerMeasurements, number>();
  for (const scale of layers) {
    const factor = factorOf(scale);
    if (factor === null) continue;
    const branch = throughAlone(scale, layers, graph);
    if (branch.some((layer) => graph.inputsOf(layer).length === 0)) continue;
    for (const layer of branch) factors.set(layer, factor * (factors.get(layer) ?? 1));
  }
  return factors;
}

/** Returns the factor of a trained scale; `null` for any other layer. */
function factorOf({ kind, weights }: LayerMeasurements): number | null {
  if (kind !== "rescaling" || weights.length !== 1 || !weights[0].trainable) return null;
  const { rms } = weights[0].values;
  return rms > 0 && Number.isFinite(rms) ? rms : null;
}

/** Returns the layers whose outputs reach the end of the network through one layer alone. */
function throughAlone(
  end: LayerMeasurements,
  layers: readonly LayerMeasurements[],
  graph: Graph,
): LayerMeasurements[] {
  const found = new Set([end]);
  for (const layer of layers.slice(0, layers.indexOf(end)).reverse()) {
    const readers = graph.outputsOf(layer);
    if (readers.length > 0 && readers.every((reader) => found.has(reader))) found.add(layer);
  }
  found.delete(end);
  return [...found];
}
