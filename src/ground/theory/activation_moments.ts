import { activationTraits, KERAS_ACTIVATIONS } from "../traits/activation_traits.ts";
import {
  type ActivationFunction,
  ACTIVATIONS,
  type ActivationTraits,
} from "../traits/activations.ts";
import { kinkNear, quadrature, roughNodes } from "./gaussian_mean.ts";
import { InputError } from "../words/input_error.ts";
import { callable, list, number, object, requireValue } from "../words/shape.ts";
import { showValue } from "../words/show_value.ts";
import { type Gradient, sharedBy, sharedOver, type Signal } from "./signal.ts";

/** Moments of an activation phi(z) for z ~ N(mean, variance). */
export interface ActivationMoments {
  /** E[phi]. */
  mean: number;
  /** E[phi^2]. */
  meanSquare: number;
  /** E[phi^4] / E[phi^2]^2. */
  kurtosis: number;
  /** d ln E[phi^2] / d ln Var(z). */
  stretch: number;
  /** E[phi'^2]. */
  slopeSquare: number;
  /** E[phi'^4] / E[phi'^2]^2. */
  slopeKurtosis: number;
  /** E[phi' u]^2, where u is the standardised z. */
  lean: number;
}

/** Moments of an activation at two correlated z with the same distribution. */
interface PairMoments {
  /** E[phi phi]. */
  product: number;
  /** E[phi' phi']. */
  slopeProduct: number;
}

const singles = new Map<string, ActivationMoments>();
const pairs = new Map<string, PairMoments>();

/**
 * Returns the moments of an activation, by quadrature. Those of a function are neither rounded nor
 * cached.
 *
 * @param activation Name of the activation, or the function itself.
 * @returns The moments, or `null` if the activation is not a known function of z.
 */
export function activationMoments(
  activation: string | ActivationFunction,
  mean: number,
  variance: number,
): ActivationMoments | null {
  if (!Number.isFinite(mean) || !Number.isFinite(variance)) return null;
  if (typeof activation !== "string") return integrate(activation, mean, variance);
  const traits = activationTraits(activation);
  const curve = traits?.curve ?? null;
  if (curve === null) return null;
  if (isLine(traits!)) return lineMoments(curve.derivative(1), mean, variance);
  const scale = traits!.homogeneous && variance > 0 ? Math.sqrt(variance) : 1;
  const m = round(mean / scale);
  const v = round(variance / scale ** 2);
  const unit = keep(singles, `${activation} ${m} ${v}`, () => integrate(curve, m, v));
  if (scale === 1) return unit;
  return { ...unit, mean: unit.mean * scale, meanSquare: unit.meanSquare * scale ** 2 };
}

/** Returns true if an activation is a multiple of z: `linear`. */
const isLine = ({ curve, homogeneous }: ActivationTraits) =>
  homogeneous && curve!.derivative(-1) === curve!.derivative(1);

/** Returns the moments of slope * z in closed form, for a slope other than 0. */
function lineMoments(slope: number, mean: number, variance: number): ActivationMoments {
  const square = mean ** 2 + variance;
  return {
    mean: slope * mean,
    meanSquare: slope ** 2 * square,
    kurtosis: square > 0 ? 3 - 2 * (mean ** 2 / square) ** 2 : 0,
    stretch: square > 0 ? variance / square : 0,
    slopeSquare: slope ** 2,
    slopeKurtosis: 1,
    lean: 0,
  };
}

