import { type Gradient, sharedBy, sharedOver, type Signal } from "./signal.ts";

import type { ActivationFunction } from "../traits/activation_function.ts";
import { activationTraits } from "../traits/activation_traits.ts";
import { gaussianMean, kinkNear, roughMean } from "./gaussian_mean.ts";

/** What an activation makes of z ~ N(mean, variance). */
export interface ActivationMoments {
  /** E[phi]. */
  mean: number;
  /** E[phi^2]. */
  meanSquare: number;
  /** E[phi^4] / E[phi^2]^2. */
  kurtosis: number;
  /** d ln E[phi^2] / d ln of the variance. */
  stretch: number;
  /** E[phi'^2]. */
  slopeSquare: number;
  /** E[phi'^4] / E[phi'^2]^2. */
  slopeKurtosis: number;
  /** E[phi' u]^2, with u the standardised z. */
  lean: number;
}

/** What an activation makes of two z of the same distribution that are correlated. */
export interface PairMoments {
  /** E[phi phi]. */
  product: number;
  /** E[phi' phi']. */
  slopeProduct: number;
}

/** How many results are kept: networks ask for the same again, and normalised ones for little else. */
const KEPT = 2000;
const singles = new Map<string, ActivationMoments>();
const pairs = new Map<string, PairMoments>();

/**
 * The moments of an activation, by quadrature.
 *
 * @param activation Its name.
 * @param mean The mean of z.
 * @param variance The variance of z.
 * @returns The moments; `null` for an activation that is no known function of z.
 */
export function activationMoments(
  activation: string,
  mean: number,
  variance: number,
): ActivationMoments | null {
  const traits = activationTraits(activation);
  const curve = traits?.curve ?? null;
  if (curve === null || !Number.isFinite(mean) || !Number.isFinite(variance)) return null;
  const scale = traits!.homogeneous && variance > 0 ? Math.sqrt(variance) : 1;
  const unit = keep(
    singles,
    `${activation} ${round(mean / scale)} ${round(variance / scale ** 2)}`,
    () => integrate(curve, mean / scale, variance / scale ** 2),
  );
  if (scale === 1) return unit;
  return { ...unit, mean: unit.mean * scale, meanSquare: unit.meanSquare * scale ** 2 };
}

function integrate(
  { value, derivative, kinks }: ActivationFunction,
  mean: number,
  variance: number,
) {
  const over = (f: (z: number) => number) =>
    gaussianMean((z) => f(z + mean), variance, { kinks: kinks.map((kink) => kink - mean) });
  const meanSquare = over((z) => value(z) ** 2);
  const slopeSquare = over((z) => derivative(z) ** 2);
  const deviation = Math.sqrt(variance);
  const share = (f: () => number, of: number) => of > 0 ? f() : 0;
  return {
    mean: over(value),
    meanSquare,
    kurtosis: share(() => over((z) => (value(z) ** 2 / meanSquare) ** 2), meanSquare),
    // Stein: the derivative of E[phi^2] with respect to the variance is E[phi phi' (z - mean)] / variance.
    stretch: share(
      () => over((z) => value(z) * derivative(z) * (z - mean)) / meanSquare,
      meanSquare,
    ),
    slopeSquare,
    slopeKurtosis: share(() => over((z) => (derivative(z) ** 2 / slopeSquare) ** 2), slopeSquare),
    lean: deviation > 0 ? over((z) => derivative(z) * (z - mean) / deviation) ** 2 : 0,
  };
}

/**
 * The moments of an activation at two z of one distribution.
 *
 * @param activation Its name, one that {@linkcode activationMoments} knows.
 * @param mean The mean of both z.
 * @param variance The variance of both.
 * @param correlation Their correlation; below 0 it counts as 0.
 */
export function pairMoments(
  activation: string,
  mean: number,
  variance: number,
  correlation: number,
): PairMoments {
  const { curve, homogeneous } = activationTraits(activation)!;
  if (homogeneous && (mean === 0 || curve!.derivative(-1) === curve!.derivative(1))) {
    return homogeneousPair(curve!, mean, variance, Math.min(1, Math.max(0, correlation)));
  }
  const scale = homogeneous && variance > 0 ? Math.sqrt(variance) : 1;
  const c = Math.round(Math.min(1, Math.max(0, correlation)) * 1e3) / 1e3;
  const unit = keep(
    pairs,
    `${activation} ${round(mean / scale)} ${round(variance / scale ** 2)} ${c}`,
    () => integratePair(curve!, mean / scale, Math.sqrt(variance) / scale, c),
  );
  return { ...unit, product: unit.product * scale ** 2 };
}

