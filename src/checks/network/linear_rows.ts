import type { LayerMeasurements } from "../../measure/measurements.ts";
import { isEinsumLayout } from "../../traits/kernel_layout.ts";
import type { LayerKind } from "../../traits/layers.ts";
import { layerTraits } from "../../traits/layer_traits.ts";
import type { KernelLayer } from "./kernel_chain.ts";
import type { Network } from "./network.ts";

/** The hidden kernels after which no activation comes before the next one. */
export interface LinearRows {
  /** Those that the next kernel makes superfluous, by name, kernels in a row together. */
  rows: string[][];
  /** Those narrower than what they read and what reads them, which may be meant. */
  narrow: string[];
  /** Whether no hidden layer has an activation: then kernels count behind which something else bends the signal. */
  bare: boolean;
  /** Whether nothing else does, so that the whole network is linear up to its head. */
  whole: boolean;
}

/** Kinds of layers whose outputs are linear in their inputs. */
const LINEAR: readonly LayerKind[] = ["passesOn", "selects", "resamples", "rescaling"];
/** The same where several inputs come together. */
const JOINING: readonly LayerKind[] = ["addition", "concatenation"];
/** What is not linear, and no activation either. */
const BENDING: readonly LayerKind[] = ["pool", "normalization"];

/** Looks for linear layers in a row: a product of matrices is a matrix. */
export function linearRows(network: Pick<Network, "chain" | "graph" | "layers">): LinearRows {
  const { chain, layers } = network;
  const hidden = chain.filter(({ layer }) => layer.role === "hidden");
  const known = new Map(chain.map((kernel) => [kernel.layer.name, kernel]));
  const below = layers.filter(({ role }) => role === "hidden");
  const isStraight = (layer: LayerMeasurements) =>
    isAffine(layer) && (known.has(layer.name) || isLinear(layer) || JOINING.includes(layer.kind) ||
      layerTraits(layer.className).operation === "average");
  const whole = hidden.length > 0 && below.every(isStraight);
  const bare = whole || hidden.length > 1 &&
      below.every((layer) => isStraight(layer) || isAffine(layer) && BENDING.includes(layer.kind));
  const rows: string[][] = [];
  const narrow: string[] = [];
  // The row that ends before `last`; a bottleneck ends a row and begins none.
  let row: string[] | null = null;
  let last: KernelLayer | null = null;
  for (const kernel of hidden) {
    const { layer } = kernel;
    // The two parts of a separable convolution are meant to be two.
    if (!isAffine(layer) || layer.calls !== 1 || layer.kernelLayout === "depthwise") continue;
    const next = nextKernel(layer, known, network);
    if (!bare && (next === null || next.layer.role === "output")) continue;
    const goesOn: string[] | null = last === kernel ? row : null;
    last = next;
    if (isNarrow(kernel, next)) {
      narrow.push(layer.name);
      row = null;
    } else if (goesOn !== null) {
      goesOn.push(layer.name);
      row = goesOn;
    } else {
      row = [layer.name];
      rows.push(row);
    }
  }
  return { rows, narrow, bare, whole };
}

/** The kernel that reads what a layer puts out, and it alone, through linear layers alone; `null` if none does. */
function nextKernel(
  layer: LayerMeasurements,
  known: ReadonlyMap<string, KernelLayer>,
  { graph }: Pick<Network, "graph">,
): KernelLayer | null {
  let at = layer;
  for (const seen = new Set<string>(); !seen.has(at.name);) {
    seen.add(at.name);
    const readers = graph.outputsOf(at);
    if (readers.length !== 1) return null;
    const [next] = readers;
    if (graph.inputsOf(next).length !== 1 || (next.operands ?? 1) !== 1) return null;
    const kernel = known.get(next.name);
    if (kernel !== undefined) return next.calls === 1 ? kernel : null;
    if (!isAffine(next) || !isLinear(next)) return null;
    at = next;
  }
  return null;
}

/** Whether a layer has no activation of its own. */
function isAffine({ activation }: LayerMeasurements): boolean {
  return activation === null || activation === "linear";
}

function isLinear({ kind, className, activation, normalization }: LayerMeasurements): boolean {
  const { operation } = layerTraits(className);
  return LINEAR.includes(kind) || kind === "activation" && activation === "linear" ||
    // Batch normalisation; others divide each example by a deviation of its own.
    kind === "normalization" && normalization !== undefined ||
    kind === "pool" && (operation === "mean" || operation === "globalMean");
}

/** Whether a kernel has fewer units than what it reads and than what reads it: its product has not every rank. */
function isNarrow(
  { layer, kernel, units, fans }: KernelLayer,
  next: KernelLayer | null,
): boolean {
  const read = isEinsumLayout(layer.kernelLayout)
    ? fans.fanIn
    : kernel.shape.at(layer.kernelLayout === "transposed" ? -1 : -2)!;
  return units < read && units < (next?.units ?? 0);
}
