import { number, requireValue } from "../words/shape.ts";

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
function geluByTanh(): ActivationFunction {
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

/** Values of z at which an activation passes (almost) no gradient. */
export interface FlatRegion {
  /** True if the activation is bounded on both sides: it saturates. */
  bounded: boolean;
  /** True if it is flat on one side only, so that units can die. */
  oneSided: boolean;
  /** Entries with z <= low pass (almost) no gradient. */
  low: number;
  /** Entries with z >= high pass (almost) no gradient. */
  high: number;
}

/** Traits of an activation. */
export interface ActivationTraits {
  /** phi and phi' in float64, or `null` if it is not a function of z alone (softmax, prelu). */
  curve: ActivationFunction | null;
  /** Gain that `gain()` of the theory documents, or `null` if it has no useful one. */
  gain: number | null;
  /** Gain at which deltas keep their size in a deep network, or `null`. */
  criticalGain: number | null;
  /** Smallest and largest output. */
  range: readonly [low: number, high: number];
  /** Region in which it is flat, or `null` if it is not flat anywhere. */
  flat: FlatRegion | null;
  /** True if it has kinks, so that a difference quotient may cross one. */
  kinked: boolean;
  /** True if phi(k z) = k phi(z) for k > 0, so that it passes a factor on. */
  homogeneous: boolean;
  /**
   * Copies of the layer's output that it keeps for the backward pass: each of its ops keeps what it
   * needs. Measured on WASM with ten layers of a kind.
   */
  memoryCopies: number;
  /**
   * True if its derivative is computed from its input rather than its output, so that both are
   * kept.
   */
  keepsInput: boolean;
}

const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;
const ROOT_2 = Math.SQRT2;

/**
 * Share of sup |phi'| below which an entry counts as flat (by design: tanh |a| > 0.97, after
 * Karpathy's makemore; sigmoid a outside 0.015 .. 0.985).
 */
export const FLAT = 0.06;
const FLAT_TANH = Math.atanh(Math.sqrt(1 - FLAT));

const bounded = (limit: number): FlatRegion => ({
  bounded: true,
  oneSided: false,
  low: -limit,
  high: limit,
});

const oneSided = (low: number): FlatRegion => ({
  bounded: false,
  oneSided: true,
  low,
  high: Infinity,
});

/** He et al. 2015, equation 15. */
const leakyGain = (slope: number) => Math.sqrt(2 / (1 + slope ** 2));

/** Completes the traits of an activation with the defaults. */
export function traits(own: Partial<ActivationTraits> = {}): ActivationTraits {
  const { curve = null, gain = null } = own;
  return {
    curve,
    gain,
    criticalGain: gain,
    range: [-Infinity, Infinity],
    flat: null,
    kinked: (curve?.kinks.length ?? 0) > 0,
    homogeneous: false,
    memoryCopies: 0,
    keepsInput: true,
    ...own,
  };
}

/** Returns the traits of a relu with this slope below 0; TensorFlow.js's default is 0.3. */
export function leakyReluTraits(slope: number): ActivationTraits {
  return traits({ curve: leakyRelu(slope), gain: leakyGain(slope), homogeneous: true });
}

/**
 * Activations of TensorFlow.js, and layers that are an activation, by their names in measurements.
 * `leakyRelu` has the default slope; {@linkcode activationTraits} knows the others.
 *
 * The derivatives of swish, gelu and mish change their sign once for z < 0, so only the tail counts
 * as flat: below the smallest z at which |phi'| = 0.06 sup |phi'|, found by bisection of central
 * differences in float64 (the suprema are 1.0998, 1.1289, 1.1290 and 1.0885). Their minima, found
 * the same way, are the lower ends of their ranges.
 */
export const ACTIVATIONS: Readonly<Record<string, ActivationTraits>> = {
  linear: traits({ curve: smooth((z) => z, () => 1), gain: 1, homogeneous: true }),
  tanh: traits({
    curve: smooth(Math.tanh, (z) => {
      // 1 - tanh^2 without the cancellation that makes it 0 for |z| >= 19.
      const e = Math.exp(-2 * Math.abs(z));
      return 4 * e / (1 + e) ** 2;
    }),
    gain: 1,
    range: [-1, 1],
    flat: bounded(FLAT_TANH),
    memoryCopies: 1,
    keepsInput: false,
  }),
  sigmoid: traits({
    curve: smooth(sigmoid, (z) => sigmoid(z) * sigmoid(-z)),
    range: [0, 1],
    // sigmoid(z) = (1 + tanh(z / 2)) / 2, so its derivative falls to the same share at twice tanh's z.
    flat: bounded(2 * FLAT_TANH),
    memoryCopies: 1,
    keepsInput: false,
  }),
  hardSigmoid: traits({
    curve: clipped(-2.5, 2.5, 0.2, 0.5),
    range: [0, 1],
    flat: bounded(2.5),
    memoryCopies: 3,
  }),
  softsign: traits({
    curve: {
      value: (z) => z / (1 + Math.abs(z)),
      derivative: (z) => 1 / (1 + Math.abs(z)) ** 2,
      kinks: [0],
    },
    gain: 1,
    range: [-1, 1],
    flat: bounded(1 / Math.sqrt(FLAT) - 1),
    memoryCopies: 3,
  }),
  relu: traits({
    curve: leakyRelu(0),
    gain: ROOT_2,
    range: [0, Infinity],
    flat: oneSided(0),
    homogeneous: true,
    memoryCopies: 1,
  }),
  relu6: traits({
    curve: clipped(0, 6, 1, 0),
    gain: ROOT_2,
    range: [0, 6],
    flat: { bounded: true, oneSided: true, low: 0, high: 6 },
    memoryCopies: 2,
  }),
  leakyRelu: leakyReluTraits(0.3),
  prelu: traits({ kinked: true }),
  thresholdedRelu: traits({ range: [0, Infinity], flat: oneSided(1), kinked: true }),
  elu: traits({
    curve: exponential(1, 1),
    gain: 1,
    range: [-1, Infinity],
    // For z < 0 the derivative is exp(z), and selu's is exp(z) times its supremum.
    flat: oneSided(Math.log(FLAT)),
    memoryCopies: 1,
    keepsInput: false,
  }),
  selu: traits({
    curve: exponential(SELU_ALPHA, SELU_SCALE),
    gain: 1,
    // The root of criticalWeightVariance("selu").
    criticalGain: 0.6904860924400582,
    range: [-SELU_ALPHA * SELU_SCALE, Infinity],
    flat: oneSided(Math.log(FLAT)),
    memoryCopies: 1,
  }),
  softplus: traits({
    curve: smooth(softplus, sigmoid),
    gain: ROOT_2,
    range: [0, Infinity],
    // Its derivative is the sigmoid, whose supremum is 1.
    flat: oneSided(Math.log(FLAT / (1 - FLAT))),
    memoryCopies: 1,
  }),
  swish: traits({
    curve: smooth((z) => z * sigmoid(z), (z) => sigmoid(z) * (1 + z * sigmoid(-z))),
    gain: ROOT_2,
    range: [-0.278465, Infinity],
    flat: oneSided(-3.61689),
    memoryCopies: 1,
  }),
  gelu: traits({
    curve: smooth((z) => z * distribution(z), (z) => distribution(z) + z * density(z)),
    gain: ROOT_2,
    range: [-0.169971, Infinity],
    flat: oneSided(-2.16472),
    memoryCopies: 1,
  }),
  gelu_new: traits({
    curve: geluByTanh(),
    gain: ROOT_2,
    range: [-0.170041, Infinity],
    flat: oneSided(-2.17249),
    memoryCopies: 1,
  }),
  mish: traits({
    curve: smooth(
      (z) => z * Math.tanh(softplus(z)),
      (z) => {
        const t = Math.tanh(softplus(z));
        return t + z * (1 - t * t) * sigmoid(z);
      },
    ),
    gain: ROOT_2,
    range: [-0.308843, Infinity],
    flat: oneSided(-3.68683),
    memoryCopies: 2,
  }),
  softmax: traits({ range: [0, 1], memoryCopies: 1, keepsInput: false }),
  logSoftmax: traits({ range: [-Infinity, 0] }),
};

/**
 * Returns a relu with a slope below 0.
 *
 * @param slope The slope for z < 0; 0 gives relu. TensorFlow.js's default is 0.3, PyTorch's 0.01.
 * @returns The activation, for {@linkcode meanField}, {@linkcode criticalWeightVariance} and
 * others.
 *
 * @example The scale at which a deep network passes signals on
 * ```ts
 * import { criticalWeightVariance, leakyRelu } from "@gradient-health/gradient-health/theory";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(criticalWeightVariance(leakyRelu(0.2)), 2 / (1 + 0.2 ** 2), 1e-6);
 * ```
 */
export function leakyRelu(slope: number): ActivationFunction {
  requireValue("slope", slope, number);
  return {
    value: (z) => z > 0 ? z : slope * z,
    derivative: (z) => z > 0 ? 1 : slope,
    kinks: [0],
  };
}

/**
 * Returns the slope in a name such as `leakyRelu(0.01)`, which measurements give to a layer whose
 * slope is not TensorFlow.js's default; `null` for any other name.
 */
export function slopeOf(activation: string): number | null {
  const [, slope] = /^leakyRelu\((-?[\d.]+(?:e-?\d+)?)\)$/.exec(activation) ?? [];
  return slope === undefined ? null : Number(slope);
}
