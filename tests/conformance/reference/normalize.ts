import { mean as meanOf, type NdArray, reduce, reshape, zip } from "./nd_array.ts";

/** Puts a vector (or an array over `axes`) where it broadcasts against an array of a shape. */
export function alongAxes(a: NdArray, axes: readonly number[], shape: readonly number[]): NdArray {
  return reshape(a, shape.map((size, axis) => axes.includes(axis) ? size : 1));
}

/** Mean and (population) variance over some axes, which stay with size 1. */
export function moments(x: NdArray, axes: readonly number[]): { mean: NdArray; variance: NdArray } {
  const mean = reduce(x, axes, true, meanOf);
  const variance = reduce(zip(x, mean, (a, m) => (a - m) ** 2), axes, true, meanOf);
  return { mean, variance };
}

/** `(x - mean) / sqrt(variance + epsilon) * gamma + beta`, everything broadcasting. */
export function normalize(
  x: NdArray,
  mean: NdArray,
  variance: NdArray,
  epsilon: number,
  gamma?: NdArray,
  beta?: NdArray,
): NdArray {
  let y = zip(x, mean, (a, m) => a - m);
  y = zip(y, variance, (a, v) => a / Math.sqrt(v + epsilon));
  if (gamma) y = zip(y, gamma, (a, g) => a * g);
  return beta ? zip(y, beta, (a, b) => a + b) : y;
}
