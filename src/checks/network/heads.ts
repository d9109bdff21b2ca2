import type { LayerMeasurements, Measurements } from "../../measure/measurements.ts";
import { lossTraits } from "../../traits/losses.ts";
import { hasKernel } from "./signal_path.ts";

/** The single head of a model: its last kernel, and the activation of its output. */
export interface Head {
  /** The row that holds the head's kernel. */
  layer: LayerMeasurements;
  /** The row that the output's activation belongs to, where it is another one; else `null`. */
  output: LayerMeasurements | null;
  /**
   * Name of the activation of the output; `linear` where there is none, `null` where it is not known, because the model
   * ends in a layer of a kind of its own, or in a recurrent one.
   */
  activation: string | null;
  /** The row whose activation what goes into the last one has just been through, or `null`. */
  before: LayerMeasurements | null;
  /** How many output units it has, or `null` where the shape varies. */
  units: number | null;
}

/** Whether a layer has one of the last kernels before an output. */
export function isKernelHead(layer: LayerMeasurements): boolean {
  return layer.role === "output" && hasKernel(layer);
}

/** The head of a model with one, in the layer with the kernel or in an activation after it. */
export function headLayer({ layers }: Measurements): Head | null {
  // What runs inside a recurrent layer, such as its gates, is not what the layer puts out.
  const outputs = layers.filter(({ role, kind }) => role === "output" && kind !== "cell");
  const kernels = outputs.filter(hasKernel);
  if (kernels.length !== 1) return null;
  const isKnown = !outputs.some(({ kind }) => kind === "opaque" || kind === "recurrent");
  const isActive = ({ activation }: LayerMeasurements) =>
    activation !== null && activation !== "linear";
  const active = outputs.findLast(isActive);
  const last = layers[layers.findIndex((layer) => layer === active) - 1];
  const shape = (active ?? kernels[0]).shape;
  return {
    layer: kernels[0],
    output: active === kernels[0] ? null : active ?? null,
    activation: isKnown ? active?.activation ?? "linear" : null,
    before: active !== kernels[0] && outputs.includes(last) && isActive(last) ? last : null,
    units: shape?.at(-1) ?? null,
  };
}

/** Whether two layers lie on the way of one head, so that a signal may pass through both. */
export function sharesHead(a: LayerMeasurements, b: LayerMeasurements): boolean {
  if (a.heads === undefined || b.heads === undefined) return true;
  return a.heads.some((head) => b.heads!.includes(head));
}

/** The mean slope a (1 - a) below which outputs from 0 to 1 are all 0 or 1: float32 resolves 6e-8. */
const CERTAIN = 1e-6;
/** A loss below this has been learned: then certain outputs are right, and 0 is their true gradient. */
const LEARNED = 0.01;

/**
 * Whether a head lets nothing through: it is sent a gradient, or is certain and wrong, and its delta is 0.
 * (Of a certain one so small a delta counts as none.)
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

/** The mean over the examples of 1 - sum a^2 up to which a softmax has mostly chosen: 0.5 is torn in two. */
const WAVERING = 0.25;

/**
 * Whether a softmax or a sigmoid at the end of the model is certain for every example, and wrong for some:
 * all its outputs are 0 or 1 while the objective is not yet small. Its own delta may be exactly 0 then, and
 * dJ/da too, for cross-entropies clip their probabilities and what is clipped has no gradient. Where that
 * of a softmax is 0, all targets are certain, though a few examples may waver between two wrong classes.
 */
export function isCertainHead(layer: LayerMeasurements, { objective }: Measurements): boolean {
  const { role, activations, activationGradients: sent } = layer;
  const activation = headActivation(layer);
  if (role !== "output" || activation === null || activations === null) return false;
  if (activations.nonFinite > 0 || !(objective.value > LEARNED)) return false;
  // For numbers from 0 to 1, mean(a^2) = mean(a) holds where each is 0 or 1, and only there.
  const doubt = activations.meanAbs - activations.rms ** 2;
  if (doubt <= CERTAIN) return true;
  const loss = lossTraits(objective.name);
  // Losses over classes clip what they take the logarithm of, and have no gradient there.
  return activation === "softmax" && loss?.family === "classes" && loss.logits === undefined &&
    sent?.maxAbs === 0 && sent.nonFinite === 0 && doubt <= WAVERING * activations.meanAbs;
}

/** `softmax` or `sigmoid` where the layer ends in one, else `null`. */
export function headActivation({ activation }: LayerMeasurements) {
  if (activation === "softmax") return "softmax";
  return activation === "sigmoid" ? "sigmoid" : null;
}

/** The layers whose gradients are rounding, for all that lies above them are softmax heads. */
export function silentLayers({ layers, objective }: Measurements): Set<LayerMeasurements> {
  if (objective.name !== "sum") return new Set();
  const outputs = layers.filter(({ role }) => role === "output");
  const softmaxes = outputs.filter(isSoftmax);
  if (softmaxes.length === 0) return new Set();
  const kernels = outputs.filter(hasKernel);
  // Rounding leaves some 1e-8 of what is sent; a softmax that something else follows passes more.
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

/** Whether a layer ends in a softmax. */
export function isSoftmax({ activation }: LayerMeasurements): boolean {
  return activation === "softmax";
}
