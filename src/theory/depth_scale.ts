import { object, requireValue } from "../words/requirements.ts";
import { showValue } from "../words/show_value.ts";
import { integratePair } from "./activation_moments.ts";
import { bisect, fixedPoint, LEAST_VARIANCE, MOST_VARIANCE } from "./fixed_point.ts";
import { gaussianMean } from "./gaussian_mean.ts";
import { resolveActivation } from "./resolve_activation.ts";

/** A network is trainable up to about six depth scales (Schoenholz et al. 2017). */
const SCALES = 6;
/** Fixed points below the first correlation count as 0, above the second as 1. */
const [APART, ALIKE] = [1e-6, 1 - 1e-3];

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
 * @throws {RangeError} If the activation is not known, a variance is negative or not a number, or
 * the variance of z vanishes or diverges.
 */
export function depthScale(
  activation: string,
  weightVariance: number,
  options: { biasVariance?: number } = {},
): DepthScale {
  requireValue("options", options, object);
  const { biasVariance = 0 } = options;
  const phi = resolveActivation(activation);
  for (const [name, value] of Object.entries({ weightVariance, biasVariance })) {
    if (typeof value !== "number" || !(value >= 0 && value < Infinity)) {
      throw new RangeError(`${name} is ${showValue(value)}, expected a number of at least 0`);
    }
  }
  const variance = fixedPoint(phi, weightVariance, biasVariance);
  if (!(variance > LEAST_VARIANCE && variance < MOST_VARIANCE)) {
    throw new RangeError(
      `The variance of z tends to ${
        variance > LEAST_VARIANCE ? "no limit" : "nothing"
      } under the weight ` +
        `variance ${weightVariance} and the bias variance ${biasVariance}`,
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
