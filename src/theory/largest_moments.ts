import type { ActivationFunction } from "../traits/activation_function.ts";
import { density, distribution } from "../traits/curves.ts";
import { roughNodes } from "./gaussian_mean.ts";
import { keep } from "./keep.ts";

/** Moments of an activation at the largest z of a window. */
export interface LargestMoments {
  /** E[phi]. */
  mean: number;
  /** E[phi^2]. */
  meanSquare: number;
  /** E[phi'^2]. */
  slopeSquare: number;
}

/**
 * Returns the moments of an activation at the largest z of a window. The z are normal with one
 * correlation for all pairs: each is the sum of a shared and an independent part.
 *
 * @param z Mean and variance of each z, and `near`, their correlation.
 * @param taps Number of z. The mean may be fractional if windows overlap the border.
 */
export function largestMoments(
  { value, derivative }: ActivationFunction,
  { mean, variance, near }: { mean: number; variance: number; near: number },
  taps: number,
): LargestMoments {
  const deviation = Math.sqrt(variance);
  const shared = Math.sqrt(near);
  const own = Math.sqrt(1 - near);
  const inner = nodesOfLargest(taps);
  const moments = { mean: 0, meanSquare: 0, slopeSquare: 0 };
  for (const outer of shared === 0 ? [{ t: 0, weight: 1 }] : roughNodes()) {
    for (const { u, weight } of inner) {
      const z = mean + deviation * (shared * outer.t + own * u);
      const share = outer.weight * weight;
      const phi = value(z);
      moments.mean += share * phi;
      moments.meanSquare += share * phi ** 2;
      moments.slopeSquare += share * derivative(z) ** 2;
    }
  }
  return moments;
}

/** Values and probabilities of the largest of several independent standard normals. */
type Nodes = readonly { u: number; weight: number }[];

const known = new Map<number, Nodes>();

function nodesOfLargest(taps: number): Nodes {
  return keep(known, taps, () => {
    const nodes: { u: number; weight: number }[] = [];
    for (let u = -6; u <= 6; u += 1 / 8) {
      const weight = taps * distribution(u) ** (taps - 1) * density(u);
      if (weight > 1e-11) nodes.push({ u, weight });
    }
    const total = nodes.reduce((sum, { weight }) => sum + weight, 0);
    return nodes.map(({ u, weight }) => ({ u, weight: weight / total }));
  });
}
