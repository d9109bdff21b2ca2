import { activationTraits } from "../traits/activation_traits.ts";
import type { ActivationFunction } from "../traits/activations.ts";
import { InputError, refusal } from "../words/input_error.ts";
import { anyObject, numberAbove, numberFrom, requireValue, string } from "../words/shape.ts";
import { showValue } from "../words/show_value.ts";
import { activationMoments, integratePair, resolveActivation } from "./activation_moments.ts";
import { gaussianMean } from "./gaussian_mean.ts";

/**
 * Returns the gain of an activation: sigma_w, the standard deviation of the kernel times the root
 * of its fan-in, at which a deep network passes signals on (with zero biases).
 *
 * Critical in the sense of {@linkcode criticalWeightVariance} for linear, tanh, softsign, elu (1),
 * relu, relu6 and softplus (sqrt 2) and leakyRelu (1.3546 for slope 0.3; write other slopes as
 * `leakyRelu(0.01)`). selu's gain is LeCun's 1, at which unit variance is its fixed point and
 * gradients grow by 1.035 per layer (Klambauer et al. 2017); its critical gain is 0.6905. swish,
 * gelu and mish have no critical gain; He's sqrt 2 is used. sigmoid and hardSigmoid have no useful
 * gain: at their critical 10.1 and 8.6 more than half of the entries are saturated.
 *
 * @param activation Name of the activation in TensorFlow.js.
 * @returns The gain, or `null` if the activation has none or is not known.
 *
 * @example
 * ```ts
 * import { gain } from "@gradient-health/gradient-health/theory";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(gain("relu"), Math.sqrt(2));
 * assertEquals(gain("sigmoid"), null);
 * ```
 */
export function gain(activation: string): number | null {
  requireValue("activation", activation, string);
  return activationTraits(activation)?.gain ?? null;
}

/**
 * Returns the sigma_w at which chi tends to 1 with zero biases. It equals {@linkcode gain}, except
 * for selu, which has two scales at which deep networks train: LeCun's 1, where unit variance is
 * the fixed point and gradients grow by 1.035 per layer, and 0.6905, where neither changes apart
 * from the drift over depth.
 *
 * @param activation Name of the activation in TensorFlow.js.
 * @returns The gain, or `null` if the activation has none or is not known.
 *
 * @example
 * ```ts
 * import { criticalGain, gain } from "@gradient-health/gradient-health/theory";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * assertEquals(criticalGain("relu"), gain("relu"));
 * assertAlmostEquals(criticalGain("selu")!, 0.6905, 1e-4);
 * ```
 */
export function criticalGain(activation: string): number | null {
  requireValue("activation", activation, string);
  return activationTraits(activation)?.criticalGain ?? null;
}

/** Largest distance of chi from 1 at the variance found. */
const JUMP = 0.01;

/**
 * Returns the weight variance sigma_w^2 (the variance of the kernel times its fan-in) at which
 * gradients neither vanish nor explode: chi = 1 at the variance of z to which a deep network
 * converges from 1, with that sigma_w and the given sigma_b. Uses bisection.
 *
 * @param activation Name of the activation, or the function itself.
 * @param biasVariance sigma_b^2. Default: 0.
 * @returns sigma_w^2.
 *
 * @example tanh, with and without random biases
 * ```ts
 * import { criticalWeightVariance } from "@gradient-health/gradient-health/theory";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(criticalWeightVariance("tanh"), 1, 1e-6);
 * assertAlmostEquals(criticalWeightVariance("tanh", 0.05), 1.761, 1e-4);
 * ```
 *
 * @throws {InputError} If the activation is not known, the bias variance is negative or not a
 * number, or no weight variance from 1e-3 to 1e6 is critical: with zero biases, swish, gelu and
 * mish have no critical variance.
 */
export function criticalWeightVariance(
  activation: string | ActivationFunction,
  biasVariance = 0,
): number {
  requireValue("biasVariance", biasVariance, numberFrom(0));
  const phi = resolveActivation(activation);
  const excess = (weightVariance: number) => {
    const variance = fixedPoint(phi, weightVariance, biasVariance);
    const slope = gaussianMean((z) => phi.derivative(z) ** 2, variance, phi);
    return weightVariance * slope - 1;
  };
  const critical = bisect(excess, 1e-3, 1e6);
  // If the fixed point jumps from 0 to infinity (swish, gelu and mish without biases), chi jumps
  // across 1 and no depth is safe.
  if (critical === null || Math.abs(excess(critical)) > JUMP) {
    throw new InputError(
      refusal`biasVariance is ${biasVariance}, expected one with a critical weight variance from 1e-3 to 1e6`,
    );
  }
  return critical;
}

/** Variances of z outside this range count as 0 and as infinite. */
const LEAST_VARIANCE = 1e-18;
const MOST_VARIANCE = 1e12;
/** Steps per decade in the search for the fixed point. */
const STEPS = 2;
const BISECTIONS = 60;

/**
 * Returns the variance of z to which layers converge from 1: a fixed point, or one of the limits.
 */
