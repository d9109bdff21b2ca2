import type { LayerMeasurements } from "../../measure/measurements.ts";
import { layerTraits } from "../../traits/layer_traits.ts";
import type { Graph } from "./graph.ts";

/**
 * Returns true if the outputs of a layer, perhaps reshaped, only multiply another path, as gates
 * from 0 to 1 do.
 */
export function isGate(layer: LayerMeasurements, graph: Graph): boolean {
  const carriers = new Set([layer]);
  let multiplies = false;
  // Iterating a set includes added entries once each: a layer that is called repeatedly may read
  // itself.
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
