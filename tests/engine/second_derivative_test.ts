import { assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { ACTIVATIONS } from "../../src/ground/traits/activations.ts";

/** A function, and the second derivative of its cube. */
type Curve = [f: (tf: TensorFlow, x: Tensor) => Tensor, curve: (x: number) => number];

function curveOfSigmoid(x: number): number {
  const y = 1 / (1 + Math.exp(-x)), slope = y * (1 - y);
  return 6 * y * slope ** 2 + 3 * y * y * slope * (1 - 2 * y);
}

/** The gated activations, by their layers, and the second derivative of their cube by central differences. */
const gated = (name: "gelu" | "gelu_new" | "swish"): Curve => [
  (tf, x) => tf.layers.activation({ activation: name as never }).apply(x) as Tensor,
  (x) => {
    const { value, derivative } = ACTIVATIONS[name].curve!;
    const slope = (x: number) => 3 * value(x) ** 2 * derivative(x);
    return (slope(x + 1e-5) - slope(x - 1e-5)) / 2e-5;
  },
];

const curved: Record<string, Curve> = {
  gelu: gated("gelu"),
  gelu_new: gated("gelu_new"),
  swish: gated("swish"),
  relu: [(tf, x) => tf.relu(x), (x) => x > 0 ? 6 * x : 0],
  sigmoid: [(tf, x) => tf.sigmoid(x), curveOfSigmoid],
  tanh: [(tf, x) => tf.tanh(x), (x) => {
    const y = Math.tanh(x), slope = 1 - y * y;
    return 6 * y * slope ** 2 - 6 * y ** 3 * slope;
  }],
  exp: [(tf, x) => tf.exp(x), (x) => 9 * Math.exp(3 * x)],
  clipByValue: [(tf, x) => tf.clipByValue(x, -1.5, 1.5), (x) => Math.abs(x) <= 1.5 ? 6 * x : 0],
  softmax: [
    // The first of two logits, x and 0: a sigmoid.
    (tf, x) => tf.slice(tf.softmax(tf.stack([x, tf.zerosLike(x)], 1)), [0, 0], [-1, 1]),
    curveOfSigmoid,
  ],
};
for (const [name, [f, expected]] of Object.entries(curved)) {
  Deno.test(`the gradient of ${name} may be differentiated again`, async () => {
    await using engine = await startEngine();
    const { tf } = engine;
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const x = [-2, -0.5, 0.25, 1, 3];
      const slope = tf.grad((x) => tf.sum(tf.pow(f(tf, x), 3)));
      const curve = tf.grad((x) => tf.sum(slope(x)))(tf.tensor1d(x)).dataSync();
      x.forEach((x, i) =>
        assertAlmostEquals(curve[i], expected(x), 1e-4 * Math.max(1, Math.abs(expected(x))))
      );
    });
    assertEquals(tf.memory().numTensors, before);
  });
}
