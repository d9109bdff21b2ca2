import type { LayerMeasurements } from "../../measure/measurements.ts";
import { layerTraits } from "../../traits/layer_traits.ts";
import type { Graph } from "./graph.ts";

/**
 * Whether the outputs of a layer, in whatever shape, do nothing but multiply what goes another way: those of a gate
 * are from 0 to 1.
 */
export function isGate(layer: LayerMeasurements, graph: Graph): boolean {
  const readers = graph.outputsOf(layer);
  return readers.length > 0 &&
    readers.every((reader) =>
      layerTraits(reader.className).operation === "product" ||
      reader.kind === "passesOn" && isGate(reader, graph)
    );
}
