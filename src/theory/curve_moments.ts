import type { ActivationFunction } from "../traits/activation_function.ts";
import { gaussianMean } from "./gaussian_mean.ts";
import { resolveActivation } from "./resolve_activation.ts";

/** What an activation makes of z ~ N(0, variance), by quadrature: each mean is computed when it is asked for first. */
export class CurveMoments {
  readonly #curve: ActivationFunction;
  readonly #variance: number;
  #mean?: number;
  #meanSquare?: number;
  #slopeSquare?: number;
  #kurtosis?: number;

  /** Made by {@linkcode curveMoments}. */
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

  /** E[phi^4] / E[phi^2]^2, of the squares' ratio: fourth powers may be too small for a number. */
  get kurtosis(): number {
    const { meanSquare } = this;
    const { value } = this.#curve;
    return this.#kurtosis ??= this.#over((z) => (value(z) ** 2 / meanSquare) ** 2);
  }

  #over(f: (z: number) => number): number {
    return gaussianMean(f, this.#variance, { kinks: this.#curve.kinks });
  }
}

/** How many variances are kept of an activation: those of some deep networks. */
const KEPT = 500;
const known = new WeakMap<ActivationFunction, Map<number, CurveMoments>>();

/**
 * The moments of an activation. Those of an activation by name are kept: each pass over a network at criticality
 * asks for the same again, and so do the rules that look at one pass. A function may be another at each call.
 *
 * @param activation Its name, or the function itself.
 * @param variance The variance of z.
 * @throws {RangeError} If the name is not known.
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
    if (ofCurve.size >= KEPT) ofCurve.clear();
    ofCurve.set(variance, moments = new CurveMoments(curve, variance));
  }
  return moments;
}
