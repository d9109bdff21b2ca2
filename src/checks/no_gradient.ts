import type {
  LayerMeasurements,
  Measurements,
  WeightMeasurements,
} from "../measure/measurements.ts";
import { isKernel, isRecurrentKernel } from "../theory/weight_kinds.ts";
import { sharesHead, shutsOut } from "./heads.ts";

/** Why a layer has weights with a gradient of 0, as the advice says it. */
export function cause(
  layer: LayerMeasurements,
  excused: boolean,
  measurements: Measurements,
): string {
  if (excused) return "See the rule vanishing-gradients, which says why this harms nothing.";
  const { name, role, preActivationGradients: delta } = layer;
  if (delta !== null && delta.maxAbs > 0) {
    const zeros = zeroKernel(layer);
    if (zeros !== undefined) {
      return `The delta of ${name} is not 0, but ${zeros} is all zeros, so that its state is 0 at ` +
        `every step: draw that kernel at random.`;
    }
    const where = silentFeed(layer, measurements);
    return `The delta of ${name} is not 0, so everything it is fed is 0: look at ${where}.`;
  }
  if (role === "hidden") {
    const where = (layer.activationGradients?.maxAbs ?? 0) > 0 ? name : `what follows ${name}`;
    return `Look at ${where}: the signal is lost there, see the rule vanishing-gradients.`;
  }
  const isShut = measurements.layers.some((end) =>
    shutsOut(end, measurements) && sharesHead(end, layer)
  );
  if (!isShut && measurements.objective.value === 0) {
    return "The objective is 0 on this batch, so there is nothing to learn from it: measure on another " +
      "one, and look at the objective if it is 0 there too.";
  }
  return isShut
    ? "See the rule vanishing-gradients, which says why the head lets no gradient through."
    : "Look at the objective and its targets: they send the head no gradient.";
}

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

/** The name of the kernel of zeros by which a recurrent layer sees nothing of what it is fed. */
function zeroKernel({ weights, activations }: LayerMeasurements): string | undefined {
  if (!weights.some(isRecurrentKernel) || activations?.maxAbs !== 0) return undefined;
  return weights
    .filter((weight) => isKernel(weight) && !isRecurrentKernel(weight))
    .find(({ values }) => values.maxAbs === 0 && values.nonFinite === 0)?.name;
}

/** The nearest layer before that puts out nothing but zeros. */
function silentFeed(layer: LayerMeasurements, { layers, batch }: Measurements): string {
  const before = layers
    .slice(0, layers.findIndex(({ name }) => name === layer.name))
    .filter((other) => sharesHead(other, layer));
  const silent = before.findLast(({ activations }) => activations?.maxAbs === 0);
  if (silent !== undefined) return silent.name;
  return batch.inputs.maxAbs === 0 ? "the inputs" : "the layers before it";
}

/** Whether a weight has a gradient that is 0 in every entry that counts. */
export function isZero({ gradients, gradientsOfUsedRows }: WeightMeasurements): boolean {
  const judged = gradientsOfUsedRows ?? gradients;
  return judged !== null && judged.maxAbs === 0 && judged.nonFinite === 0;
}
