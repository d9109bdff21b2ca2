import type { LayerMeasurements } from "../../measure/measurements.ts";
import { isKernel } from "../../theory/weight_kinds.ts";

/**
 * Returns the factor by which to weaken penalties so that their gradient, `ratio` times that of the
 * loss, becomes equal to it. Rounded up to two digits.
 */
export function enoughWeaker(ratio: number): number {
  const unit = 10 ** (Math.floor(Math.log10(ratio)) - 1);
  return Number((Math.ceil(ratio / unit) * unit).toPrecision(2));
}

/**
 * Returns the l2 norm of a layer's kernels, which regularizers usually act on, or of all weights if
 * it has none.
 */
export function kernelNorm(weights: LayerMeasurements["weights"]): number {
  const kernels = weights.filter(isKernel);
  return Math.hypot(...(kernels.length > 0 ? kernels : weights).map(({ values }) => values.l2));
}
