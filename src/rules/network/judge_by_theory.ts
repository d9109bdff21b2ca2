import type { LayerMeasurements } from "../../measure/measurements.ts";
import type { LayerKind } from "../../traits/layers.ts";
import { atMost, between } from "../expected.ts";
import type { Verdict } from "../finding.ts";
import { NOTHING_TO_DO } from "../fix_line.ts";
import type { Case } from "../judge.ts";
import { noVerdict } from "../no_verdict.ts";
import { figure, layerName, number, say } from "../say.ts";
import type { Sentence } from "../sentence.ts";
import type { Graph } from "./graph.ts";
import type { NetworkView } from "./network_view.ts";
import { hasKernel } from "./signal_path.ts";
import type { Predictions } from "./signal_theory.ts";
import { networkOf } from "./network.ts";

/** Number of standard deviations of the theory's uncertainty that count as chance. */
const CHANCE = 3;

/**
 * Factors by which a network drawn by Glorot or He may differ from a critical one. About five layers
 * of 64 relu units are that small if drawn by Glorot. They train as well as He's, with SGD and with
 * Adam. So do twelve layers; with sixteen, SGD makes no progress for a long time.
 */
export const USUALLY_OFF = { small: 30, large: 10 };

/**
 * Returns a note if theory describes no hidden layer of the network, else `null`. One rule reports
 * it for all of them.
 */
export function undescribed(network: NetworkView): Verdict | null {
  const judged = judgedLayers(network);
  const hidden = network.layers.filter(({ role, weights }) =>
    role === "hidden" && weights.length > 0
  );
  const { local } = networkOf(network.measurements).theory;
  const isDescribed = judged.some(({ name }) => local.has(name));
  if (hidden.length === 0 || isDescribed) return null;
  const [{ name, className }] = hidden;
  return noVerdict(
    "no-theory",
    say`theory knows none of the hidden layers with weights, the first of which is
      ${layerName(name)} (${className})`,
    "a hidden layer that theory describes",
    NOTHING_TO_DO,
  );
}

/**
 * Says that a layer's outputs have the wrong scale.
 *
 * @param layer Name of the layer.
 * @param std Measured standard deviation.
 * @param expected Standard deviation that it should have.
 * @param limit Largest factor between the two.
 */
export function sayScale(layer: string, std: number, expected: number, limit: number): Sentence {
  return say`The outputs of \`${layerName(layer)}\` are too ${
    std < expected ? say`small` : say`large`
  }: spread ${figure(std, "std(a)")}, should be about ${number(expected)} (${
    number(expected / limit)
  } to ${number(expected * limit)}).`;
}

/**
 * Judges the scale of the activations of a network that is not a plain chain: against theory at
 * criticality, and as an initialiser draws it.
 *
 * @param subject The case to judge.
 * @param fix Returns the fix.
 */
export function judgeScaleByTheory(
  { layers, network, thresholds }: Case<"activationScaleFactor" | "activationTarget">,
  fix: () => Sentence,
): Verdict[] {
  const { activationScaleFactor, activationTarget: target } = thresholds;
  const { critical, usual } = networkOf(network.measurements).theory;
  const outputs = new Set(
    judgedLayers(network).map((layer) => outputOf(layer, network.graph)).filter((output) =>
      output !== null
    ),
  );
  return [...outputs].flatMap((layer): Verdict[] => {
    const { name, activations } = layer;
    if (activations === null || activations.nonFinite > 0 || !(activations.std > 0)) return [];
    const predicted = [...critical, usual].map((states) => states.get(name));
    if (!layers.includes(layer) || !predicted.every((one) => one !== undefined)) return [];
    const deviations = predicted.map(({ activations: { meanSquare, mean } }) =>
      Math.sqrt(Math.max(0, meanSquare - mean ** 2))
    );
    const doubt = Math.max(...predicted.map(({ doubt }) => doubt.activations));
    const limit = target > 0
      ? activationScaleFactor
      : Math.max(activationScaleFactor, Math.exp(CHANCE * doubt));
    const healthy = target > 0 ? [target] : deviations.slice(0, -1);
    const off = offOf(activations.std, healthy);
    // The scale that an initialiser draws is accepted unless it is far off.
    const tried = target > 0 ? off : offOf(activations.std, deviations);
    const isFar = off < 1 / USUALLY_OFF.small || off > USUALLY_OFF.large;
    if (isWithin(isFar ? off : tried, limit)) return [];
    const range = between(1 / limit, limit);
    const figures = {
      std: figure(activations.std, "std(a)"),
      factor: figure(off, "std(a) / expected std(a)"),
      expected: figure(activations.std / off, "std(a)"),
    };
    return [{
      severity: "warning",
      kind: off < 1 ? "small" : "large",
      layer: name,
      measured: off,
      expected: range,
      threshold: "activationScaleFactor",
      figures,
      message: sayScale(name, activations.std, activations.std / off, limit),
      fix: fix(),
    }];
  });
}

/**
 * Judges the balance of the gradients of a network that is not a plain chain: the spread of the
 * ratios of measured to predicted signals.
 *
 * @param subject The case to judge.
 * @param judged The layers whose gradients are more than rounding.
 * @param fix Returns the fix.
 */
