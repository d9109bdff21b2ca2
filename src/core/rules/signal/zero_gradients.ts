import type {
  LayerMeasurements,
  Measurements,
  WeightMeasurements,
} from "../../measure/measurements.ts";
import { isKernel, isRecurrentKernel, isShift } from "../../../ground/theory/weight_kinds.ts";
import { optimizerTraits } from "../../../ground/traits/optimizers.ts";
import { sharesHead } from "../network/heads.ts";
import { networkOf } from "../network/network.ts";
import type { NetworkView } from "../network/network_view.ts";
import { stepsOf } from "../network/theory_nodes.ts";
import { joined, layerName, say, type Sentence, weightName } from "../say.ts";

/**
 * Returns things to check if the weights of a layer have a gradient of exactly 0.
 *
 * @param options `excused`: it gets no signal for a harmless reason.
 */
export function zeroGradientCause(
  layer: LayerMeasurements,
  network: NetworkView,
  { excused }: { excused: boolean },
): Sentence {
  const { measurements } = network;
  if (excused) {
    const opening = openingAbove(layer, measurements);
    return opening === undefined
      ? say`See the rule vanishing-gradients, which says where the signal is lost.`
      : say`Measure again after one training step: ${opening} is all zeros and has a gradient, so it lets
        the signal through after its first step.`;
  }
  const { name, role, preActivationGradients: delta } = layer;
  if (delta !== null && delta.maxAbs > 0) {
    const mutual = mutualZeros(layer, measurements);
    if (mutual.length > 1) {
      const weights = joined(mutual.map((weight) => [weightName(weight, name)]), ", ");
      return say`Draw all but one of ${weights} at random: they are all zeros, and where they are
        multiplied each blocks the gradient of the others.`;
    }
    const zeros = zeroKernel(layer);
    if (zeros !== undefined) {
      return say`The delta of ${layerName(name)} is not 0, but ${weightName(zeros, name)} is all
        zeros, so that its state is 0 at every step: draw that kernel at random.`;
    }
    if (normalizesOneUnit(layer)) {
      return say`Remove ${layerName(name)}, or put it before a wider layer: of one unit it makes 0,
        whatever that is.`;
    }
    const where = silentFeed(layer, measurements);
    return say`The delta of ${layerName(name)} is not 0, so all of its inputs are 0: look at
      ${where}.`;
  }
  if (role === "hidden") {
    const where = (layer.activationGradients?.maxAbs ?? 0) > 0
      ? [layerName(name)]
      : say`what follows ${layerName(name)}`;
    return say`Look at ${where}: the signal is lost there, see the rule vanishing-gradients.`;
  }
  const isShut = networkOf(network.measurements).shut.some((end) => sharesHead(end, layer));
  if (!isShut && measurements.objective.value === 0) {
    return say`The objective is 0 on this batch, so there is nothing to learn from it: measure on
      another batch, and check the objective if it is 0 there too.`;
  }
  if (isShut) {
    return say`See the rule vanishing-gradients, which says why the head lets no gradient through.`;
  }
  const after = network.layers.find((other) =>
    other.kind === "opaque" && network.graph.isBelow(layer, other)
  );
  return after !== undefined
    ? say`Look at ${layerName(after.name)}, a layer of your own: it sends no gradient on.`
    : say`Check the objective and its targets: they send no gradient to the head.`;
}

/** Returns true if a layer normalises one unit per example, and not over the batch. */
export function normalizesOneUnit(layer: LayerMeasurements): boolean {
  const { kind, normalization, shape, activations } = layer;
  return kind === "normalization" && normalization === undefined && shape?.at(-1) === 1 &&
    activations?.maxAbs === 0;
}

/**
 * Returns the name of the zeros above a layer that block its signal until their first step: a head,
 * or the end of a branch. A layer that is all zeros itself has none, because what it feeds may wait
 * for it.
 */
function openingAbove(layer: LayerMeasurements, { layers }: Measurements): string | undefined {
  const kernels = layer.weights.filter(isKernel);
  if (kernels.length > 0 && kernels.every(({ values }) => values.maxAbs === 0)) return undefined;
  return layers
    .filter((other) => other.depth >= layer.depth && sharesHead(layer, other))
    .flatMap(({ weights }) => weights)
    .find((weight) => mayOpen(weight) && !isZero(weight))?.name;
}

/**
 * Returns true if a weight is all zeros and multiplies the signal: a kernel, a factor or a gamma,
 * but not a shift.
 */
function mayOpen(weight: WeightMeasurements): boolean {
  const { trainable, gradients, values } = weight;
  return trainable && gradients !== null && values.maxAbs === 0 && values.nonFinite === 0 &&
    !isShift(weight);
}

/**
 * Returns the names of a layer's zero kernels that have no gradient although the layer has inputs:
 * they are multiplied with each other, like queries and keys.
 */
