import type { ActivationFunction } from "./activation_function.ts";
import { errorFunction } from "./error_function.ts";
import { leakyRelu } from "./leaky_relu.ts";

const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

const sigmoid = (z: number) => z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
const softplus = (z: number) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
const density = (z: number) => Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
const distribution = (z: number) => (1 + errorFunction(z / Math.SQRT2)) / 2;

const smooth = (
  value: (z: number) => number,
  derivative: (z: number) => number,
): ActivationFunction => ({ value, derivative, kinks: [] });

/** The tanh form of gelu: z (1 + tanh u) / 2, u = sqrt(2 / pi) (z + 0.044715 z^3). */
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

/** scale z for z > 0, scale alpha (exp(z) - 1) below. */
function exponential(alpha: number, scale: number): ActivationFunction {
  return {
    value: (z) => scale * (z > 0 ? z : alpha * Math.expm1(z)),
    derivative: (z) => scale * (z > 0 ? 1 : alpha * Math.exp(z)),
    kinks: [0],
  };
}

/** z between two limits, scaled and shifted; flat outside. */
function clipped(low: number, high: number, slope: number, shift: number): ActivationFunction {
  return {
    value: (z) => Math.min(Math.max(z, low), high) * slope + shift,
    derivative: (z) => z > low && z < high ? slope : 0,
    kinks: [low, high],
  };
}

/**
 * The elementwise activations of TensorFlow.js by the names that measurements give them.
 * `leakyRelu` has the default slope of TensorFlow.js, 0.3; for others there is {@linkcode leakyRelu}.
 */
export const ACTIVATION_FUNCTIONS: Readonly<Record<string, ActivationFunction>> = {
  linear: smooth((z) => z, () => 1),
  tanh: smooth(Math.tanh, (z) => {
    // 1 - tanh^2 without the cancellation that makes it 0 from |z| = 19 on.
    const e = Math.exp(-2 * Math.abs(z));
    return 4 * e / (1 + e) ** 2;
  }),
  sigmoid: smooth(sigmoid, (z) => sigmoid(z) * sigmoid(-z)),
  hardSigmoid: clipped(-2.5, 2.5, 0.2, 0.5),
  softsign: {
    value: (z) => z / (1 + Math.abs(z)),
    derivative: (z) => 1 / (1 + Math.abs(z)) ** 2,
    kinks: [0],
  },
  relu: leakyRelu(0),
  leakyRelu: leakyRelu(0.3),
  relu6: clipped(0, 6, 1, 0),
  elu: exponential(1, 1),
  selu: exponential(SELU_ALPHA, SELU_SCALE),
  softplus: smooth(softplus, sigmoid),
  swish: smooth(
    (z) => z * sigmoid(z),
    (z) => sigmoid(z) * (1 + z * sigmoid(-z)),
  ),
  gelu: smooth(
    (z) => z * distribution(z),
    (z) => distribution(z) + z * density(z),
  ),
  gelu_new: geluByTanh(),
  mish: smooth(
    (z) => z * Math.tanh(softplus(z)),
    (z) => {
      const t = Math.tanh(softplus(z));
      return t + z * (1 - t * t) * sigmoid(z);
    },
  ),
};
