import type { LayerMeasurements } from "../../measure/measurements.ts";
import { findActivation } from "../../../ground/theory/activation_moments.ts";
import { forwardSlope, layersToGrow } from "../../../ground/theory/criticality.ts";
import { widthSpread } from "../../../ground/theory/mean_field.ts";
import { activationTraits } from "../../../ground/traits/activation_traits.ts";
import type { Verdict } from "../finding.ts";
import { type Graph, isGate } from "../network/graph.ts";
import type { KernelLayer } from "../network/kernel_chain.ts";
import { networkOf } from "../network/network.ts";
import type { NetworkView } from "../network/network_view.ts";
import type { Case } from "../rule.ts";
import { atMost, counted, figure, layerName, layerNames, say } from "../say.ts";

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

/**
 * Notes what theory says about an untrained chain of dense layers. It predicts little by itself.
 */
export function chainNotes(subject: Case<"widthLoss" | "slopeDrift">): Verdict[] {
  const { measurements, thresholds, trained } = subject;
  const { plain } = networkOf(measurements);
  if (trained || typeof plain === "string") return [];
  const isDense = plain.every(({ layer, normalized, activation }) =>
    layer.kind === "dense" && !normalized && findActivation(activation) !== null
  );
  return isDense ? [...lottery(plain, thresholds), ...drift(plain, thresholds)] : [];
}

type Chain = readonly KernelLayer[];

function lottery(chain: Chain, thresholds: Readonly<Record<"widthLoss", number>>): Verdict[] {
  const { widthLoss: most } = thresholds;
  const inverse = chain.reduce((sum, { units }) => sum + 1 / units, 0);
  // No activation loses more than relu, so most networks need no integral.
  if (lossOf(5 * inverse) <= most) return [];
  const widths = Map.groupBy(chain, ({ activation }) => activation);
  const variance = [...widths].reduce(
    (sum, [activation, own]) =>
      sum + widthSpread(own.map(({ units }) => units), activation).variance,
    0,
  );
  const loss = lossOf(variance);
  if (!(loss > most)) return [];
  const [narrowest] = chain.toSorted((a, b) => a.units - b.units);
  const figures = { loss: figure(loss, "factor"), sum: figure(inverse, "sum of 1 / width") };
  return [{
    ...note("widthLoss", most),
    kind: "narrow",
    measured: loss,
    figures,
    message: say`The shape is a lottery: over ${counted(chain.length, "hidden layer")} the sum of
      1 / width is ${figures.sum}, so that one draw in 40 loses a factor of ${figures.loss} of the
      squared signal; expected ${atMost(most)} (widthLoss).`,
    fix: say`Widen the narrowest layers, ${layerName(narrowest.layer.name)} first, or try several
      seeds.`,
  }];
}

/**
 * Factor that the squared norm loses at two standard deviations below its median, as in
 * `widthSpread`.
 */
const lossOf = (variance: number) => Math.exp(variance / 2 + 2 * Math.sqrt(variance));

function drift(chain: Chain, thresholds: Readonly<Record<"slopeDrift", number>>): Verdict[] {
  const { slopeDrift: most } = thresholds;
  if (chain.length < FEWEST_DRIFTING) return [];
  const slopes = new Map(chain.map(({ activation }) => [activation, slopeOf(activation)]));
  const total = chain.reduce((product, { activation }) => product * slopes.get(activation)!, 1);
  if (!(total > most)) return [];
  const [[activation, slope]] = [...slopes].toSorted(([, a], [, b]) => b - a);
  const figures = { drift: figure(total, "factor"), slope: figure(slope, "factor a layer") };
  return [{
    ...note("slopeDrift", most),
    kind: "drift",
    measured: total,
    figures,
    message: say`A variance that is a little off is off by ${figures.drift} times as much after
      ${counted(chain.length, "hidden layer")}, since ${activation} enlarges a deviation by
      ${figures.slope} a layer; expected ${atMost(most)} (slopeDrift).`,
    fix: say`Add a normalisation where there are more than ${
      counted(layersToGrow(slope, most), "layer")
    } of ${activation} in a row.`,
  }];
}

/** No activation in use reaches a factor of 10 within fewer layers. */
const FEWEST_DRIFTING = 10;

/** Returns the slope of the forward map. A bounded activation pulls every deviation back. */
const slopeOf = (activation: string) =>
  activationTraits(activation)?.range[1] === Infinity ? forwardSlope(activation) : 1;

const note = (threshold: string, most: number) => ({
  severity: "note" as const,
  layer: null,
  expected: atMost(most),
  threshold,
});
