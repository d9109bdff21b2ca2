import type { ActivationFunction } from "../traits/activation_function.ts";
import {
  arrayOf,
  callable,
  number,
  objectWith,
  optional,
  requireValue,
} from "../words/requirements.ts";

/** Beyond 10 standard deviations the Gaussian holds less than 1e-22. */
const REACH = 10;
const ORDER = 16;

const optionsShape = objectWith({ kinks: optional(arrayOf(number)) });

/**
 * The mean of f(z) over z ~ N(0, variance), by Gauss-Legendre quadrature piecewise between the kinks
 * of f, between whole standard deviations, and between z = 0.5, 1, 2, 4 ... and their negatives,
 * where a steep function of order 1 width (tanh under a large variance) bends.
 *
 * @param f The function.
 * @param variance The variance of z, 0 or more.
 * @param options `kinks`: where f is not smooth. Default: nowhere.
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
  const { kinks = [] } = options;
  const deviation = Math.sqrt(variance);
  if (deviation === 0) {
    // At a kink, the mean of both sides: the limit of a vanishing variance.
    return (f(Number.MIN_VALUE) + f(-Number.MIN_VALUE)) / 2;
  }
  const { points, weights, densities } = nodesOf(deviation, kinks);
  let sum = 0;
  for (let i = 0; i < points.length; i++) sum += weights[i] * f(points[i]) * densities[i];
  return sum / Math.sqrt(2 * Math.PI);
}

/** Where a function is evaluated, and what its values count. */
interface Nodes {
  deviation: number;
  kinks: readonly number[];
  /** The values of z. */
  points: Float64Array;
  /** The weights of the quadrature, and the densities of the normal distribution there. */
  weights: Float64Array;
  densities: Float64Array;
}

/** The latest nodes: who asks for one mean mostly asks for others over the same z. */
let latest: Nodes | null = null;

function nodesOf(deviation: number, kinks: readonly number[]): Nodes {
  const isLatest = latest !== null && latest.deviation === deviation &&
    latest.kinks.length === kinks.length && latest.kinks.every((kink, i) => kink === kinks[i]);
  if (!isLatest) latest = makeNodes(deviation, [...kinks]);
  return latest!;
}

function makeNodes(deviation: number, kinks: readonly number[]): Nodes {
  const cuts = new Set<number>();
  for (let t = -REACH; t <= REACH; t++) cuts.add(t);
  for (let z = 0.5; z < REACH * deviation; z *= 2) cuts.add(z / deviation).add(-z / deviation);
  for (const kink of kinks) {
    if (Math.abs(kink) < REACH * deviation) cuts.add(kink / deviation);
  }
  const edges = [...cuts].sort((a, b) => a - b);
  const [points, weights, densities] = Array.from(
    { length: 3 },
    () => new Float64Array((edges.length - 1) * ORDER),
  );
  for (let i = 1, at = 0; i < edges.length; i++) {
    const half = (edges[i] - edges[i - 1]) / 2;
    const middle = (edges[i] + edges[i - 1]) / 2;
    for (const { node, weight } of RULE) {
      const t = middle + half * node;
      points[at] = t * deviation;
      weights[at] = half * weight;
      densities[at++] = Math.exp(-t * t / 2);
    }
  }
  return { deviation, kinks, points, weights, densities };
}

/** The distance of the nodes of the trapezoidal rule for a standard normal, which converges fast on such a tail. */
const STEP = 1 / 3;

/**
 * The mean of f over a standard normal, to some 1e-3 across a kink or a jump: for correlations, which need no
 * more.
 *
 * @param f The function.
 * @param kink Where it is, if anywhere: the nodes are moved until it lies midway between two of them.
 */
export function roughMean(f: (t: number) => number, kink?: number): number {
  return roughNodes(kink).reduce((sum, { t, weight }) => sum + weight * f(t), 0);
}

/** The nodes of {@linkcode roughMean}, and what f counts there. */
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

/** The kink of an activation nearest to where z lies; NaN where it has none. */
export function kinkNear({ kinks }: ActivationFunction, z: number): number {
  return kinks.toSorted((a, b) => Math.abs(a - z) - Math.abs(b - z)).at(0) ?? NaN;
}

const RULE = gaussLegendre(ORDER);

/**
 * Nodes and weights on [-1, 1]: the roots of the Legendre polynomial, by Newton's iteration, which doubles the
 * digits of a start that has three. The last time is for the slope.
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
