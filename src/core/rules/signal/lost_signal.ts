import type {
  LayerMeasurements,
  Measurements,
  TensorStatistics,
} from "../../measure/measurements.ts";
import { isKernel } from "../../../ground/theory/weight_kinds.ts";
import {
  figure,
  layerName,
  layerNames,
  moreThan,
  NOTHING,
  say,
  type Sentence,
  shareFigure,
} from "../say.ts";
import type { Verdict } from "../finding.ts";
import type { Case } from "../rule.ts";
import { headActivation, isCertainHead, sharesHead } from "../network/heads.ts";
import type { NetworkView } from "../network/network_view.ts";
import { isReachedBelow } from "./zero_gradients.ts";
import { hasKernel } from "../network/signal_path.ts";
import { stuckAt } from "../statistics.ts";
import { rescaleFix, unscaledInputs } from "./rescale_fix.ts";
import { networkOf } from "../network/network.ts";

/**
 * Finds layers whose delta is exactly 0. A signal that is lost on its way or blocked by the head is
 * an error; one that is never sent or that bypasses the layer is a warning.
 *
 * @param subject The layers to judge, and their network.
 * @param isJudged Selects the layers to which a lost signal matters, besides those that lose it.
 * Default: layers with a kernel.
 */
export function lostSignal(
  { layers, network, trained }: Pick<Case, "layers" | "network" | "trained">,
  isJudged: (layer: LayerMeasurements) => boolean = hasKernel,
): Verdict[] {
  const { measurements } = network;
  const { shut: heads } = networkOf(measurements);
  const isStop = (layer: LayerMeasurements) =>
    layer.role === "hidden" && isZero(layer.preActivationGradients) &&
    isSent(layer.activationGradients);
  const stops = layers.filter(isStop);
  const silent = layers
    .filter((layer) => layer.role === "hidden" && isJudged(layer) && !isFrozen(layer))
    .filter((layer) => isZero(layer.preActivationGradients) && !isStop(layer))
    .toSorted((a, b) => a.depth - b.depth);
  if (stops.length + silent.length + heads.length === 0) return [];
  const rescale = trained ? null : rescaleFix(layers, network);
  const isBelow = (layer: LayerMeasurements, stop: LayerMeasurements) =>
    layer.depth <= stop.depth && sharesHead(layer, stop);
  const judged = new Set(layers);
  const verdicts = [...stops, ...heads].flatMap((stop) => {
    const below = silent.filter((layer) => isBelow(layer, stop));
    const named = judged.has(stop) ? [stop, ...below] : below;
    return named.length === 0 ? [] : [
      stopped({ stop, named, below, all: layers, rescale, network, trained }),
    ];
  });
  const rest = silent.filter((layer) => ![...stops, ...heads].some((stop) => isBelow(layer, stop)));
  return [...verdicts, ...unstopped(rest, { layers, network })];
}

/** Returns true for a layer whose weights are all frozen, to which a gradient makes no difference. */
const isFrozen = ({ weights }: LayerMeasurements) =>
  weights.length > 0 && weights.every(({ trainable }) => !trainable);

/** Returns verdicts on silent layers above every layer that blocks the gradient, by depth. */
function unstopped(
  silent: LayerMeasurements[],
  { layers, network }: Pick<Case, "layers" | "network">,
): Verdict[] {
  // A custom layer that receives a gradient but passes none on cuts off everything below it.
  const cutters = new Set(network.layers.filter((layer) => {
    const inputs = network.graph.inputsOf(layer);
    return layer.kind === "opaque" && isSent(layer.activationGradients) && inputs.length > 0 &&
      inputs.every(({ activationGradients: sent }) => isZero(sent));
  }));
  const senders = [...network.signalPath().map(({ layer }) => layer), ...cutters]
    .filter(({ activationGradients: sent }) => isSent(sent));
  const senderAbove = (layer: LayerMeasurements) =>
    senders.find((other) =>
      sharesHead(layer, other) &&
      (other.depth > layer.depth || cutters.has(other) && network.graph.isBelow(layer, other))
    );
  const aside: LayerMeasurements[] = [];
  const cut: LayerMeasurements[] = [];
  const unsent: LayerMeasurements[] = [];
  let above: LayerMeasurements | undefined;
  for (const layer of silent) {
    const sender = isReachedBelow(layer, network) ? null : senderAbove(layer);
    if (sender === null) aside.push(layer);
    else if (sender === undefined) unsent.push(layer);
    else {
      cut.push(layer);
      above = sender;
    }
  }
  // A layer that feeds only a branch that starts at zero, such as the embedding of a time, waits
  // with it.
  const opening = above;
  if (
    opening !== undefined && aside.some((layer) => opensFor(layer, opening, network)) &&
    cut.every((layer) => opensFor(layer, opening, network))
  ) {
    aside.unshift(...cut);
    above = undefined;
  }
  return [
    ...above === undefined
      ? []
      : [severed({ cut, above, isCutter: cutters.has(above), all: layers })],
    ...aside.length === 0 ? [] : [bypassed(aside, layers)],
    ...unsent.length === 0 ? [] : [neverSent(unsent, network.measurements, layers)],
  ];
}

