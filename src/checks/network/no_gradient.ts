import type {
  LayerMeasurements,
  Measurements,
  WeightMeasurements,
} from "../../measure/measurements.ts";
import { isKernel, isRecurrentKernel } from "../../theory/weight_kinds.ts";
import type { Network } from "./network.ts";

/**
 * Whether a recurrent layer puts out more than zeros and has a delta, so that a gradient of 0 of its
 * recurrent kernel says that the state before each step with a delta was 0: as before the first one.
 */
export function startsAtZero(layer: LayerMeasurements, measurements: Measurements): boolean {
  const { activations, preActivationGradients: delta } = layer;
  if (delta === null || delta.maxAbs === 0) return false;
  return activations !== null && activations.maxAbs > 0 || stepsOf(layer, measurements) === 1;
}

/** How many steps a recurrent layer ran for, by how many z it has; `null` where that is not known. */
export function stepsOf(
  { weights, preActivations, shape, calls }: LayerMeasurements,
  { batch }: Measurements,
) {
  const kernels = weights.filter(isRecurrentKernel);
  if (preActivations === null || kernels.length === 0) return null;
  // Positions of a convolution, and z of all gates at each of them.
  const window = kernels[0].shape.length - 2;
  const positions = (shape ?? []).slice(-1 - window, -1).reduce((all, size) => all * size, 1);
  const columns = kernels.reduce((sum, { shape }) => sum + shape[shape.length - 1], 0);
  return preActivations.count / (batch.examples * calls * positions * columns);
}

/** Whether a layer has a delta that reaches its kernel. */
export function hasSignal({ weights, preActivationGradients: delta }: LayerMeasurements): boolean {
  return (delta?.maxAbs ?? 0) > 0 &&
    weights.some((weight) => isKernel(weight) && (weight.gradients?.maxAbs ?? 0) > 0);
}

/**
 * The name of the zeros that keep all signal from the other weights of a layer until its first step:
 * a matrix or a factor in the layer itself, as in LoRA, or the kernel that feeds a layer without one.
 */
export function waitsFor(layer: LayerMeasurements, { layers }: Measurements): string | undefined {
  const { weights, preActivationGradients: delta } = layer;
  if ((delta?.maxAbs ?? 0) === 0 || weights.some(isRecurrentKernel)) return undefined;
  const own = weights.find((weight) => isOpening(weight) && !isZero(weight));
  if (own !== undefined || weights.some(isKernel)) return own?.name;
  const before = layers.slice(0, layers.findIndex(({ name }) => name === layer.name));
  return before
    .findLast((other) => other.depth === layer.depth && other.weights.some(isKernel))
    ?.weights.find((weight) => isOpening(weight) && !isZero(weight))?.name;
}

/** Whether a weight of zeros, on which the others hang, is trained. */
function isOpening({ name, shape, trainable, values, gradients }: WeightMeasurements): boolean {
  return (shape.length === 0 || isKernel({ name, shape })) && trainable && gradients !== null &&
    values.maxAbs === 0 && values.nonFinite === 0;
}

/** Whether all that is known of the gradient of a weight is that it is exactly 0. */
export function isZero({ gradients, gradientsOfUsedRows }: WeightMeasurements): boolean {
  const judged = gradientsOfUsedRows ?? gradients;
  return judged !== null && judged.maxAbs === 0 && judged.nonFinite === 0;
}

/**
 * Whether a gradient reaches a layer with a kernel below another one. Where that one passes none on, the
 * signal then goes round it, as it goes round the branch of a residual block, and the network trains without.
 */
export function isReachedBelow(layer: LayerMeasurements, network: Network): boolean {
  return network.signalPath().some(({ layer: { preActivationGradients: delta }, layer: other }) =>
    delta !== null && (delta.maxAbs > 0 || delta.nonFinite > 0) &&
    network.graph.isBelow(other, layer)
  );
}

/** Whether a layer is fed nothing but zeros and receives a gradient, as do layers below it. */
export function isFedZeros(layer: LayerMeasurements, network: Network): boolean {
  const inputs = network.graph.inputsOf(layer);
  return (layer.preActivationGradients?.maxAbs ?? 0) > 0 && inputs.length > 0 &&
    inputs.every(({ activations }) => activations?.maxAbs === 0) && isReachedBelow(layer, network);
}
