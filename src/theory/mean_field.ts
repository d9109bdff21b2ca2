import type { ActivationFunction } from "../traits/activation_function.ts";
import { curveMoments } from "./curve_moments.ts";
import { arrayOf, object, requireValue } from "../words/requirements.ts";
import { showValue } from "../words/show_value.ts";

/** Dense or convolutional layer in mean-field theory. */
export interface MeanFieldLayer {
  /** Name of the activation, or the function itself. */
  activation: string | ActivationFunction;
  /** sigma_w^2: the variance of the kernel times its fan-in. */
  weightVariance: number;
  /** sigma_b^2: the variance of the biases. Default: 0. */
  biasVariance?: number;
}

/** Statistics that theory predicts for a wide random layer. */
export interface MeanFieldState {
  /** q: the variance of z. */
  preActivationVariance: number;
  /** Mean of a^2. */
  activationMeanSquare: number;
  /** Standard deviation of a, over units and examples. */
  activationStd: number;
  /**
   * chi: the squared l2 norm of this layer's delta divided by that of the layer above; for the last
   * layer, computed with its own weight variance. Gradients vanish below 1 and explode above 1.
   */
  chi: number;
}

/**
 * Runs the mean-field recursion (Poole et al. 2016, Schoenholz et al. 2017): q = sigma_w^2 E[a^2] +
 * sigma_b^2 going up, with a of the layer below, and chi = sigma_w^2 E[phi'(z)^2], with sigma_w of
 * the layer above, going down. Exact in the limit of wide layers. It also holds for convolutions,
 * with the fan-in k k c, except at their borders (Xiao et al. 2018). Measured at width 512 on 64
 * examples, the delta ratios of relu, tanh and selu networks are within 1 % of chi on average over
 * 40 seeds; single draws spread by 2 to 7 % (`bench/delta_ratios.ts`).
 *
 * @param layers The layers, from the input up.
 * @param inputMeanSquare Mean of the squared input. Default: 1, normalised inputs.
 * @returns State of each layer.
 *
 * @example Gradients through tanh layers of variance 1 / fan-in
 * ```ts
 * import { meanField } from "@gradient-health/gradient-health/theory";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const [first, second] = meanField([
 *   { activation: "tanh", weightVariance: 1 },
 *   { activation: "tanh", weightVariance: 1 },
 * ]);
 * assertAlmostEquals(first.chi, 0.4644, 1e-4);
 * assertAlmostEquals(second.chi, 0.6365, 1e-4);
 * ```
 *
 * @throws {TypeError} If the layers are not an array.
 * @throws {RangeError} If an activation is not known or a variance is negative or not a number.
 */
export function meanField(
  layers: readonly MeanFieldLayer[],
  inputMeanSquare = 1,
): MeanFieldState[] {
  requireValue("layers", layers, arrayOf(object));
  mustBeVariance("inputMeanSquare", inputMeanSquare);
  let meanSquare = inputMeanSquare;
  return layers.map(({ activation, weightVariance, biasVariance = 0 }, index) => {
    mustBeVariance(`layers[${index}].weightVariance`, weightVariance);
    mustBeVariance(`layers[${index}].biasVariance`, biasVariance);
    const variance = weightVariance * meanSquare + biasVariance;
    const moments = curveMoments(activation, variance);
    meanSquare = moments.meanSquare;
    const above = layers[index + 1]?.weightVariance ?? weightVariance;
    return {
      preActivationVariance: variance,
      activationMeanSquare: meanSquare,
      activationStd: Math.sqrt(Math.max(0, meanSquare - moments.mean * moments.mean)),
      chi: above * moments.slopeSquare,
    };
  });
}

function mustBeVariance(name: string, value: number): void {
  if (typeof value !== "number" || !(value >= 0)) {
    throw new RangeError(`${name} is ${showValue(value)}, expected a number of at least 0`);
  }
}
