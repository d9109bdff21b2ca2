import { object, requireValue } from "../words/requirements.ts";
import { showValue } from "../words/show_value.ts";
import { integratePair } from "./activation_moments.ts";
import { bisect, fixedPoint, LEAST_VARIANCE, MOST_VARIANCE } from "./fixed_point.ts";
import { gaussianMean } from "./gaussian_mean.ts";
import { resolveActivation } from "./resolve_activation.ts";

/** A network is trainable to some six depth scales (Schoenholz et al. 2017). */
const SCALES = 6;
/** Correlations below and above which a fixed point counts as 0, and as this close to 1. */
const [APART, ALIKE] = [1e-6, 1 - 1e-3];

/** How deep a scale of weights and biases carries what tells two inputs apart. */
export interface DepthScale {
  /** The variance of z to which layers tend. */
  variance: number;
  /** The correlation of z to which two inputs tend: 1 where all grow alike. */
  correlation: number;
  /** By what factor each layer changes how far a correlation is from it. */
  slope: number;
  /** xi, the depth over which that falls by a factor of e; Infinity at criticality. */
  scale: number;
  /** 6 xi: about how many layers can be trained. */
  carries: number;
}

/**
 * The depth scale of a network (Schoenholz et al. 2017): correlations of two inputs tend to their fixed point
 * by the factor `slope` a layer, and gradients fade or grow with it. A network much deeper than six depth
 * scales does not train: say "depth 40 of about 22 that this scale carries". In an experiment on 51 networks
 * the ordered side (correlation 1) trained to twice as many, the chaotic side to 4 or 5 scales.
 *
 * @param activation Name of the activation.
 * @param weightVariance sigma_w^2: the variance of the kernels times their fan-in.
 * @param options `biasVariance`: sigma_b^2. Default: 0.
 * @returns Where layers tend to, and how fast.
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
 * @throws {RangeError} If the activation is not known, a variance is negative or no number, or the variance
 * of z tends to nothing or without end.
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
    // Two inputs that are all but alike grow apart: there is another fixed point below 1, and the excess, which is convex,
    // is below 0 between both. Next to 1 it is smaller than what the quadrature errs by, as next to 0 without biases.
    const excess = (c: number) => (weightVariance * at(c).product + biasVariance) / variance - c;
    const most = excess(0.99) < 0 ? 0.99 : ALIKE;
    correlation = excess(APART) <= 0 ? 0 : bisect(excess, APART, most) ?? ALIKE;
    slope = weightVariance * at(correlation).slopeProduct;
  }
  const isCritical = Math.abs(slope - 1) <= 1e-9;
  const scale = isCritical ? Infinity : Math.abs(1 / Math.log(slope));
  return { variance, correlation, slope, scale, carries: SCALES * scale };
}
