import type {
  LayerMeasurements,
  Measurements,
  TensorStatistics,
  WeightMeasurements,
} from "../../measure/measurements.ts";
import {
  CUT_DEVIATION,
  defaultFanIn,
  fans,
  initializerStd,
  MEAN_ABS_RATIOS,
} from "../../../ground/theory/initializers.ts";
import { layerTraits } from "../../../ground/traits/layer_traits.ts";
import {
  isBias,
  isKernel,
  isRecurrentWeight,
  isShift,
} from "../../../ground/theory/weight_kinds.ts";

/** Origin of the biases of a network, as far as one pass can tell. */
export type Biases = "constant" | "drawn" | "random" | "moved";

/**
 * Classifies the biases of the hidden layers and the betas of normalisations. "constant": all zero
 * or constant, as most initialisers set them. "drawn": drawn with the kernel, as PyTorch does.
 * "random": all that vary look like one draw around 0, and the kernels look drawn as well. "moved":
 * moved by training, each separately. Ignores the head, which may start at the prior of the targets,
 * and the forget gate of a recurrent layer, which may start at 1.
 */
export function biasesOf({ layers }: Measurements): Biases {
  const varying = layers
    .filter(({ role }) => role === "hidden")
    .flatMap((layer) =>
      layer.weights
        .filter(isShift)
        .filter(({ values }) => values.std > 1e-6 * values.maxAbs && !startsToForget(layer, values))
        .map((shift) => ({ layer, shift }))
    );
  if (varying.length === 0) return "constant";
  if (varying.every(({ layer, shift }) => isDrawnByPyTorch(layer, shift))) return "drawn";
  const kernels = layers.filter(({ role }) => role === "hidden")
    .flatMap(({ weights }) => weights.filter(isKernel).map(({ values }) => values));
  const isRandom = isOneDraw(varying.map(({ shift }) => shift.values)) && kernels.every(isDrawn);
  return isRandom ? "random" : "moved";
}

/** Number of standard deviations that count as chance. */
const CHANCE = 4;
/** Fewer entries could come from any distribution. */
const MIN_ENTRIES = 16;

/**
 * Returns true if a bias may be a uniform draw from -1 / sqrt(fan-in) to 1 / sqrt(fan-in), as
 * PyTorch draws it and its kernel. Training from zero has no such limits, and training from such a
 * draw soon exceeds them. For small biases the kernel decides.
 */
export function isDrawnByPyTorch(
  layer: LayerMeasurements,
  shift: WeightMeasurements,
): boolean {
  const { kind, kernelLayout, weights } = layer;
  const kernel = weights.find(kind === "recurrent" ? isStateOfPyTorch : isKernel);
  if (kernel === undefined || !isBias(shift)) return false;
  // All weights of a recurrent layer have the limit of its units.
  const limit = 1 / Math.sqrt(
    kind === "recurrent" ? unitsOf(layer, kernel) : defaultFanIn(kernel.shape, kernelLayout),
  );
  return shift.values.count < MIN_ENTRIES
    ? shift.values.maxAbs <= limit * (1 + 1e-5) && isUniform(kernel.values, limit)
    : isUniform(shift.values, limit);
}

/** Gates of a recurrent layer, the candidate included, by the operation of its traits. */
const GATES: Readonly<Record<string, number>> = { simple: 1, gated: 3, memory: 4 };

function unitsOf({ className }: LayerMeasurements, { shape }: WeightMeasurements): number {
  return shape[0] / (GATES[layerTraits(className).operation ?? ""] ?? 1);
}

const isStateOfPyTorch = ({ name }: WeightMeasurements) => isRecurrentWeight(name);

/**
 * Returns true if numbers may be uniform from -limit to limit: they fill the range, with its mean
 * and deviation.
 */
function isUniform({ count, maxAbs, mean, std }: TensorStatistics, limit: number): boolean {
  const deviation = limit / Math.sqrt(3);
  // The variance of n such numbers varies by sqrt(0.8 / n) of itself; the largest is further than 7
  // / n from the limit in one draw of a thousand.
  return maxAbs <= limit * (1 + 1e-5) && maxAbs >= limit * (1 - 7 / count) &&
    Math.abs(mean) <= CHANCE * deviation / Math.sqrt(count) &&
    Math.abs(std / deviation - 1) <= CHANCE * 0.5 * Math.sqrt(0.8 / count);
}

