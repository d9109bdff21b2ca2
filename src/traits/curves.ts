/** An elementwise activation in float64, for the theory. */
export interface ActivationFunction {
  /** phi(z). */
  value: (z: number) => number;
  /** phi'(z). */
  derivative: (z: number) => number;
  /**
   * Values of z at which phi or phi' is not smooth: the integration is split there. Across a kink,
   * Gaussian quadrature converges slowly (12 to 34 % off for phi' of relu-like functions).
   */
  kinks: readonly number[];
}

/** 1 / (1 + exp(-z)), without overflow. */
export const sigmoid = (z: number) =>
  z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
/** ln(1 + exp(z)), without overflow. */
export const softplus = (z: number) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
/** Density of the standard normal distribution. */
export const density = (z: number) => Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
/** Cumulative distribution function of the standard normal distribution. */
export const distribution = (z: number) => (1 + errorFunction(z / Math.SQRT2)) / 2;

/** Creates a curve without kinks. */
export const smooth = (
  value: (z: number) => number,
  derivative: (z: number) => number,
): ActivationFunction => ({ value, derivative, kinks: [] });

/** Returns the tanh form of gelu: z (1 + tanh u) / 2, u = sqrt(2 / pi) (z + 0.044715 z^3). */
export function geluByTanh(): ActivationFunction {
  const root = Math.sqrt(2 / Math.PI);
  const inner = (z: number) => Math.tanh(root * (z + 0.044715 * z ** 3));
  return smooth(
    (z) => z * (1 + inner(z)) / 2,
    (z) => {
      const t = inner(z);
      return (1 + t) / 2 + z * (1 - t * t) / 2 * root * (1 + 3 * 0.044715 * z * z);
    },
  );
}

/** Returns scale z for z > 0, scale alpha (exp(z) - 1) below. */
export function exponential(alpha: number, scale: number): ActivationFunction {
  return {
    value: (z) => scale * (z > 0 ? z : alpha * Math.expm1(z)),
    derivative: (z) => scale * (z > 0 ? 1 : alpha * Math.exp(z)),
    kinks: [0],
  };
}

/** Returns z between two limits, scaled and shifted; flat outside. */
export function clipped(
  low: number,
  high: number,
  slope: number,
  shift: number,
): ActivationFunction {
  return {
    value: (z) => Math.min(Math.max(z, low), high) * slope + shift,
    derivative: (z) => z > low && z < high ? slope : 0,
    kinks: [low, high],
  };
}

const SERIES_LIMIT = 3;

/**
 * Returns erf(x), 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x, to about 1e-15.
 *
 * Near 0 it uses the Taylor series without alternating signs, further out the continued fraction of
 * erfc (Abramowitz & Stegun 7.1.6 and 7.1.14).
 */
export function errorFunction(x: number): number {
  const size = Math.abs(x);
  if (size >= 6) return Math.sign(x);
  const scale = Math.exp(-size * size) / Math.sqrt(Math.PI);
  if (size < SERIES_LIMIT) {
    let term = size;
    let sum = size;
    for (let n = 1; term > 1e-17 * sum; n++) {
      term *= 2 * size * size / (2 * n + 1);
      sum += term;
    }
    return Math.sign(x) * 2 * scale * sum;
  }
  let fraction = size;
  for (let n = 60; n >= 1; n--) fraction = size + n / 2 / fraction;
  return Math.sign(x) * (1 - scale / fraction);
}
