import type { LayerMeasurements } from "../../measure/measurements.ts";
import type { LayerKind } from "../../traits/layers.ts";
import type { Graph } from "./graph.ts";
import type { Network } from "./network.ts";
import { hasKernel } from "./signal_path.ts";

/** Kinds of layers with kernels that theory describes. */
const KERNELS: readonly LayerKind[] = ["dense", "convolution", "recurrent"];

/**
 * Returns the hidden layers with kernels that theory judges in a network that is not a plain chain.
 */
export function judgedLayers({ layers }: Network): LayerMeasurements[] {
  return layers
    .filter(({ role, kind }) => role === "hidden" && KERNELS.includes(kind))
    .filter(hasKernel);
}

/**
 * Kinds of layers that only shape, add or join their inputs: a later normalisation makes up for the
 * scale.
 */
const CARRYING: readonly LayerKind[] = ["addition", "concatenation", "passesOn"];

/**
 * Returns the layer at which the outputs of a layer leave it: the activation after it, even behind
 * a normalisation, or the layer itself. Returns `null` if only normalisations read it, so that its
 * scale does not matter.
 */
export function outputOf(layer: LayerMeasurements, graph: Graph): LayerMeasurements | null {
  let last = layer;
  while (layer.kind !== "recurrent" && (last.activation === null || last.activation === "linear")) {
    const [reader, ...others] = graph.outputsOf(last);
    const isNext = reader !== undefined && others.length === 0 &&
      ["activation", "normalization", "passesOn"].includes(reader.kind);
    if (!isNext) return isNormalised(layer, graph) ? null : layer;
    last = reader;
  }
  return last;
}

function isNormalised(layer: LayerMeasurements, graph: Graph): boolean {
  const carried = new Set([layer]);
  // Iterating a set includes entries that are added on the way.
  for (const one of carried) {
    const readers = graph.outputsOf(one);
    if (readers.length === 0) return false;
    for (const reader of readers) {
      if (CARRYING.includes(reader.kind)) carried.add(reader);
      else if (reader.kind !== "normalization") return false;
    }
  }
  return true;
}
