import { map, type NdArray, reduce, sum, zip } from "./nd_array.ts";

const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

/** The error function, from its Maclaurin series below 3 and its continued fraction above. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 3) {
    let term = a, total = a;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n++) {
      term *= -a * a / n;
      total += term / (2 * n + 1);
      if (n > 300) break;
    }
    return Math.sign(x) * 2 / Math.sqrt(Math.PI) * total;
  }
  let fraction = 0;
  for (let n = 80; n > 0; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** Value of each activation for a number. */
export const ELEMENTWISE: Readonly<Record<string, (x: number) => number>> = {
  linear: (x) => x,
  relu: (x) => x > 0 ? x : 0,
  relu6: (x) => Math.min(Math.max(x, 0), 6),
  elu: (x) => x > 0 ? x : Math.expm1(x),
  selu: (x) => SELU_SCALE * (x > 0 ? x : SELU_ALPHA * Math.expm1(x)),
  sigmoid,
  hardSigmoid: (x) => Math.min(Math.max(0.2 * x + 0.5, 0), 1),
  softplus,
  softsign: (x) => x / (1 + Math.abs(x)),
  tanh: Math.tanh,
  gelu: (x) => x * 0.5 * (1 + erf(x / Math.SQRT2)),
  gelu_new: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  mish: (x) => x * Math.tanh(softplus(x)),
  swish: (x) => x * sigmoid(x),
};

/** Softmax over the given axes together. */
export function softmax(a: NdArray, axes: readonly number[] = [a.shape.length - 1]): NdArray {
  const highest = reduce(a, axes, true, (entries) => Math.max(...entries));
  const powers = zip(a, highest, (x, top) => Math.exp(x - top));
  return zip(powers, reduce(powers, axes, true, sum), (p, total) => p / total);
}

/** Applies an activation by its Keras name. */
export function activate(a: NdArray, name: string): NdArray {
  if (name === "softmax") return softmax(a);
  if (name === "logSoftmax") return map(softmax(a), Math.log);
  if (!(name in ELEMENTWISE)) throw new RangeError(`no reference for the activation ${name}`);
  return map(a, ELEMENTWISE[name]);
}
