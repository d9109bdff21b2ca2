import type {
  LayerMeasurements,
  Measurements,
  WeightMeasurements,
} from "../../measure/measurements.ts";
import type { TensorStatistics } from "../../measure/tensor_statistics.ts";
import { CUT_DEVIATION, MEAN_ABS_RATIOS } from "../../theory/drawn_shapes.ts";
import { fans } from "../../theory/fans.ts";
import { initializerStd } from "../../theory/initializer_std.ts";
import { isBias, isKernel, isShift } from "../../theory/weight_kinds.ts";

/** How the biases of a network came about, as far as one pass can tell. */
export type Biases = "constant" | "drawn" | "random" | "moved";

/**
 * How the biases of the hidden layers (and the betas of normalisations) came about: all zero or constant, as
 * most initialisers have it; drawn as PyTorch draws them, in step with the kernel; random, where all that vary
 * look like one draw around 0, and the kernels like draws as well; or moved by training, which moves each by
 * itself. The head is left out because it may start at the prior of the targets,
 * and the forget gate of a recurrent layer may start at 1.
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

/** Up to this many standard deviations count as chance. */
const CHANCE = 4;
/** Fewer entries could be drawn from anywhere. */
const MIN_ENTRIES = 16;

/**
 * Whether a bias may be a draw from -1 / sqrt(fan-in) to 1 / sqrt(fan-in), all alike, as PyTorch draws it and
 * its kernel. Training from zero knows no such limits, and training from such a draw soon leaves them. Of a few
 * biases the kernel tells.
 */
export function isDrawnByPyTorch(
  { kind, kernelLayout, weights }: LayerMeasurements,
  shift: WeightMeasurements,
): boolean {
  const kernel = weights.find(isKernel);
  if (kernel === undefined || !isBias(shift) || kind === "recurrent") return false;
  const limit = 1 / Math.sqrt(fans(kernel.shape, kernelLayout).fanIn);
  return shift.values.count < MIN_ENTRIES
    ? shift.values.maxAbs <= limit * (1 + 1e-5) && isUniform(kernel.values, limit)
    : isUniform(shift.values, limit);
}

/** Whether numbers may be a draw from -limit to limit: within these and up to them, of their mean and deviation. */
function isUniform({ count, maxAbs, mean, std }: TensorStatistics, limit: number): boolean {
  const deviation = limit / Math.sqrt(3);
  // The variance of n such numbers strays by sqrt(0.8 / n) of itself; the largest is further from the
  // limit than 7 / n of it in one draw of a thousand.
  return maxAbs <= limit * (1 + 1e-5) && maxAbs >= limit * (1 - 7 / count) &&
    Math.abs(mean) <= CHANCE * deviation / Math.sqrt(count) &&
    Math.abs(std / deviation - 1) <= CHANCE * 0.5 * Math.sqrt(0.8 / count);
}

/** Whether weights look as an initialiser draws them, of whatever scale: around 0, and without heavy tails. */
export function isDrawn(
  { count, mean, meanAbs, rms, std }: Pick<
    TensorStatistics,
    "count" | "mean" | "meanAbs" | "rms" | "std"
  >,
): boolean {
  // The ratio of n numbers strays by 0.21 / sqrt(n) or less.
  const strays = CHANCE * 0.25 / Math.sqrt(count);
  return count >= MIN_ENTRIES && std > 0 && Math.abs(mean) <= CHANCE * std / Math.sqrt(count) &&
    Object.values(MEAN_ABS_RATIOS).some((ratio) => Math.abs(meanAbs / rms - ratio) <= strays);
}

/** Whether several weights may all be draws from one distribution around 0. */
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
  // The deviation of n normal numbers strays by 1 / sqrt(2 n) of itself.
  return isDrawn(together) &&
    all.every((values) =>
      Math.abs(values.rms / rms - 1) <= CHANCE / Math.sqrt(2 * values.count) &&
      Math.abs(values.mean) <= CHANCE * rms / Math.sqrt(values.count)
    );
}

/** Whether a quarter of the biases is 1 and the others are equal, by what deviation goes with their mean. */
function startsToForget(
  { kind }: LayerMeasurements,
  { mean, std, maxAbs }: TensorStatistics,
): boolean {
  return kind === "recurrent" && maxAbs >= 1 &&
    Math.abs(std * Math.sqrt(3) - Math.abs(1 - mean)) <= 1e-5;
}

/** Standard deviations that are asked for by themselves: those of RandomNormal and RandomUniform, and of models. */
const USUAL = [0.01, 0.02, 0.05, 0.05 / Math.sqrt(3)];

/**
 * Whether a layer looks as it was made: each kernel like a draw, of a deviation that an initialiser gives it, and
 * its biases constant or drawn along with it.
 */
export function looksUntrained(layer: LayerMeasurements): boolean {
  const kernels = layer.weights.filter(isKernel);
  return kernels.length > 0 &&
    kernels.every(({ shape, values }) => isDrawn(values) && isUsual(values, shape, layer)) &&
    layer.weights.filter(isShift).every((shift) =>
      shift.values.std <= 1e-6 * shift.values.maxAbs || startsToForget(layer, shift.values) ||
      isDrawnByPyTorch(layer, shift)
    );
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
