import type { LayerMeasurements } from "../../measure/measurements.ts";
import { isSigmoid } from "../../../ground/traits/activation_traits.ts";
import { layerTraits } from "../../../ground/traits/layer_traits.ts";
import type { LayerKind } from "../../../ground/traits/layers.ts";
import type { Graph } from "./graph.ts";
import type { NetworkView } from "./network_view.ts";
import { normalizes } from "./kernel_chain.ts";
import { hasKernel } from "./signal_path.ts";

/** Number of standard deviations of the theory's uncertainty that count as chance. */
export const CHANCE = 3;

/**
 * Factors by which a network drawn by Glorot or He may differ from a critical one. About five layers
 * of 64 relu units are that small if drawn by Glorot. They train as well as He's, with SGD and with
 * Adam. So do twelve layers; with sixteen, SGD makes no progress for a long time.
 */
export const USUALLY_OFF = { small: 30, large: 10 };

/** Kinds of layers with kernels that theory describes. */
export const KERNEL_KINDS: readonly LayerKind[] = ["dense", "convolution", "recurrent"];

/**
 * Returns the hidden layers with kernels that are compared with theory, which follows no signal
 * through an attention or through a gate.
 */
export function theoryLayers({ layers, graph }: NetworkView): LayerMeasurements[] {
  return layers
    .filter(({ role, kind }) => role === "hidden" && KERNEL_KINDS.includes(kind))
    .filter((layer) => hasKernel(layer) && !isScored(layer, graph) && !isGating(layer, graph));
}

/** Kinds of layers between the kernels of queries and keys, and the weights of an attention. */
const TO_SCORES: readonly LayerKind[] = [
  "passesOn",
  "selects",
  "merge",
  "addition",
  "rescaling",
  "concatenation",
];

/** Returns true if an input of a layer is a softmax, perhaps dropped or cast. */
function isWeighted(layer: LayerMeasurements, graph: Graph): boolean {
  const sources = new Set(graph.inputsOf(layer));
  for (const source of sources) {
    if (source.activation === "softmax") return true;
    if (source.kind === "passesOn") graph.inputsOf(source).forEach((one) => sources.add(one));
  }
  return false;
}

const openLayers = new WeakMap<Graph, ReadonlySet<string>>();

/**
 * Returns the names of the layers from which a path leads, past every softmax, to an end of the
 * network or to an opaque layer. All layers at once: following the paths of each alone took 7 s
 * for 3000 layers.
 */
function openLayersOf(graph: Graph): ReadonlySet<string> {
  const known = openLayers.get(graph);
  if (known !== undefined) return known;
  const open = new Set(graph.layers.filter((layer) => {
    const readers = graph.outputsOf(layer);
    return readers.length === 0 || readers.some(({ kind }) => kind === "opaque");
  }));
  for (const layer of open) {
    // A head ends in a softmax as well.
    const isHead = graph.outputsOf(layer).length === 0;
    if (layer.activation === "softmax" && !isHead) continue;
    for (const input of graph.inputsOf(layer)) open.add(input);
  }
  const names = new Set([...open].map(({ name }) => name));
  openLayers.set(graph, names);
  return names;
}

/** Returns true if a layer feeds the scores of an attention, or what they weight. */
export function isScored(layer: LayerMeasurements, graph: Graph): boolean {
  if (!openLayersOf(graph).has(layer.name)) return true;
  const carriers = new Set([layer]);
  for (const carrier of carriers) {
    for (const reader of graph.outputsOf(carrier)) {
      if (reader.activation === "softmax" && carrier !== layer) return true;
      if (reader.kind === "merge" && isWeighted(reader, graph)) return true;
      if (TO_SCORES.includes(reader.kind)) carriers.add(reader);
    }
  }
  return false;
}

/** Kinds of layers in the branch of a gate, as in a squeeze-and-excitation. */
const TO_GATE: readonly LayerKind[] = [
  "passesOn",
  "activation",
  "dense",
  "convolution",
  "normalization",
];

/**
 * Returns true if all that a layer feeds goes through a sigmoid or a softmax and multiplies another
 * path, number by number.
 */
export function isGating(layer: LayerMeasurements, graph: Graph): boolean {
  const isOpen = ({ activation }: LayerMeasurements) =>
    !isSigmoid(activation) && activation !== "softmax";
  const open = new Set(isOpen(layer) ? [layer] : []);
  const closed = new Set(isOpen(layer) ? [] : [layer]);
  for (const carriers of [open, closed]) {
    for (const carrier of carriers) {
      const readers = graph.outputsOf(carrier);
      if (readers.length === 0) return false;
      for (const reader of readers) {
        const isProduct = layerTraits(reader.className).operation === "product";
        if (isProduct ? carriers === open : !TO_GATE.includes(reader.kind)) return false;
        if (!isProduct) (carriers === open && isOpen(reader) ? open : closed).add(reader);
      }
    }
  }
  return closed.size > 0;
}

/** Returns the factor between a value and the nearest end of the healthy range, 1 inside it. */
export function offOf(value: number, healthy: readonly number[]): number {
  const low = Math.min(...healthy);
  const high = Math.max(...healthy);
  if (value < low) return value / low;
  return value > high ? value / high : 1;
}

/** Returns true if a factor is within a limit, up or down. */
export function isWithin(off: number, limit: number): boolean {
  return off <= limit && off >= 1 / limit;
}

/** Returns the squared norm of delta, or `null` if it is 0 or not finite. */
export function signalOf({ preActivationGradients: delta }: LayerMeasurements): number | null {
  return delta !== null && delta.nonFinite === 0 && delta.l2 > 0 ? delta.l2 ** 2 : null;
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

/**
 * Returns true if only normalisations read a layer, perhaps through layers that carry its outputs:
 * they make up for its scale.
 */
export function isNormalised(
  layer: LayerMeasurements,
  graph: Graph,
  carrying: readonly LayerKind[] = CARRYING,
): boolean {
  const carried = new Set([layer]);
  // Iterating a set includes entries added during it.
  for (const one of carried) {
    const readers = graph.outputsOf(one);
    if (readers.length === 0) return false;
    for (const reader of readers) {
      // A constant that is added, such as positions, joins no other branch.
      if (carrying.includes(reader.kind) || reader.className === "shift") carried.add(reader);
      else if (!normalizes(reader, one)) return false;
    }
  }
  return true;
}
