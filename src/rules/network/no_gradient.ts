import type {
  LayerMeasurements,
  Measurements,
  WeightMeasurements,
} from "../../measure/measurements.ts";
import { isKernel, isRecurrentKernel } from "../../theory/weight_kinds.ts";
import { networkOf } from "./network.ts";
import type { NetworkView } from "./network_view.ts";
import { stepsOf } from "./theory_nodes.ts";

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
