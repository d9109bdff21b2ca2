import type { LayerMeasurements } from "../../measure/measurements.ts";
import type { LayerKind } from "../../traits/layers.ts";
import type { Graph } from "./graph.ts";
import type { Network } from "./network.ts";
import { hasKernel } from "./signal_path.ts";

/** Kinds of layers whose kernels theory knows. */
const KERNELS: readonly LayerKind[] = ["dense", "convolution", "recurrent"];

/** The hidden layers with kernels that theory judges, of a network that is no row of layers. */
export function judgedLayers({ layers }: Network): LayerMeasurements[] {
  return layers
    .filter(({ role, kind }) => role === "hidden" && KERNELS.includes(kind))
    .filter(hasKernel);
}

/** What only shapes, adds or puts together what it reads: a normalisation above it makes up for its scale. */
const CARRYING: readonly LayerKind[] = ["addition", "concatenation", "passesOn"];

/**
 * Where the outputs of a layer leave it: at the activation after it, behind a normalisation or not, or at the
 * layer itself; `null` where nothing but normalisations reads them, whatever their scale.
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
  // A set is walked in the order of its entries, those that are added on the way included.
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