/** Returns true if a layer feeds zeros that have a gradient, and so let its own through after a step. */
function opensFor(
  layer: LayerMeasurements,
  above: LayerMeasurements,
  network: NetworkView,
): boolean {
  return network.graph.isBelow(layer, above) && zeroKernel([above]) !== undefined &&
    above.weights.some((weight) => isKernel(weight) && !isZero(weight.gradients));
}

/** Layer that blocks the gradient. */
interface Stop {
  stop: LayerMeasurements;
  /** The judged layers among the stop and the silent layers below it. */
  named: LayerMeasurements[];
  below: LayerMeasurements[];
  all: LayerMeasurements[];
  rescale: Sentence | null;
  network: NetworkView;
  trained: boolean;
}

function stopped({ stop, named, below, all, rescale, network, trained }: Stop): Verdict {
  const { measurements } = network;
  const others = below.map(({ name }) => name);
  const rest = others.length === 0
    ? NOTHING
    : say` No gradient reaches ${layerNames(others, all)} either.`;
  if (isCertainHead(stop, measurements)) {
    const z = stop.preActivations === null
      ? NOTHING
      : say` (rms of z ${figure(stop.preActivations.rms, "rms(z)")})`;
    return verdict({
      severity: "error",
      kind: "certain-head",
      layers: named,
      message: say`The ${headActivation(stop)!} of ${
        layerName(stop.name)
      } is certain for every example${z},
        so ${measurements.objective.name} sends ${
        isZero(stop.preActivationGradients) ? say`no` : say`next to no`
      } gradient down.${rest}`,
      fix: unscaledInputs(measurements) ??
        (trained ? null : rescaleFix(all, network, { onlySmaller: true })) ??
        (trained
          ? say`Check the targets: the network is certain of other values.`
          : say`Draw the kernel of the head smaller, and normalise its inputs.`),
    });
  }
  const sent = figure(stop.activationGradients!.rms, "rms(dJ/da)");
  const of = layerName(stop.name);
  const why = whyBlocked(stop);
  const isRound = isReachedBelow(stop, network);
  return verdict({
    severity: isRound ? "warning" : "error",
    kind: isRound ? "blocked-branch" : "blocked",
    layers: named,
    message: say`No gradient passes ${of}: ${why} (rms of dJ/da ${sent}, delta exactly 0).${rest}${
      isRound ? say` The layers before it get theirs by another path.` : NOTHING
    }`,
    fix: rescale ?? say`Bring the pre-activations of ${of} into the range where
        ${stop.activation ?? "its activation"} has a slope: check its bias and its inputs.`,
  });
}

/** Returns the reason why a layer passes no gradient on. */
function whyBlocked({ deadFraction, saturatedFraction, activation }: LayerMeasurements): Sentence {
  if (deadFraction !== null && deadFraction > 0) {
    return say`${shareFigure(deadFraction, "share of the layer's units")} of its units are off`;
  }
  if (saturatedFraction !== null && saturatedFraction > 0) {
    return say`${shareFigure(saturatedFraction, "share of the layer's entries")} of its
      ${activation ?? "bounded"} outputs are stuck ${stuckAt(activation)}`;
  }
  return say`the derivative of its activation is 0 at every entry`;
}

/** Layers without a gradient, below one with a gradient. */
interface Severed {
  cut: LayerMeasurements[];
  above: LayerMeasurements;
  /** True if the layer above itself passes no gradient on. */
  isCutter: boolean;
  all: LayerMeasurements[];
}

function severed({ cut, above, isCutter, all }: Severed) {
  const top = cut[cut.length - 1];
  const zeros = zeroKernel([above]);
  const sent = figure(above.activationGradients!.rms, "rms(dJ/da)");
  return verdict({
    severity: "error",
    kind: zeros === undefined ? "severed" : "zero-kernel",
    layers: cut,
    message: say`The delta of ${layerNames(cut.map(({ name }) => name), all)} is exactly 0 although
      ${layerName(above.name)} receives a gradient (rms ${sent})${
      zeros === undefined ? NOTHING : say`: the kernel of ${layerName(zeros)} is all zeros`
    }.`,
    fix: zeros === undefined
      ? say`Check ${
        isCutter
          ? say`what ${layerName(above.name)} computes`
          : say`the layers between ${layerName(above.name)} and ${layerName(top.name)}`
      } for an operation without a gradient, a factor of 0, or a signal too small for float32.`
      : say`Draw the kernel of ${layerName(zeros)} at random.`,
  });
}