export function mutualZeros(layer: LayerMeasurements, measurements: Measurements): string[] {
  const { layers, batch } = measurements;
  if (layer.weights.some(isRecurrentKernel) || batch.inputs.maxAbs === 0) return [];
  const isFed = layer.weights.some((weight) => isKernel(weight) && !isZero(weight)) ||
    !layers.slice(0, layers.indexOf(layer))
      .some(({ activations }) => activations?.maxAbs === 0);
  if (!isFed) return [];
  return layer.weights
    .filter((weight) => isKernel(weight) && mayOpen(weight) && isZero(weight))
    .map(({ name }) => name);
}

/** Returns the name of the zero kernel that hides the inputs from a recurrent layer. */
function zeroKernel({ weights, activations }: LayerMeasurements): string | undefined {
  if (!weights.some(isRecurrentKernel) || activations?.maxAbs !== 0) return undefined;
  return weights
    .filter((weight) => isKernel(weight) && !isRecurrentKernel(weight))
    .find(({ values }) => values.maxAbs === 0 && values.nonFinite === 0)?.name;
}

/** Returns the nearest earlier layer that outputs only zeros. */
function silentFeed(layer: LayerMeasurements, { layers, batch }: Measurements): Sentence {
  const before = layers
    .slice(0, layers.indexOf(layer))
    .filter((other) => sharesHead(other, layer));
  const silent = before.findLast(({ activations }) => activations?.maxAbs === 0);
  if (silent !== undefined) return [layerName(silent.name)];
  return batch.inputs.maxAbs === 0 ? say`the inputs` : say`the layers before it`;
}

/**
 * Returns true if the compiled optimizer is thrown off by a large gradient. Others are not: of 11
 * networks whose layer normalisations enlarge the gradient of padding, all train with Adam and 4 do
 * not with SGD; of 7 whose only problem is large targets, 6 train with Adam and 1 with SGD.
 */
export function takesGradientAsItIs({ optimizer }: Measurements): boolean {
  return optimizer !== undefined && optimizerTraits(optimizer.name)?.takesGradientAsItIs === true;
}

/**
 * Returns true if a recurrent layer has nonzero outputs and a delta, so that a zero gradient of its
 * recurrent kernel means that the state was 0 before each step with a delta, as before the first
 * one.
 */
export function startsAtZero(layer: LayerMeasurements, measurements: Measurements): boolean {
  const { activations, preActivationGradients: delta } = layer;
  if (delta === null || delta.maxAbs === 0) return false;
  return activations !== null && activations.maxAbs > 0 || stepsOf(layer, measurements) === 1;
}

/** Returns true if a layer has a delta that reaches its kernel. */
export function hasSignal({ weights, preActivationGradients: delta }: LayerMeasurements): boolean {
  return (delta?.maxAbs ?? 0) > 0 &&
    weights.some((weight) => isKernel(weight) && (weight.gradients?.maxAbs ?? 0) > 0);
}

/**
 * Returns the name of the zeros that block the signal from the other weights of a layer until the
 * first step: a matrix or factor in the layer itself, as in LoRA, or the kernel that feeds a layer
 * without one.
 */
export function waitsFor(layer: LayerMeasurements, { layers }: Measurements): string | undefined {
  const { weights, preActivationGradients: delta } = layer;
  if ((delta?.maxAbs ?? 0) === 0 || weights.some(isRecurrentKernel)) return undefined;
  const own = weights.find((weight) => isOpening(weight) && !isZero(weight));
  if (own !== undefined || weights.some(isKernel)) return own?.name;
  const before = layers.slice(0, layers.indexOf(layer));
  return before
    .findLast((other) => other.depth === layer.depth && other.weights.some(isKernel))
    ?.weights.find((weight) => isOpening(weight) && !isZero(weight))?.name;
}

/** Returns true for a trainable weight of zeros that blocks others. */
function isOpening({ name, shape, trainable, values, gradients }: WeightMeasurements): boolean {
  return (shape.length === 0 || isKernel({ name, shape })) && trainable && gradients !== null &&
    values.maxAbs === 0 && values.nonFinite === 0;
}

/** Returns true if every known entry of a weight's gradient is exactly 0. */
export function isZero({ gradients, gradientsOfUsedRows }: WeightMeasurements): boolean {
  const judged = gradientsOfUsedRows ?? gradients;
  return judged !== null && judged.maxAbs === 0 && judged.nonFinite === 0;
}

/**
 * Returns true if a gradient reaches a layer with a kernel below another one. If that one passes
 * none on, the signal bypasses it, like the branch of a residual block, and the network trains
 * without it.
 */
export function isReachedBelow(layer: LayerMeasurements, network: NetworkView): boolean {
  return networkOf(network.measurements).aboveDelta.has(layer);
}

/**
 * Returns true if all inputs of a layer are zeros while it and layers below it receive a gradient.
 */
export function isFedZeros(layer: LayerMeasurements, network: NetworkView): boolean {
  const inputs = network.graph.inputsOf(layer);
  return (layer.preActivationGradients?.maxAbs ?? 0) > 0 && inputs.length > 0 &&
    inputs.every(({ activations }) => activations?.maxAbs === 0) && isReachedBelow(layer, network);
}