export function fixedPoint(
  { value, kinks }: ActivationFunction,
  weightVariance: number,
  biasVariance: number,
): number {
  const growth = (variance: number) =>
    weightVariance * gaussianMean((z) => value(z) ** 2, variance, { kinks }) + biasVariance -
    variance;
  const start = growth(1);
  if (start === 0) return 1;
  const step = 10 ** (Math.sign(start) / STEPS);
  for (
    let variance = 1;
    variance > LEAST_VARIANCE && variance < MOST_VARIANCE;
    variance *= step
  ) {
    const next = variance * step;
    if (Math.sign(growth(next)) !== Math.sign(start)) {
      return bisect(growth, Math.min(variance, next), Math.max(variance, next)) ?? next;
    }
  }
  return start > 0 ? MOST_VARIANCE : LEAST_VARIANCE;
}

/**
 * Returns a root of f between two positive numbers by bisecting their ratio, or `null` if the sign
 * does not change.
 */
function bisect(f: (x: number) => number, low: number, high: number): number | null {
  const sign = Math.sign(f(low));
  if (sign === Math.sign(f(high))) return null;
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = Math.sqrt(low * high);
    if (Math.sign(f(middle)) === sign) low = middle;
    else high = middle;
  }
  return Math.sqrt(low * high);
}

/** A network is trainable up to about six depth scales (Schoenholz et al. 2017). */
const SCALES = 6;
/** Fixed points below the first correlation count as 0, above the second as 1. */
const APART = 1e-6;
const ALIKE = 1 - 1e-3;

/** Depth over which a network with given weights and biases can still tell two inputs apart. */
export interface DepthScale {
  /** Variance of z in deep layers. */
  variance: number;
  /** Correlation of z of two inputs in deep layers; 1 if all inputs become alike. */
  correlation: number;
  /** Factor by which each layer changes a correlation's distance from it. */
  slope: number;
  /** xi, the depth over which that distance falls by a factor of e; Infinity at criticality. */
  scale: number;
  /** 6 xi, approximately the number of trainable layers. */
  carries: number;
}

/**
 * Returns the depth scale of a network (Schoenholz et al. 2017): the correlation of two inputs
 * approaches its fixed point by the factor `slope` per layer, and gradients vanish or explode along
 * with it. A network much deeper than six depth scales does not train. In an experiment on 51
 * networks, the ordered side (correlation 1) trained up to twice that depth, the chaotic side up to
 * 4 or 5 scales.
 *
 * @param activation Name of the activation.
 * @param weightVariance sigma_w^2: the variance of the kernels times their fan-in.
 * @param options `biasVariance`: sigma_b^2. Default: 0.
 * @returns The limit of deep layers, and the speed of convergence.
 *
 * @example tanh a little below criticality
 * ```ts
 * import { depthScale } from "@gradient-health/gradient-health/theory";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { scale, carries } = depthScale("tanh", 1, { biasVariance: 0.05 });
 * assertAlmostEquals(scale, 3.63, 0.01);
 * assertAlmostEquals(carries, 22, 0.5);
 * ```
 *
 * @throws {InputError} If the activation is not known, a variance is negative or not a number, or
 * the variance of z vanishes or diverges.
 */
export function depthScale(
  activation: string,
  weightVariance: number,
  options: { biasVariance?: number } = {},
): DepthScale {
  requireValue("options", options, anyObject);
  const { biasVariance = 0 } = options;
  const phi = resolveActivation(activation);
  for (const [name, value] of Object.entries({ weightVariance, biasVariance })) {
    requireValue(name, value, numberFrom(0));
  }
  const variance = fixedPoint(phi, weightVariance, biasVariance);
  if (!(variance > LEAST_VARIANCE && variance < MOST_VARIANCE)) {
    const limit = variance > LEAST_VARIANCE ? "no limit" : "0";
    throw new InputError(
      refusal`The variance of z under weightVariance ${weightVariance} and biasVariance ${biasVariance} tends to ${limit}, expected a limit above 0`,
    );
  }
  const alike = weightVariance * gaussianMean((z) => phi.derivative(z) ** 2, variance, phi);
  const at = (correlation: number) => integratePair(phi, 0, Math.sqrt(variance), correlation);
  let correlation = 1;
  let slope = alike;
  if (alike > 1 + 1e-9) {
    // If two nearly identical inputs grow apart, there is another fixed point below 1, and the
    // excess, which is convex, is negative between the two. Close to 1 it is smaller than the error
    // of the quadrature, as it is close to 0 without biases.
    const excess = (c: number) => (weightVariance * at(c).product + biasVariance) / variance - c;
    const most = excess(0.99) < 0 ? 0.99 : ALIKE;
    correlation = excess(APART) <= 0 ? 0 : bisect(excess, APART, most) ?? ALIKE;
    slope = weightVariance * at(correlation).slopeProduct;
  }
  const isCritical = Math.abs(slope - 1) <= 1e-9;
  const scale = isCritical ? Infinity : Math.abs(1 / Math.log(slope));
  return { variance, correlation, slope, scale, carries: SCALES * scale };
}

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
