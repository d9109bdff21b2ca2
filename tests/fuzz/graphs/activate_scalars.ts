import type { Scalar, ScalarTape } from "./scalar_tape.ts";

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** An elementwise activation: the function, its derivative of x and y, and where it has kinks. */
type Elementwise = [(x: number) => number, (x: number, y: number) => number, number[]?];

const ELEMENTWISE: Record<string, Elementwise> = {
  linear: [(x) => x, () => 1],
  tanh: [Math.tanh, (_, y) => 1 - y * y],
  sigmoid: [sigmoid, (_, y) => y * (1 - y)],
  relu: [(x) => Math.max(0, x), (x) => x > 0 ? 1 : 0, [0]],
  relu6: [(x) => Math.min(6, Math.max(0, x)), (x) => x > 0 && x < 6 ? 1 : 0, [0, 6]],
  elu: [(x) => x > 0 ? x : Math.expm1(x), (x) => x > 0 ? 1 : Math.exp(x), [0]],
  softplus: [(x) => Math.log1p(Math.exp(x)), (x) => sigmoid(x)],
  softsign: [(x) => x / (1 + Math.abs(x)), (x) => 1 / (1 + Math.abs(x)) ** 2, [0]],
  hardSigmoid: [
    (x) => Math.min(1, Math.max(0, 0.2 * x + 0.5)),
    (x) => Math.abs(x) < 2.5 ? 0.2 : 0,
    [-2.5, 2.5],
  ],
  swish: [(x) => x * sigmoid(x), (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x)))],
  "leakyRelu(0.1)": [(x) => x > 0 ? x : 0.1 * x, (x) => x > 0 ? 1 : 0.1, [0]],
};

/** Names of activations that layers are given. */
export const ACTIVATIONS = [
  "linear",
  "tanh",
  "sigmoid",
  "relu",
  "relu6",
  "elu",
  "softplus",
  "softsign",
  "hardSigmoid",
  "swish",
  "softmax",
];

/** Applies an activation to the entries of one row. */
export function activateRow(tape: ScalarTape, row: readonly Scalar[], name: string): Scalar[] {
  if (name === "softmax") {
    const exponentials = row.map((x) => tape.apply(x, Math.exp, (_, y) => y));
    const sum = tape.apply(tape.add(...exponentials), (x) => 1 / x, (_, y) => -y * y);
    return exponentials.map((x) => tape.mul(x, sum));
  }
  const [f, slope, kinks = []] = ELEMENTWISE[name];
  return row.map((x) => {
    for (const kink of kinks) tape.kinkAt(tape.values[x] - kink);
    return tape.apply(x, f, slope);
  });
}
