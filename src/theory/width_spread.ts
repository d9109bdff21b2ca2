import { arrayOf, number, requireValue } from "../words/requirements.ts";
import { showValue } from "../words/show_value.ts";
import { activationMoments } from "./activation_moments.ts";
import { resolveActivation } from "./resolve_activation.ts";

/** Variation of a network's signals between draws, given its widths. */
export interface WidthSpread {
  /** Hanin's sum of 1 / n over the layers. */
  inverseWidths: number;
  /** Variance of the logarithm of the squared norm of a and of delta, over draws of the weights. */
  variance: number;
  /** Factor that the squared norm loses at two standard deviations below its median. */
  loss: number;
}

/**
 * Returns how much the signals of a deep narrow network vary between draws (Hanin & Nica 2018;
 * Hanin 2018): the logarithm of a squared norm has a variance of (E[phi^4] / E[phi^2]^2 - 1) times
 * the sum of 1 / n, i.e. 5 sums for relu and 2 for linear layers and tanh near 0, and its median is
 * below its mean by half of that. If `loss` exceeds 1000, training is a lottery: at 20 layers of 20
 * units one draw in 40 loses a factor of 1000. Wider layers help, the narrowest first: the terms
 * add up.
 *
 * @param widths Number of units of each layer.
 * @param activation Name of the activation. Default: `relu`.
 * @returns The spread.
 *
 * @example A shape that is a lottery, and one that is not
 * ```ts
 * import { widthSpread } from "@gradient-health/gradient-health/theory";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const narrow = widthSpread(Array(20).fill(20));
 * assertAlmostEquals(narrow.variance, 5, 1e-9);
 * assertAlmostEquals(narrow.loss, 1067, 1);
 * assertAlmostEquals(widthSpread(Array(20).fill(256)).loss, 4.24, 0.01);
 * ```
 *
 * @throws {RangeError} If a width is not positive, or the activation is not known.
 */
export function widthSpread(widths: readonly number[], activation = "relu"): WidthSpread {
  requireValue("widths", widths, arrayOf(number));
  resolveActivation(activation);
  for (const [index, width] of widths.entries()) {
    if (!(width > 0)) {
      throw new RangeError(`widths[${index}] is ${showValue(width)}, expected a number above 0`);
    }
  }
  const inverseWidths = widths.reduce((sum, width) => sum + 1 / width, 0);
  // At a small variance bounded activations are linear, as they become in deep critical networks.
  const { kurtosis } = activationMoments(activation, 0, SMALL)!;
  const variance = (kurtosis - 1) * inverseWidths;
  return { inverseWidths, variance, loss: Math.exp(variance / 2 + 2 * Math.sqrt(variance)) };
}

/** Variance of z at which an activation is evaluated. */
const SMALL = 1e-4;