export function judgeBalanceByTheory(
  { network, thresholds }: Case<"gradientBalance">,
  judged: readonly LayerMeasurements[],
  fix: () => Sentence,
): Verdict[] {
  const { critical, usual } = networkOf(network.measurements).theory;
  const signals = judgedLayers(network).filter((layer) =>
    judged.includes(layer) && signalOf(layer) !== null
  );
  const spreads = critical.map((states) => spreadOf(signals, states)).filter((one) => one !== null);
  if (spreads.length < critical.length) return [];
  const least = spreads.reduce((a, b) => b.off < a.off ? b : a);
  const limit = thresholds.gradientBalance * Math.exp(2 * CHANCE * least.doubt);
  if (least.off <= limit) return [];
  const asDrawn = spreadOf(signals, usual);
  if (asDrawn !== null && asDrawn.off <= limit && least.off <= limit * USUALLY_OFF.small ** 2) {
    return [];
  }
  const { largest, smallest, off } = least;
  const expected = atMost(limit);
  const figures = { factor: figure(off, "ratio / predicted ratio") };
  return [{
    severity: "warning",
    kind: "spread-by-theory",
    layer: largest.name,
    layers: [smallest.name, largest.name],
    measured: off,
    expected,
    threshold: "gradientBalance",
    figures,
    message: say`The gradient is uneven across the layers: the squared norms of delta in
      ${layerName(largest.name)} and ${layerName(smallest.name)} are ${figures.factor} times further
      apart than theory predicts for healthy kernels; expected ${expected} times
      (gradientBalance).`,
    fix: fix(),
  }];
}

/**
 * Judges how each layer changes the gradients that it receives, in a network that is not a plain
 * chain, against the theory of that step.
 *
 * @param subject The case to judge.
 * @param judged The layers whose gradients are more than rounding.
 * @param limitOf Returns the largest factor for a layer with that number of units.
 */
export function judgeRatioByTheory(
  { network, thresholds }: Case<"minWidth">,
  judged: readonly LayerMeasurements[],
  limitOf: (units: number) => number,
): Verdict[] {
  const { local } = networkOf(network.measurements).theory;
  return judgedLayers(network).flatMap((layer): Verdict[] => {
    const measured = judged.includes(layer) ? signalOf(layer) : null;
    const prediction = local.get(layer.name);
    const expected = prediction?.deltas ?? 0;
    const kernel = network.chain.find((one) => one.layer === layer);
    const units = kernel?.units ?? layer.shape?.at(-1) ?? 0;
    if (measured === null || !(expected > 0) || units < thresholds.minWidth) return [];
    const off = measured / expected;
    const limit = limitOf(units) ** 2 * Math.exp(2 * CHANCE * prediction!.doubt.deltas);
    if (isWithin(off, limit)) return [];
    const range = between(1 / limit, limit);
    const figures = { factor: figure(off, "|delta|^2 / predicted |delta|^2") };
    return [{
      severity: "warning",
      kind: off < 1 ? "small" : "large",
      layer: layer.name,
      measured: off,
      expected: range,
      threshold: "gradientRatioFactor",
      figures,
      message: say`The gradient of ${layerName(layer.name)} is not the size that theory predicts:
        the squared norm of delta is ${figures.factor} times what follows from the deltas above it;
        expected ${range} times (gradientRatioFactor).`,
      fix: say`Check what pushes z of ${layerName(layer.name)} to one side (biases, inputs), at
        the kernels that it feeds, and at the gradients of what lies between.`,
    }];
  });
}

/** Returns the factor between a value and the nearest end of the healthy range, 1 inside it. */
function offOf(value: number, healthy: readonly number[]): number {
  const low = Math.min(...healthy);
  const high = Math.max(...healthy);
  if (value < low) return value / low;
  return value > high ? value / high : 1;
}

function isWithin(off: number, limit: number): boolean {
  return off <= limit && off >= 1 / limit;
}

/** Returns the squared norm of delta, or `null` if it is 0 or not finite. */
function signalOf({ preActivationGradients: delta }: LayerMeasurements): number | null {
  return delta !== null && delta.nonFinite === 0 && delta.l2 > 0 ? delta.l2 ** 2 : null;
}

/** Returns the spread of the ratios of measured to predicted signals. */
function spreadOf(layers: readonly LayerMeasurements[], states: Predictions) {
  const shares = layers.flatMap((layer) => {
    const prediction = states.get(layer.name);
    const predicted = prediction?.deltas ?? 0;
    return predicted > 0
      ? [{ layer, share: signalOf(layer)! / predicted, doubt: prediction!.doubt.deltas }]
      : [];
  });
  if (shares.length < 2) return null;
  const most = shares.reduce((a, b) => b.share > a.share ? b : a);
  const least = shares.reduce((a, b) => b.share < a.share ? b : a);
  return {
    largest: most.layer,
    smallest: least.layer,
    off: most.share / least.share,
    doubt: Math.max(most.doubt, least.doubt),
  };
}

/** Kinds of layers with kernels that theory describes. */
const KERNELS: readonly LayerKind[] = ["dense", "convolution", "recurrent"];

/**
 * Returns the hidden layers with kernels that theory judges in a network that is not a plain chain.
 */
function judgedLayers({ layers }: NetworkView): LayerMeasurements[] {
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
function outputOf(layer: LayerMeasurements, graph: Graph): LayerMeasurements | null {
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
