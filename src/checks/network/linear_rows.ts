import type { LayerMeasurements } from "../../measure/measurements.ts";
import { isEinsumLayout } from "../../traits/kernel_layout.ts";
import type { LayerKind } from "../../traits/layers.ts";
import { layerTraits } from "../../traits/layer_traits.ts";
import type { KernelLayer } from "./kernel_chain.ts";
import type { Network } from "./network.ts";

/** Hidden kernels with no activation before the next kernel. */
export interface LinearRows {
  /** Names of kernels made redundant by the next one, grouped by consecutive kernels. */
  rows: string[][];
  /** Names of kernels narrower than both neighbours, which may be intended. */
  narrow: string[];
  /**
   * True if no hidden layer has an activation. Kernels before another nonlinearity then count too.
   */
  bare: boolean;
  /**
   * True if there is no other nonlinearity either, so that the network is linear up to its head.
   */
  whole: boolean;
}

/** Kinds of layers whose outputs are linear in their inputs. */
const LINEAR: readonly LayerKind[] = ["passesOn", "selects", "resamples", "rescaling"];
/** Linear kinds of layers with several inputs. */
const JOINING: readonly LayerKind[] = ["addition", "concatenation"];
/** Nonlinear kinds of layers besides activations. */
const BENDING: readonly LayerKind[] = ["pool", "normalization"];

/** Finds consecutive linear layers: a product of matrices is a matrix. */
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
  // The group that ends before `last`. A bottleneck ends a group and starts none.
  let row: string[] | null = null;
  let last: KernelLayer | null = null;
  for (const kernel of hidden) {
    const { layer } = kernel;
    // A separable convolution has two parts by design.
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

/**
 * Returns the kernel that is the only reader of a layer, through linear layers alone, or `null`.
 */
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

/** Returns true if a layer has no activation. */
function isAffine({ activation }: LayerMeasurements): boolean {
  return activation === null || activation === "linear";
}

function isLinear({ kind, className, activation, normalization }: LayerMeasurements): boolean {
  const { operation } = layerTraits(className);
  return LINEAR.includes(kind) || kind === "activation" && activation === "linear" ||
    // Batch normalisation only: others divide each example by its own deviation.
    kind === "normalization" && normalization !== undefined ||
    kind === "pool" && (operation === "mean" || operation === "globalMean");
}

/**
 * Returns true if a kernel is narrower than its input and than the next kernel, so that their
 * product has reduced rank.
 */
function isNarrow(
  { layer, kernel, units, fans }: KernelLayer,
  next: KernelLayer | null,
): boolean {
  const read = isEinsumLayout(layer.kernelLayout)
    ? fans.fanIn
    : kernel.shape.at(layer.kernelLayout === "transposed" ? -1 : -2)!;
  return units < read && units < (next?.units ?? 0);
}
