import { numberAbove, numberFrom, requireValue } from "../words/shape.ts";
import { InputError } from "../words/input_error.ts";
import { activationTraits } from "../traits/activation_traits.ts";
import { showValue } from "../words/show_value.ts";
import { activationMoments } from "./activation_moments.ts";
import { bisect } from "./criticality.ts";
import { gaussianMean } from "./gaussian_mean.ts";
import { resolveActivation } from "./activation_functions.ts";

/**
 * Returns the slope of the forward map of a layer, d ln E[phi(z)^2] / d ln Var(z): the power with
 * which a deviation of the variance is passed on. At 1 the deviation stays (relu); below 1 layers
 * shrink it (tanh); above 1 each layer amplifies it, up or down, so that a deep network without
 * normalisation drifts from its scale (gelu, swish, mish).
 *
 * @param activation Name of the activation.
 * @param variance The variance of z. Default: the variance at which the mean square of a is 1, as
 * for normalised inputs.
 * @returns The slope.
 *
 * @example
 * ```ts
 * import { forwardSlope } from "@gradient-health/gradient-health/theory";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(forwardSlope("relu"), 1);
 * assertAlmostEquals(forwardSlope("gelu"), 1.084, 1e-3);
 * ```
 *
 * @throws {InputError} If the activation is not known, the variance is not a positive number, or is
 * omitted for an activation whose mean square never reaches 1, such as bounded ones.
 */
export function forwardSlope(activation: string, variance?: number): number {
  resolveActivation(activation);
  variance ??= unitVariance(activation);
  requireValue("variance", variance, numberAbove(0));
  return activationMoments(activation, 0, variance)!.stretch;
}

/**
 * Cached results of {@linkcode unitVariance}, by activation: rules ask at every point of a study.
 */
const UNIT_VARIANCES = new Map<string, number>();

/** Returns the variance of z at which the mean square of a is 1. */
function unitVariance(activation: string): number {
  const known = UNIT_VARIANCES.get(activation);
  if (known !== undefined) return known;
  if (activationTraits(activation)?.homogeneous) {
    // The mean square is proportional to the variance, so no search is needed.
    return 1 / activationMoments(activation, 0, 1)!.meanSquare;
  }
  const { value, kinks } = resolveActivation(activation);
  const excess = (variance: number) => gaussianMean((z) => value(z) ** 2, variance, { kinks }) - 1;
  const variance = bisect(excess, 1e-6, 1e6);
  if (variance !== null) {
    UNIT_VARIANCES.set(activation, variance);
    return variance;
  }
  throw new InputError({
    place: "activation",
    found: `${showValue(activation)}, which never has the mean square 1`,
    expected: "the variance of z as well",
  });
}

/**
 * Returns the number of layers after which a deviation of the variance of z has grown by a factor.
 * A deeper network needs normalisation regardless of its kernels.
 *
 * @param slope Slope of the forward map, see {@linkcode forwardSlope}.
 * @param factor The factor. Default: 10.
 * @returns Number of layers; Infinity if deviations do not grow.
 *
 * @example
 * ```ts
 * import { forwardSlope, layersToGrow } from "@gradient-health/gradient-health/theory";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(layersToGrow(forwardSlope("gelu")), 28);
 * assertEquals(layersToGrow(forwardSlope("elu")), Infinity);
 * ```
 *
 * @throws {InputError} If the slope is negative or the factor not above 1.
 */
export function layersToGrow(slope: number, factor = 10): number {
  requireValue("slope", slope, numberFrom(0));
  requireValue("factor", factor, numberAbove(1));
  // Rounding moves relu's slope slightly off 1.
  return slope > 1 + 1e-9 ? Math.floor(Math.log(factor) / Math.log(slope)) : Infinity;
}
