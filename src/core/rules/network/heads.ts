import type { LayerMeasurements, Measurements } from "../../measure/measurements.ts";
import { isEinsumLayout, unitCount } from "../../../ground/traits/layers.ts";
import { lossTraits } from "../../../ground/traits/losses.ts";
import { hasKernel } from "./signal_path.ts";

/** Single head of a model: its last kernel and the activation of its output. */
export interface Head {
  /** Row of the head's kernel. */
  layer: LayerMeasurements;
  /** Row of the output's activation if it is another one, else `null`. */
  output: LayerMeasurements | null;
  /**
   * Name of the output's activation: `linear` if there is none, `null` if it is not known because
   * the model ends in a custom or recurrent layer, or computes with the activation's outputs.
   */
  activation: string | null;
  /** Row of the activation right before the last one, or `null`. */
  before: LayerMeasurements | null;
  /** Number of output units, or `null` if the shape varies. */
  units: number | null;
}

/** Returns true if a layer has one of the last kernels before an output. */
export function isKernelHead(layer: LayerMeasurements): boolean {
  return layer.role === "output" && hasKernel(layer);
}

/**
 * Kinds of layers behind an activation whose outputs may leave its range: a scale and a shift in a
 * program of PyTorch, or a product with the weights of another layer.
 */
const CHANGES_RANGE: ReadonlySet<string> = new Set(["merge", "rescaling", "addition", "dense"]);

/**
 * Returns the head of a model that has exactly one: the layer with the kernel, and the activation
 * after it.
 */
export function headLayer({ layers }: Measurements): Head | null {
  // The gates and other parts of a recurrent layer are not its output.
  const outputs = layers.filter(({ role, kind }) => role === "output" && kind !== "cell");
  const kernels = outputs.filter(hasKernel);
  if (kernels.length !== 1) return null;
  const isActive = ({ activation }: LayerMeasurements) =>
    activation !== null && activation !== "linear";
  const active = outputs.findLast(isActive);
  const after = active === undefined ? [] : outputs.slice(outputs.indexOf(active) + 1);
  const isKnown = !outputs.some(({ kind }) => kind === "opaque" || kind === "recurrent") &&
    !after.some(({ kind }) => CHANGES_RANGE.has(kind));
  const last = layers[layers.findIndex((layer) => layer === active) - 1];
  const shape = (active ?? kernels[0]).shape;
  return {
    layer: kernels[0],
    output: active === kernels[0] ? null : active ?? null,
    activation: isKnown ? active?.activation ?? "linear" : null,
    before: active !== kernels[0] && outputs.includes(last) && isActive(last) ? last : null,
    // The units of a convolution of PyTorch are not on the last axis.
    units: active === undefined && kernels[0].kind === "convolution" &&
        isEinsumLayout(kernels[0].kernelLayout)
      ? unitCount(kernels[0].weights[0].shape, kernels[0].kernelLayout)
      : shape?.at(-1) ?? null,
  };
}

/** Returns true if two layers lead to a common head, so that a signal may pass through both. */
export function sharesHead(a: LayerMeasurements, b: LayerMeasurements): boolean {
  if (a.heads === undefined || b.heads === undefined) return true;
  return a.heads.some((head) => b.heads!.includes(head));
}

/**
 * Mean slope a (1 - a) below which outputs between 0 and 1 are all 0 or 1: float32 resolves 6e-8.
 */
const CERTAIN = 1e-6;
/**
 * Loss below which the task has been learned: certain outputs are then right, and 0 is their true
 * gradient.
 */
const LEARNED = 0.01;

/**
 * Returns true if a head blocks the gradient: its delta is 0 although it receives a gradient, or is
 * certain and wrong. (For a certain head, a tiny delta counts as 0.)
 */
export function shutsOut(layer: LayerMeasurements, measurements: Measurements): boolean {
  const { role, activationGradients: sent, preActivationGradients: delta } = layer;
  if (role !== "output" || delta === null || delta.nonFinite > 0) return false;
  const size = sent?.maxAbs ?? 0;
  // dJ/da of a cross-entropy grows as 1 / a, while its delta stays near 1 over the examples.
  return isCertainHead(layer, measurements)
    ? delta.maxAbs <= CERTAIN * Math.min(1, size)
    : delta.maxAbs === 0 && (size > 0 || (sent?.nonFinite ?? 0) > 0);
}

/**
 * Mean of 1 - sum a^2 over the examples up to which a softmax has mostly chosen; at 0.5 it is
 * undecided between two.
 */
const WAVERING = 0.25;

/**
 * Returns true if a softmax or sigmoid at the end of the model is certain for every example and
 * wrong for some: all outputs are 0 or 1 while the objective is not small. Its delta may then be
 * exactly 0, and so may dJ/da, because cross-entropies clip probabilities and clipped values have
 * no gradient. If dJ/da of a softmax is 0, its answer is wrong and certain for every example,
 * except a few that may be undecided between two wrong classes.
 */
export function isCertainHead(layer: LayerMeasurements, { objective }: Measurements): boolean {
  const { role, activations, activationGradients: sent } = layer;
  const activation = headActivation(layer);
  if (role !== "output" || activation === null || activations === null) return false;
  if (activations.nonFinite > 0 || !(objective.value > LEARNED)) return false;
  // For numbers from 0 to 1, mean(a^2) = mean(a) holds only if each is 0 or 1.
  const doubt = activations.meanAbs - activations.rms ** 2;
  if (doubt <= CERTAIN) return true;
  const loss = lossTraits(objective.name);
  // Losses over classes clip the argument of the logarithm, and have no gradient there.
  return activation === "softmax" && loss?.family === "classes" && loss.logits === undefined &&
    sent?.maxAbs === 0 && sent.nonFinite === 0 && doubt <= WAVERING * activations.meanAbs;
}

/** Returns `softmax` or `sigmoid` if the layer ends in one, else `null`. */
export function headActivation({ activation }: LayerMeasurements) {
  if (activation === "softmax") return "softmax";
  return activation === "sigmoid" ? "sigmoid" : null;
}

/**
 * Returns the layers that lead only to softmax heads, so that their gradients are rounding errors.
 */
export function silentLayers({ layers, objective }: Measurements): Set<LayerMeasurements> {
  if (objective.name !== "sum") return new Set();
  const outputs = layers.filter(({ role }) => role === "output");
  const softmaxes = outputs.filter(isSoftmax);
  if (softmaxes.length === 0) return new Set();
  const kernels = outputs.filter(hasKernel);
  // Rounding leaves about 1e-8 of the gradient; a softmax followed by another layer passes more.
  const sent = Math.max(...outputs.map(({ activationGradients }) => activationGradients?.rms ?? 0));
  const ends = new Set(
    kernels
      .filter(({ preActivationGradients: delta }) => (delta?.rms ?? 0) <= 1e-5 * sent)
      .filter((head) => softmaxes.some((softmax) => headsOf(softmax, kernels).includes(head.name)))
      .map(({ name }) => name),
  );
  const isSilent = (layer: LayerMeasurements) =>
    headsOf(layer, kernels).every((name) => ends.has(name));
  return softmaxes.some(isSilent) ? new Set(layers.filter(isSilent)) : new Set();
}

function headsOf({ heads }: LayerMeasurements, kernels: LayerMeasurements[]): string[] {
  return heads ?? kernels.map(({ name }) => name);
}

export function isSoftmax({ activation }: LayerMeasurements): boolean {
  return activation === "softmax";
}
