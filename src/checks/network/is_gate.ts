import type { LayerMeasurements } from "../../measure/measurements.ts";
import { layerTraits } from "../../traits/layer_traits.ts";
import type { Graph } from "./graph.ts";

/**
 * Whether the outputs of a layer, in whatever shape, do nothing but multiply what goes another way: those of a gate
 * are from 0 to 1.
 */
export function isGate(layer: LayerMeasurements, graph: Graph): boolean {
  const carriers = new Set([layer]);
  let multiplies = false;
  // Walked with those that join on the way, each once: a layer that is called over and over may read itself.
  for (const carrier of carriers) {
    const readers = graph.outputsOf(carrier);
    if (readers.length === 0) return false;
    for (const reader of readers) {
      if (layerTraits(reader.className).operation === "product") multiplies = true;
      else if (reader.kind === "passesOn") carriers.add(reader);
      else return false;
    }
  }
  return multiplies;
}