/**
 * Returns true if weights look drawn by an initialiser of any scale: around 0, without heavy tails.
 */
export function isDrawn(
  { count, mean, meanAbs, rms, std }: Pick<
    TensorStatistics,
    "count" | "mean" | "meanAbs" | "rms" | "std"
  >,
): boolean {
  // The ratio of n numbers varies by 0.21 / sqrt(n) or less.
  const strays = CHANCE * 0.25 / Math.sqrt(count);
  return count >= MIN_ENTRIES && std > 0 && Math.abs(mean) <= CHANCE * std / Math.sqrt(count) &&
    Object.values(MEAN_ABS_RATIOS).some((ratio) => Math.abs(meanAbs / rms - ratio) <= strays);
}

/** Returns true if several weights may all be draws from one distribution around 0. */
function isOneDraw(all: readonly TensorStatistics[]): boolean {
  const sum = (of: (values: TensorStatistics) => number) =>
    all.reduce((total, values) => total + of(values), 0);
  const count = sum(({ count }) => count);
  const rms = Math.sqrt(sum(({ l2 }) => l2 ** 2) / count);
  const together = {
    count,
    rms,
    std: rms,
    mean: sum(({ mean, count }) => mean * count) / count,
    meanAbs: sum(({ meanAbs, count }) => meanAbs * count) / count,
  };
  // The deviation of n normal numbers varies by 1 / sqrt(2 n) of itself.
  return isDrawn(together) &&
    all.every((values) =>
      Math.abs(values.rms / rms - 1) <= CHANCE / Math.sqrt(2 * values.count) &&
      Math.abs(values.mean) <= CHANCE * rms / Math.sqrt(values.count)
    );
}

/**
 * Returns true if a quarter of the biases is 1 and the others are equal, judged from mean and
 * deviation.
 */
function startsToForget(
  { kind }: LayerMeasurements,
  { mean, std, maxAbs }: TensorStatistics,
): boolean {
  return kind === "recurrent" && maxAbs >= 1 &&
    Math.abs(std * Math.sqrt(3) - Math.abs(1 - mean)) <= 1e-5;
}

/**
 * Common fixed standard deviations: those of RandomNormal and RandomUniform, and of published
 * models.
 */
const USUAL = [0.01, 0.02, 0.05, 0.05 / Math.sqrt(3)];

/**
 * Returns true if a layer looks freshly initialised: each kernel looks drawn with the scale of an
 * initialiser, and the biases are constant or drawn with it.
 */
export function looksUntrained(layer: LayerMeasurements): boolean {
  return hasFreshKernels(layer) &&
    layer.weights.filter(isShift).every((shift) =>
      shift.values.std <= 1e-6 * shift.values.maxAbs || startsToForget(layer, shift.values) ||
      isDrawnByPyTorch(layer, shift)
    );
}

/** Returns true if a layer has kernels, and each looks drawn with the scale of an initialiser. */
export function hasFreshKernels(layer: LayerMeasurements): boolean {
  const kernels = layer.weights.filter(isKernel);
  return kernels.length > 0 &&
    kernels.every(({ shape, values }) => isDrawn(values) && isUsual(values, shape, layer));
}

function isUsual(
  { count, std }: TensorStatistics,
  shape: readonly number[],
  { kernelLayout }: LayerMeasurements,
): boolean {
  const own = fans(shape, kernelLayout);
  const schemes = (["he", "lecun", "glorot", "orthogonal"] as const)
    .map((scheme) => initializerStd(scheme, own));
  const deviations = [
    ...[...schemes, ...USUAL].flatMap((deviation) => [deviation, CUT_DEVIATION * deviation]),
    1 / Math.sqrt(3 * own.fanIn),
  ];
  return deviations.some((deviation) =>
    Math.abs(std / deviation - 1) <= CHANCE / Math.sqrt(2 * count)
  );
}