function integrate(
  { value, derivative, kinks }: ActivationFunction,
  mean: number,
  variance: number,
) {
  const { points, weights, densities, total } = quadrature(variance, kinks.map((k) => k - mean));
  const deviation = Math.sqrt(variance);
  const phi = new Float64Array(points.length);
  const slope = new Float64Array(points.length);
  const sums = { mean: 0, square: 0, product: 0, slopeSquare: 0, lean: 0 };
  // Plain loops: deep networks ask for thousands of variances.
  for (let i = 0; i < points.length; i++) {
    const weight = weights[i], density = densities[i];
    const z = points[i] + mean;
    const a = phi[i] = value(z);
    const s = slope[i] = derivative(z);
    sums.mean += weight * a * density;
    sums.square += weight * a ** 2 * density;
    sums.product += weight * (a * s * (z - mean)) * density;
    sums.slopeSquare += weight * s ** 2 * density;
    sums.lean += weight * (s * (z - mean) / deviation) * density;
  }
  const meanSquare = sums.square / total;
  const slopeSquare = sums.slopeSquare / total;
  // Ratios of squares, since fourth powers may underflow.
  let fourth = 0, slopeFourth = 0;
  for (let i = 0; i < points.length; i++) {
    fourth += weights[i] * (phi[i] ** 2 / meanSquare) ** 2 * densities[i];
    slopeFourth += weights[i] * (slope[i] ** 2 / slopeSquare) ** 2 * densities[i];
  }
  return {
    mean: sums.mean / total,
    meanSquare,
    kurtosis: meanSquare > 0 ? fourth / total : 0,
    // Stein's lemma: dE[phi^2] / dVar(z) is E[phi phi' (z - mean)] / variance.
    stretch: meanSquare > 0 ? sums.product / total / meanSquare : 0,
    slopeSquare,
    slopeKurtosis: slopeSquare > 0 ? slopeFourth / total : 0,
    lean: deviation > 0 ? (sums.lean / total) ** 2 : 0,
  };
}

/**
 * Returns the moments of an activation at two z with the same distribution.
 *
 * @param activation Name of an activation that {@linkcode activationMoments} knows, or the function.
 * @param mean The mean of both z.
 * @param correlation Their correlation; negative values count as 0.
 */
export function pairMoments(
  activation: string | ActivationFunction,
  mean: number,
  variance: number,
  correlation: number,
): PairMoments {
  if (typeof activation !== "string") {
    return integratePair(activation, mean, Math.sqrt(variance), correlation);
  }
  const traits = activationTraits(activation)!;
  const { curve, homogeneous } = traits;
  if (homogeneous && mean === 0 || isLine(traits)) {
    return homogeneousPair(curve!, mean, variance, Math.min(1, Math.max(0, correlation)));
  }
  const scale = homogeneous && variance > 0 ? Math.sqrt(variance) : 1;
  const c = Math.round(Math.min(1, Math.max(0, correlation)) * 1e3) / 1e3;
  const m = round(mean / scale);
  const v = round(variance / scale ** 2);
  const unit = keep(
    pairs,
    `${activation} ${m} ${v} ${c}`,
    () => integratePair(curve!, m, Math.sqrt(v), c),
  );
  return { ...unit, product: unit.product * scale ** 2 };
}

/**
 * Returns the pair moments of a piecewise linear activation in closed form (Cho & Saul 2009):
 * phi(z) = n z + (p - n) relu(z). If both slopes are equal, only the mean matters.
 */
function homogeneousPair(
  { derivative }: ActivationFunction,
  mean: number,
  variance: number,
  c: number,
): PairMoments {
  const n = derivative(-1);
  const step = derivative(1) - derivative(-1);
  const angle = Math.PI - Math.acos(c);
  const both = (Math.sqrt(1 - c * c) + c * angle) / (2 * Math.PI);
  return {
    product: n * n * mean * mean + variance * (n * (n + step) * c + step * step * both),
    slopeProduct: n * (n + step) + step * step * angle / (2 * Math.PI),
  };
}

/**
 * Returns the pair moments of any curve, for a correlation from 0 to 1. Both z share the part
 * root(c) t.
 */
