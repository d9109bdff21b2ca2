import { primitive, requireValue } from "../words/shape.ts";
import { gaussianMean } from "./gaussian_mean.ts";

/** Spread of the weights of an attention, the softmax of its scores. */
export interface AttentionSpread {
  /**
   * Mean entropy of a row divided by the logarithm of the number of keys: 1 for uniform weights, 0
   * for a single key.
   */
  entropy: number;
  /** Mean sum of the squared weights of a row: one over the effective number of keys. */
  squares: number;
}

const keysShape = primitive(
  "a number of 2 or more",
  (value) => typeof value === "number" && value >= 2,
);
const stdShape = primitive(
  "a number above 0 and up to 100",
  (value) => typeof value === "number" && value > 0 && value <= 100,
);

/** Distance of the nodes of the trapezoidal rule, in the logarithm of t. */
const STEP = 0.25;
/** exp(-x) underflows to 0 from here on. */
const LARGE = 1000;

/**
 * Returns the spread of the softmax of independent Gaussian scores. With Z the sum of exp(z) over
 * the keys, ln Z = integral of (exp(-t) - exp(-t Z)) / t and 1 / Z = integral of exp(-t Z) over t >
 * 0, so that means over all keys become powers of means over one.
 *
 * @param keys Number of keys, 2 or more.
 * @param std The standard deviation of the scores, above 0, up to 100.
 * @returns The mean entropy and the mean sum of squares, to about 1e-6.
 * @throws {InputError} If an argument is invalid.
 *
 * @example Scores of unit variance leave most of the entropy
 * ```ts
 * import { attentionSpread } from "@gradient-health/gradient-health/theory";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(attentionSpread(64, 1).entropy, 0.886, 1e-3);
 * assertAlmostEquals(attentionSpread(64, 10).entropy, 0.107, 1e-3);
 * ```
 */
export function attentionSpread(keys: number, std: number): AttentionSpread {
  requireValue("keys", keys, keysShape);
  requireValue("std", std, stdShape);
  const reach = 9 * std;
  let logarithm = 0;
  let weighted = 0;
  let squares = 0;
  for (let u = -reach - Math.log(keys) - 16; u <= reach + 5; u += STEP) {
    const t = Math.exp(u);
    const mean = (f: (x: number, z: number) => number) =>
      gaussianMean((z) => f(Math.min(Math.exp(z + u), LARGE), z), std ** 2);
    const none = mean((x) => Math.exp(-x));
    const others = keys * none ** (keys - 1);
    logarithm += Math.exp(-t) - none ** keys;
    if (others === 0) continue;
    weighted += others * mean((x, z) => z * x * Math.exp(-x));
    squares += others * mean((x) => x * x * Math.exp(-x));
  }
  return { entropy: STEP * (logarithm - weighted) / Math.log(keys), squares: STEP * squares };
}

/**
 * Returns the standard deviation of Gaussian scores above which a single key takes a share of the
 * attention that does not vanish with the number of keys: sqrt(2 ln keys), the freezing point of
 * the random energy model (Derrida 1981).
 *
 * @param keys Number of keys, 2 or more.
 * @throws {InputError} If it is invalid.
 *
 * @example Freezing point of 64 keys
 * ```ts
 * import { freezingStd } from "@gradient-health/gradient-health/theory";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(freezingStd(64), 2.88, 5e-3);
 * ```
 */
export function freezingStd(keys: number): number {
  requireValue("keys", keys, keysShape);
  return Math.sqrt(2 * Math.log(keys));
}
