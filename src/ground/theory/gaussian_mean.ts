import type { ActivationFunction } from "../traits/activations.ts";
import { callable, list, number, object, optional, requireValue } from "../words/shape.ts";

/** Beyond 10 standard deviations, the Gaussian holds less than 1e-22. */
const REACH = 10;
const ORDER = 16;

const optionsShape = object({ kinks: optional(list(number)) });

/**
 * Returns the mean of f(z) over z ~ N(0, variance), by Gauss-Legendre quadrature piecewise between
 * the kinks of f, between whole standard deviations, and between z = 0.5, 1, 2, 4 ... and their
 * negatives, where a steep function of order 1 width (tanh under a large variance) bends.
 *
 * @param f The function.
 * @param variance The variance of z, 0 or more.
 * @param options `kinks`: points where f is not smooth. Default: none.
 * @returns The mean, to about 1e-12 relative for smooth pieces.
 *
 * @example relu lets half of the mean square through
 * ```ts
 * import { gaussianMean } from "@gradient-health/gradient-health/theory";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(gaussianMean((z) => Math.max(0, z) ** 2, 3, { kinks: [0] }), 1.5, 1e-12);
 * ```
 */
export function gaussianMean(
  f: (z: number) => number,
  variance: number,
  options: { kinks?: readonly number[] } = {},
): number {
  requireValue("f", f, callable);
  requireValue("variance", variance, number);
  requireValue("options", options, optionsShape);
  const { points, weights, densities, total } = quadrature(variance, options.kinks ?? []);
  let sum = 0;
  for (let i = 0; i < points.length; i++) sum += weights[i] * f(points[i]) * densities[i];
  return sum / total;
}

/**
 * Quadrature over z ~ N(0, variance): the mean of f is the sum of weight f(point) density, divided
 * by the total.
 */
interface Quadrature {
  /** Values of z. */
  points: Float64Array;
  weights: Float64Array;
  densities: Float64Array;
  total: number;
}

/** Latest quadrature: consecutive calls mostly use the same z. */
let latest: Quadrature & { variance: number; kinks: readonly number[] } | null = null;

/** Returns the quadrature behind {@linkcode gaussianMean}, for several functions of the same z. */
export function quadrature(variance: number, kinks: readonly number[]): Quadrature {
  const isLatest = latest !== null && latest.variance === variance &&
    latest.kinks.length === kinks.length && latest.kinks.every((kink, i) => kink === kinks[i]);
  if (!isLatest) latest = { ...makeQuadrature(variance, kinks), variance, kinks: [...kinks] };
  return latest!;
}

function makeQuadrature(variance: number, kinks: readonly number[]): Quadrature {
  const deviation = Math.sqrt(variance);
  if (deviation === 0) {
    // At a kink, averages both sides: the limit of a vanishing variance.
    const points = Float64Array.of(Number.MIN_VALUE, -Number.MIN_VALUE);
    const ones = Float64Array.of(1, 1);
    return { points, weights: ones, densities: ones, total: 2 };
  }
  const cuts: number[] = [];
  for (let z = 0.5; z < REACH * deviation; z *= 2) cuts.push(z / deviation, -z / deviation);
  for (const kink of kinks) {
    if (Math.abs(kink) < REACH * deviation) cuts.push(kink / deviation);
  }
  const { ts, weights, densities } = cuts.length === 0
    ? (WHOLE ??= makeNodes([]))
    : makeNodes(cuts);
  return {
    points: ts.map((t) => t * deviation),
    weights,
    densities,
    total: Math.sqrt(2 * Math.PI),
  };
}

interface Nodes {
  /** Values of the standardised z. */
  ts: Float64Array;
  /** Weights of the quadrature, and densities of the normal distribution at the nodes. */
  weights: Float64Array;
  densities: Float64Array;
}

/** Nodes between whole standard deviations alone, which deep networks use over and over. */
let WHOLE: Nodes | undefined;

/** Returns the nodes between whole standard deviations and further cuts. */
function makeNodes(cuts: readonly number[]): Nodes {
  const whole = Array.from({ length: 2 * REACH + 1 }, (_, i) => i - REACH);
  const edges = [...new Set([...whole, ...cuts])].sort((a, b) => a - b);
  const [ts, weights, densities] = Array.from(
    { length: 3 },
    () => new Float64Array((edges.length - 1) * ORDER),
  );
  for (let i = 1, at = 0; i < edges.length; i++) {
    const half = (edges[i] - edges[i - 1]) / 2;
    const middle = (edges[i] + edges[i - 1]) / 2;
    for (const { node, weight } of RULE) {
      const t = middle + half * node;
      ts[at] = t;
      weights[at] = half * weight;
      densities[at++] = Math.exp(-t * t / 2);
    }
  }
  return { ts, weights, densities };
}

/**
 * Distance of the nodes of the trapezoidal rule for a standard normal; it converges fast on such
 * tails.
 */
const STEP = 1 / 3;

/**
 * Returns the mean of f over a standard normal, to about 1e-3 across a kink or a jump. Correlations
 * need no more.
 *
 * @param kink Position of the kink, if any: the nodes are shifted so that it is midway between two
 * of them.
 */
export function roughMean(f: (t: number) => number, kink?: number): number {
  let sum = 0;
  for (const { t, weight } of roughNodes(kink)) sum += weight * f(t);
  return sum;
}

/** Returns the nodes of {@linkcode roughMean}, and their weights. */
export function roughNodes(kink = STEP / 2): readonly { t: number; weight: number }[] {
  const place = kink / STEP - 1 / 2;
  const shift = Number.isFinite(place) ? (place - Math.round(place)) * STEP : 0;
  return shift === 0 ? CENTRED : nodesAt(shift);
}

const nodesAt = (shift: number) =>
  Array.from({ length: 31 }, (_, i) => {
    const t = (i - 15) * STEP + shift;
    return { t, weight: Math.exp(-t * t / 2) * STEP / Math.sqrt(2 * Math.PI) };
  });

const CENTRED = nodesAt(0);

/** Returns the kink of an activation that is nearest to z; NaN if it has none. */
export function kinkNear({ kinks }: ActivationFunction, z: number): number {
  return kinks.toSorted((a, b) => Math.abs(a - z) - Math.abs(b - z)).at(0) ?? NaN;
}

const RULE = gaussLegendre(ORDER);

/**
 * Returns nodes and weights on [-1, 1]: the roots of the Legendre polynomial, by Newton's iteration
 * from a start with three correct digits. The last iteration only evaluates the slope.
 */
function gaussLegendre(order: number): { node: number; weight: number }[] {
  return Array.from({ length: order }, (_, index) => {
    let x = Math.cos(Math.PI * (index + 0.75) / (order + 0.5));
    let slope = 0;
    for (let iteration = 0; iteration < 5; iteration++) {
      let below = 1, value = x;
      for (let n = 2; n <= order; n++) {
        const next = ((2 * n - 1) * x * value - (n - 1) * below) / n;
        below = value;
        value = next;
      }
      slope = order * (x * value - below) / (x * x - 1);
      x -= value / slope;
    }
    return { node: x, weight: 2 / ((1 - x * x) * slope * slope) };
  });
}