export function integratePair(
  curve: ActivationFunction,
  mean: number,
  deviation: number,
  correlation: number,
): PairMoments {
  const shared = deviation * Math.sqrt(correlation);
  const own = deviation * Math.sqrt(1 - correlation);
  const kink = kinkNear(curve, mean) - mean;
  const { value, derivative } = curve;
  let product = 0, slopeProduct = 0;
  for (const { t, weight } of roughNodes(kink / shared)) {
    const middle = shared * t;
    const center = mean + middle;
    let phi = 0, slope = 0;
    for (const { t: u, weight } of roughNodes((kink - middle) / own)) {
      phi += weight * value(center + own * u);
      slope += weight * derivative(center + own * u);
    }
    product += weight * phi ** 2;
    slopeProduct += weight * slope ** 2;
  }
  return { product, slopeProduct };
}

/**
 * Rounds to five digits, more precise than any network is to its mean field. Cached results are
 * computed from the rounded values, so no result depends on the order of the calls.
 */
function round(value: number): number {
  return Number(value.toPrecision(5));
}

/**
 * Number of results that a cache holds before it is cleared. Networks ask for the same few results
 * again; normalised ones for little else. Cached values are pure functions of numbers, so clearing
 * only costs time.
 */
const MAX_CACHED_RESULTS = 2000;

/** Returns the cached result for a key, and computes it the first time. */
export function keep<Key, T>(known: Map<Key, T>, key: Key, compute: () => T): T {
  let result = known.get(key);
  if (result === undefined) {
    if (known.size >= MAX_CACHED_RESULTS) known.clear();
    known.set(key, result = compute());
  }
  return result;
}

/**
 * Elementwise activations of TensorFlow.js and Keras, by the names used in measurements.
 * `leakyRelu` has TensorFlow.js's default slope, 0.3; for other slopes use {@linkcode leakyRelu}.
 */
export const ACTIVATION_FUNCTIONS: Readonly<Record<string, ActivationFunction>> = Object
  .fromEntries(
    Object.entries({ ...ACTIVATIONS, ...KERAS_ACTIVATIONS }).flatMap(([name, { curve }]) =>
      curve === null ? [] : [[name, curve]]
    ),
  );

/**
 * Applies an elementwise activation to a normal z, unit by unit.
 *
 * @param activation Name of the activation, or the function itself.
 * @returns The output and its backward pass, or `null` if the activation is not known.
 */
export function activate(
  activation: string | ActivationFunction,
  z: Signal,
  units: number,
  examples: number,
): { a: Signal; back(gradient: Gradient): Gradient } | null {
  const variance = Math.max(0, z.meanSquare - z.mean ** 2);
  const moments = activationMoments(activation, z.mean, variance);
  if (moments === null) return null;
  const name = typeof activation === "string" ? activation : null;
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
    spread: meanSquare > 0
      ? stretch ** 2 * z.spread + Math.max(0, kurtosis - 1) / units * share
      : z.spread,
    aligned,
    vague: z.vague,
    normal: name === null
      ? undefined
      : { activation: name, mean: z.mean, variance, near: correlationOf(z.near) },
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
        // Kurtosis of a normal gradient after the mask: 5 / units for relu, as forwards (Hanin &
        // Nica 2018).
        spread: gradient.spread +
          Math.max(0, 3 * slopeKurtosis - 1) / units * sharedBy(alignedBelow, examples),
        aligned: alignedBelow,
        through: name === null
          ? undefined
          : { activation: name, mean: z.mean, variance, slopeSquare },
      };
    },
  };
}

/**
 * Returns the activation with this name, which may be `leakyRelu(0.01)`, or `null` if it is not
 * known.
 */
export function findActivation(name: string): ActivationFunction | null {
  return activationTraits(name)?.curve ?? null;
}

const functionShape = object({ value: callable, derivative: callable, kinks: list(number) });

/**
 * Returns the activation with this name, or the given function.
 *
 * @throws {InputError} If the name is not known.
 */
export function resolveActivation(activation: string | ActivationFunction): ActivationFunction {
  if (typeof activation !== "string") {
    requireValue("activation", activation, functionShape);
    return activation;
  }
  const found = findActivation(activation);
  if (found !== null) return found;
  const known = Object.keys(ACTIVATION_FUNCTIONS).join(", ");
  throw new InputError({ place: "activation", found: showValue(activation), expected: known });
}