/** Returns true for a normalisation or a LayerScale whose scale is drawn as zeros. */
const startsBranchAtZero = ({ kind, weights }: LayerMeasurements) =>
  (kind === "normalization" || kind === "rescaling") && weights.length > 0 &&
  isZero(weights[0].values);

function bypassed(aside: LayerMeasurements[], all: LayerMeasurements[]) {
  const names = layerNames(aside.map(({ name }) => name), all);
  // A table of relative positions is added to scores and may start at zero.
  const zeros = aside.filter((layer) => layer.kind !== "merge" && zeroKernel([layer]) !== undefined)
    .map(({ name }) => name);
  return verdict({
    severity: zeros.length < 2 && all.some(startsBranchAtZero) ? "note" : "warning",
    kind: "bypassed",
    layers: aside,
    message:
      say`The delta of ${names} is exactly 0, while the gradient reaches the layers before by another
    path, as around a residual branch that ends in zeros.`,
    fix: zeros.length > 1
      ? say`Draw the kernels of all but one of ${layerNames(zeros, all)} at random: they are all
        zeros, and where their outputs are multiplied each blocks the gradient of the others.`
      : say`Leave it if the branch starts at zero on purpose; measure again after a training step.`,
  });
}

function neverSent(
  unsent: LayerMeasurements[],
  { layers, objective }: Measurements,
  all: LayerMeasurements[],
) {
  const names = layerNames(unsent.map(({ name }) => name), all);
  const heads = layers.filter((layer) => layer.role === "output" && sharesHead(layer, unsent[0]));
  const zeros = zeroKernel(heads);
  if (zeros === undefined) {
    return {
      ...verdict({
        severity: "warning",
        kind: "never-sent",
        layers: unsent,
        message: say`No verdict for ${names}: the gradient is already 0 there, because the
          objective "${objective.name}" sends no gradient down from the head.`,
        fix: say`Choose an objective that depends on the output of these layers.`,
      }),
      unjudged: true,
    };
  }
  const opens = heads.some(({ name, weights }) =>
    name === zeros && weights.some((weight) => isKernel(weight) && !isZero(weight.gradients))
  );
  if (!opens) {
    return verdict({
      severity: "error",
      kind: "zero-head-stuck",
      layers: unsent,
      message: say`No gradient ever reaches ${names}: the kernel of the head "${
        layerName(zeros)
      }" is all
      zeros, and so are its inputs, so its own gradient is 0 too and no step changes anything.`,
      fix:
        say`Draw the kernels at random: at most one of two consecutive kernels can be all zeros.`,
    });
  }
  // A class token, which is added or joined, may start at zero.
  const alike = unsent.filter((layer) =>
    !["merge", "concatenation"].includes(layer.kind) && zeroKernel([layer]) !== undefined
  );
  // ViT's head starts at zero. Normalisations and residual sums keep the size of the signal below it.
  const isKept = alike.length === 0 &&
    all.some(({ kind }) => kind === "normalization" || kind === "addition");
  return verdict({
    severity: isKept ? "note" : "warning",
    kind: "zero-head",
    layers: unsent,
    message: say`No verdict for ${names}: the gradient is already 0 there, because the kernel of
      the head "${layerName(zeros)}" is all zeros. ${
      alike.length === 0
        ? say`Such a head trains well, and lets the gradient through after its first step.`
        : say`It lets the gradient through after its first step.`
    }`,
    fix: say`Measure again after one training step, or with a head that does not start at zero.`,
  });
}

/** Parts of a verdict on layers without a signal. */
interface Found extends Pick<Verdict, "severity" | "kind" | "message" | "fix"> {
  layers: LayerMeasurements[];
}

function verdict({ layers, ...found }: Found): Verdict {
  const names = layers.map(({ name }) => name);
  return {
    ...found,
    layer: names[0],
    ...names.length === 1 ? {} : { layers: names },
    measured: 0,
    expected: moreThan(0),
  };
}

function zeroKernel(layers: LayerMeasurements[]): string | undefined {
  return layers.find((layer) =>
    hasKernel(layer) &&
    layer.weights.filter(isKernel).every(({ values }) => isZero(values))
  )?.name;
}

function isZero(statistics: TensorStatistics | null): boolean {
  return statistics !== null && statistics.maxAbs === 0 && statistics.nonFinite === 0;
}

function isSent(statistics: TensorStatistics | null): boolean {
  return statistics !== null && (statistics.maxAbs > 0 || statistics.nonFinite > 0);
}
