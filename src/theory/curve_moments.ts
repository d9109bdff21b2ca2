import type { ActivationFunction } from "../traits/activation_function.ts";
import { gaussianMean } from "./gaussian_mean.ts";
import { resolveActivation } from "./activation_functions.ts";

/**
 * Moments of an activation for z ~ N(0, variance), by quadrature. Each is computed on first access.
 */
export class CurveMoments {
  readonly #curve: ActivationFunction;
  readonly #variance: number;
  #mean?: number;
  #meanSquare?: number;
  #slopeSquare?: number;
  #kurtosis?: number;

  /** Use {@linkcode curveMoments} instead. */
  constructor(curve: ActivationFunction, variance: number) {
    this.#curve = curve;
    this.#variance = variance;
  }

  /** E[phi]. */
  get mean(): number {
    return this.#mean ??= this.#over(this.#curve.value);
  }

  /** E[phi^2]. */
  get meanSquare(): number {
    const { value } = this.#curve;
    return this.#meanSquare ??= this.#over((z) => value(z) ** 2);
  }

  /** E[phi'^2]. */
  get slopeSquare(): number {
    const { derivative } = this.#curve;
    return this.#slopeSquare ??= this.#over((z) => derivative(z) ** 2);
  }

  /** E[phi^4] / E[phi^2]^2. Uses the ratio of squares, since fourth powers may underflow. */
  get kurtosis(): number {
    const { meanSquare } = this;
    const { value } = this.#curve;
    return this.#kurtosis ??= this.#over((z) => (value(z) ** 2 / meanSquare) ** 2);
  }

  #over(f: (z: number) => number): number {
    return gaussianMean(f, this.#variance, { kinks: this.#curve.kinks });
  }
}

const MAX_CACHED_VARIANCES = 500;
const known = new WeakMap<ActivationFunction, Map<number, CurveMoments>>();

/**
 * Returns the moments of an activation. Moments of a named activation are cached: each pass over a
 * critical network, and each rule, asks for the same ones. Functions passed directly
 * are not cached.
 *
 * @param activation Name of the activation, or the function itself.
 * @param variance The variance of z.
 * @throws {InputError} If the name is not known.
 */
export function curveMoments(
  activation: string | ActivationFunction,
  variance: number,
): CurveMoments {
  const curve = resolveActivation(activation);
  if (typeof activation !== "string") return new CurveMoments(curve, variance);
  let ofCurve = known.get(curve);
  if (ofCurve === undefined) known.set(curve, ofCurve = new Map());
  let moments = ofCurve.get(variance);
  if (moments === undefined) {
    if (ofCurve.size >= MAX_CACHED_VARIANCES) ofCurve.clear();
    ofCurve.set(variance, moments = new CurveMoments(curve, variance));
  }
  return moments;
}
