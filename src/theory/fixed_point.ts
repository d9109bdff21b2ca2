import type { ActivationFunction } from "../traits/activation_function.ts";
import { gaussianMean } from "./gaussian_mean.ts";

/** Variances of z outside this range count as 0 and as infinite. */
export const LEAST_VARIANCE = 1e-18;
export const MOST_VARIANCE = 1e12;
/** Steps per decade in the search for the fixed point. */
const STEPS = 2;
const BISECTIONS = 60;

/**
 * Returns the variance of z to which layers converge from 1: a fixed point, or one of the limits.
 */
export function fixedPoint(
  { value, kinks }: ActivationFunction,
  weightVariance: number,
  biasVariance: number,
): number {
  const growth = (variance: number) =>
    weightVariance * gaussianMean((z) => value(z) ** 2, variance, { kinks }) + biasVariance -
    variance;
  const start = growth(1);
  if (start === 0) return 1;
  const step = 10 ** (Math.sign(start) / STEPS);
  for (
    let variance = 1;
    variance > LEAST_VARIANCE && variance < MOST_VARIANCE;
    variance *= step
  ) {
    const next = variance * step;
    if (Math.sign(growth(next)) !== Math.sign(start)) {
      return bisect(growth, Math.min(variance, next), Math.max(variance, next)) ?? next;
    }
  }
  return start > 0 ? MOST_VARIANCE : LEAST_VARIANCE;
}

/**
 * Returns a root of f between two positive numbers by bisecting their ratio, or `null` if the sign
 * does not change.
 */
export function bisect(f: (x: number) => number, low: number, high: number): number | null {
  const sign = Math.sign(f(low));
  if (sign === Math.sign(f(high))) return null;
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = Math.sqrt(low * high);
    if (Math.sign(f(middle)) === sign) low = middle;
    else high = middle;
  }
  return Math.sqrt(low * high);
}