/**
 * The same of two slopes, in closed form (Cho & Saul 2009): phi(z) = n z + (p - n) relu(z), and of the mean
 * alone where both are the same.
 */
function homogeneousPair(
  { derivative }: ActivationFunction,
  mean: number,
  variance: number,
  c: number,
): PairMoments {
  const [n, step] = [derivative(-1), derivative(1) - derivative(-1)];
  const angle = Math.PI - Math.acos(c);
  const both = (Math.sqrt(1 - c * c) + c * angle) / (2 * Math.PI);
  return {
    product: n * n * mean * mean + variance * (n * (n + step) * c + step * step * both),
    slopeProduct: n * (n + step) + step * step * angle / (2 * Math.PI),
  };
}

/** The same of a curve, for any correlation from 0 to 1. Both z share the part root(c) t. */
export function integratePair(
  phi: ActivationFunction,
  mean: number,
  deviation: number,
  correlation: number,
): PairMoments {
  const shared = deviation * Math.sqrt(correlation);
  const own = deviation * Math.sqrt(1 - correlation);
  const kink = kinkNear(phi, mean) - mean;
  const over = (f: (z: number) => number) =>
    roughMean((t) => {
      const middle = shared * t;
      return roughMean((u) => f(mean + middle + own * u), (kink - middle) / own) ** 2;
    }, kink / shared);
  return { product: over(phi.value), slopeProduct: over(phi.derivative) };
}

/** Five digits: closer than any network is to its mean field. */
function round(value: number): string {
  return value.toPrecision(5);
}

function keep<T>(known: Map<string, T>, key: string, compute: () => T): T {
  let result = known.get(key);
  if (result === undefined) {
    if (known.size >= KEPT) known.clear();
    known.set(key, result = compute());
  }
  return result;
}

/** What comes out of an activation, and what it lets back. */
export interface Activated {
  /** a = phi(z). */
  a: Signal;
  /** delta by the gradient at a. */
  back(gradient: Gradient): Gradient;
}

/**
 * Applies an elementwise activation to a z that is normal, unit by unit.
 *
 * @param activation Its name.
 * @param z What goes in.
 * @param units How many units or channels there are.
 * @param examples How many examples.
 * @returns The signal and the way back, or `null` for an activation that is not known.
 */
export function activate(
  activation: string,
  z: Signal,
  units: number,
  examples: number,
): Activated | null {
  const variance = Math.max(0, z.meanSquare - z.mean ** 2);
  const moments = activationMoments(activation, z.mean, variance);
  if (moments === null) return null;
  const correlationOf = (product: number) =>
    variance > 0 ? Math.min(1, Math.max(0, (product - z.mean ** 2) / variance)) : 1;
  const alike = pairMoments(activation, z.mean, variance, correlationOf(z.alike));
  const near = z.near === z.alike
    ? alike
    : pairMoments(activation, z.mean, variance, correlationOf(z.near));
  const { meanSquare, kurtosis, stretch, slopeSquare, slopeKurtosis, lean } = moments;
  const aligned = Math.max(z.aligned, meanSquare > 0 ? (alike.product / meanSquare) ** 2 : 0);
  const share = sharedBy(z.vague ? 1 : aligned, examples);
  const a: Signal = {
    meanSquare,
    mean: moments.mean,
    alike: Math.min(alike.product, meanSquare),
    near: Math.min(near.product, meanSquare),
    entries: z.entries,
    spread: stretch ** 2 * z.spread + Math.max(0, kurtosis - 1) / units * share,
    aligned,
    vague: z.vague,
    normal: {
      activation,
      mean: z.mean,
      variance,
      near: correlationOf(z.near),
    },
  };
  return {
    a,
    back(gradient) {
      const { square, chosen } = gradient;
      const passed = chosen ?? slopeSquare;
      const keptBy = (product: number) => slopeSquare > 0 ? Math.min(1, product / slopeSquare) : 0;
      const kept = keptBy(alike.slopeProduct);
      const alignedBelow = gradient.aligned * kept ** 2;
      return {
        square: square * passed,
        alike: gradient.alike * passed * kept,
        near: gradient.near * passed * keptBy(near.slopeProduct),
        along: sharedOver(gradient, examples) * lean,
        // A normal gradient through a mask: 5 / units for relu, as forwards (Hanin & Nica 2018).
        spread: gradient.spread +
          Math.max(0, 3 * slopeKurtosis - 1) / units * sharedBy(alignedBelow, examples),
        aligned: alignedBelow,
        through: { activation, mean: z.mean, variance, slopeSquare },
      };
    },
  };
}
