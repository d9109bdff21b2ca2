import type { LayerMeasurements } from "../../measure/measurements.ts";
import type { Verdict } from "../finding.ts";
import type { Case } from "../rule.ts";
import { type Graph, isGate } from "../network/graph.ts";
import type { KernelLayer } from "../network/kernel_chain.ts";
import type { NetworkView } from "../network/network_view.ts";
import { counted, layerNames, say } from "../say.ts";

/** Layers after which the units of a softmax are no longer those that the next kernel sums. */
const MOVES_AXES = /^(?:permute|transpose|movedim|swapaxes)$/i;

/**
 * Returns hidden layers that end in a softmax, which is for outputs. A softmax that weights other
 * values is attention and is left out.
 */
export function hiddenSoftmaxes({ chain, graph }: Pick<NetworkView, "chain" | "graph">) {
  return chain.filter(({ layer, output, activation }: KernelLayer) =>
    layer.role === "hidden" && activation === "softmax" && !isGate(output, graph) &&
    !weightsOthers(output, graph)
  );
}

/** Returns true if the outputs of a layer, perhaps dropped or cast, weight other values. */
function weightsOthers(output: LayerMeasurements, graph: Graph): boolean {
  const carriers = new Set([output]);
  for (const carrier of carriers) {
    for (const reader of graph.outputsOf(carrier)) {
      const { kind, className } = reader;
      if (kind === "merge" || kind === "opaque" || MOVES_AXES.test(className)) return true;
      // ConViT mixes its softmaxes by a trained share.
      if (kind === "passesOn" || kind === "rescaling") carriers.add(reader);
    }
  }
  return false;
}

/**
 * Reports hidden layers that end in a softmax: the units of each add up to 1, so the layer's
 * information about an example fades with its width.
 */
export function softmaxInside({ layers, measurements, network, trained }: Case): Verdict[] {
  const found = hiddenSoftmaxes(network).filter(({ layer }) => layers.includes(layer));
  if (found.length === 0) return [];
  const names = found.map(({ output }) => output.name);
  const [{ units }] = found;
  return [{
    severity: trained ? "note" : "warning",
    kind: "hidden-softmax",
    layer: names[0],
    layers: names,
    measured: names.length,
    expected: "another activation in hidden layers",
    message: say`${layerNames(names, measurements.layers)} ${
      names.length === 1 ? say`ends` : say`end`
    } in a softmax, which is for outputs: the ${counted(units, "unit")} ${
      names.length === 1 ? say`` : say`of a layer `
    }add up to 1, so that little of an example gets through.`,
    fix: say`Replace softmax in ${layerNames(names, measurements.layers)} by relu or tanh.`,
  }];
}
