import type {
  LayerMeasurements,
  Measurements,
  WeightMeasurements,
} from "../../measure/measurements.ts";
import type { TensorStatistics } from "../../measure/tensor_statistics.ts";
import { fans } from "../../theory/fans.ts";
import { isBias, isKernel, isShift } from "../../theory/weight_kinds.ts";

/** How the biases of a network came about, as far as one pass can tell. */
export type Biases = "constant" | "drawn" | "moved";

/**
 * How the biases of the hidden layers (and the betas of normalisations) came about: all zero or constant, as
 * most initialisers have it; drawn at random, where all that vary look like PyTorch's draw; or moved by
 * training, which moves each by itself. The head is left out because it may start at the prior of the targets,
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
  return varying.every(({ layer, shift }) => isDrawnByPyTorch(layer, shift)) ? "drawn" : "moved";
}

/** Up to this many standard deviations count as chance. */
const CHANCE = 4;
/** Fewer biases could be drawn from anywhere. */
const MIN_BIASES = 16;

/**
 * Whether a bias may be a draw from -1 / sqrt(fan-in) to 1 / sqrt(fan-in), all alike: within these limits and
 * up to them, and of their mean and deviation but for chance. Training from zero knows no such limits, and
 * training from such a draw soon leaves them.
 */
function isDrawnByPyTorch(
  { kind, kernelLayout, weights }: LayerMeasurements,
  shift: WeightMeasurements,
) {
  const kernel = weights.find(isKernel);
  const { count, maxAbs, mean, std } = shift.values;
  const isOther = kernel === undefined || !isBias(shift) || kind === "recurrent";
  if (isOther || count < MIN_BIASES) return false;
  const limit = 1 / Math.sqrt(fans(kernel.shape, kernelLayout).fanIn);
  const deviation = limit / Math.sqrt(3);
  // The variance of n such numbers strays by sqrt(0.8 / n) of itself; the largest is further from the
  // limit than 7 / n of it in one draw of a thousand.
  return maxAbs <= limit * (1 + 1e-5) && maxAbs >= limit * (1 - 7 / count) &&
    Math.abs(mean) <= CHANCE * deviation / Math.sqrt(count) &&
    Math.abs(std / deviation - 1) <= CHANCE * 0.5 * Math.sqrt(0.8 / count);
}

/** Whether a quarter of the biases is 1 and the others are equal, by what deviation goes with their mean. */
function startsToForget(
  { kind }: LayerMeasurements,
  { mean, std, maxAbs }: TensorStatistics,
): boolean {
  return kind === "recurrent" && maxAbs >= 1 &&
    Math.abs(std * Math.sqrt(3) - Math.abs(1 - mean)) <= 1e-5;
}
