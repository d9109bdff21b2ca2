import type { LayerMeasurements } from "../../measure/measurements.ts";
import type { Graph } from "./graph.ts";

/**
 * Returns the factor by which trained scales of residual branches, such as LayerScale, multiply the
 * signal of each layer below them; layers without such a scale are left out. A scale starts at 1e-6
 * to 0.1 by design, so that a network starts as its skip connections alone: the layers of a branch
 * then receive less than those that the branches bypass, by just this factor, however deep they are.
 * So do all layers of CaiT but its last two blocks, which add them to a class token. A scale that
 * nothing bypasses has no such factor: it weakens the whole network.
 */
export function branchScales(
  layers: readonly LayerMeasurements[],
  graph: Graph,
): ReadonlyMap<LayerMeasurements, number> {
  // Product of the scales on the path that has the largest.
  const factors = new Map<LayerMeasurements, number>();
  for (const layer of layers.toReversed()) {
    const readers = graph.outputsOf(layer);
    const whole = readers.filter((reader) => !isCropped(reader, graph));
    const ways = (whole.length > 0 ? whole : readers).map((reader) => {
      const own = isBypassed(reader, graph) ? factorOf(reader) ?? 1 : 1;
      return own * (factors.get(reader) ?? 1);
    });
    const most = ways.length === 0 ? 1 : Math.max(...ways);
    if (most !== 1) factors.set(layer, most);
  }
  return factors;
}

/**
 * Returns true if only a part of a concatenation is read, as the class token is at the end of CaiT.
 * The other part gets no signal from there.
 */
function isCropped(joined: LayerMeasurements, graph: Graph): boolean {
  if (joined.kind !== "concatenation") return false;
  const carriers = new Set([joined]);
  let isSelected = false;
  for (const carrier of carriers) {
    for (const reader of graph.outputsOf(carrier)) {
      if (reader.kind === "selects") isSelected = true;
      else if (["passesOn", "normalization"].includes(reader.kind)) carriers.add(reader);
      else return false;
    }
  }
  return isSelected;
}

/** Returns true if a scale is only added to something that has no such scale. */
function isBypassed(scale: LayerMeasurements, graph: Graph): boolean {
  const carriers = new Set([scale]);
  for (const carrier of carriers) {
    const readers = graph.outputsOf(carrier);
    if (readers.length === 0) return false;
    for (const reader of readers) {
      if (reader.kind === "passesOn") carriers.add(reader);
      // A class token is a parameter, to which the first block of CaiT's decoder adds its branch.
      else if (reader.className === "shift") continue;
      else if (reader.kind !== "addition") return false;
      else if (graph.inputsOf(reader).every((one) => carriers.has(one) || factorOf(one) !== null)) {
        return false;
      }
    }
  }
  return true;
}

/** Returns the factor of a trained scale; `null` for any other layer. */
function factorOf({ kind, weights }: LayerMeasurements): number | null {
  if (kind !== "rescaling" || weights.length !== 1 || !weights[0].trainable) return null;
  const { rms } = weights[0].values;
  // A larger one is the temperature of an attention, as in Swin v2.
  return rms > 0 && rms <= 1 ? rms : null;
}
