import { startEngine, type Tensor } from "../../../src/engine/mod.ts";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import { KERAS_ACTIVATIONS } from "../../../src/ground/traits/activation_traits.ts";
import { activationTraits } from "../../../src/ground/traits/mod.ts";
import { assertAlmostEquals, assertEquals } from "@std/assert";

const { tf } = await startEngine();
kerasLayers(tf);

const layerOf = (activation: string) =>
  tf.layers.activation({ activation: activation as "relu" }) as {
    apply(x: Tensor): Tensor;
  };

/** The value of a layer and the gradient of the weighted sum of its outputs. */
function pass(activation: string, x: Tensor, weights: Tensor): { y: number[]; dx: number[] } {
  return tf.tidy(() => {
    const layer = layerOf(activation);
    const { value, grad } = tf.valueAndGrad((z: Tensor) => layer.apply(z))(x, weights);
    return { y: [...(value as Tensor).dataSync()], dx: [...(grad as Tensor).dataSync()] };
  });
}

const CURVES = [...Object.keys(KERAS_ACTIVATIONS), "leakyRelu"].filter((name) =>
  name === "leakyRelu" || activationTraits(name)!.curve !== null
);

for (const name of CURVES) {
  Deno.test(`the activation ${name} is the curve that the traits have, and so is its gradient`, () => {
    const { value, derivative } = activationTraits(name === "leakyRelu" ? "leakyRelu(0.2)" : name)!
      .curve!;
    // Beside the kinks.
    const zs = Array.from({ length: 401 }, (_, i) => (i - 200) / 25 + 0.0123);
    const x = tf.tensor1d(zs);
    const { y, dx } = pass(name, x, tf.onesLike(x));
    zs.forEach((z, i) => {
      assertAlmostEquals(y[i], value(z), 1e-6 * Math.max(1, Math.abs(z)), `value at ${z}`);
      assertAlmostEquals(dx[i], derivative(z), 1e-6, `derivative at ${z}`);
    });
  });
}

/** Computes Keras's result in float64: tau comes from the sum of the running sums. */
function sparsemax(x: number[]): number[] {
  const sorted = x.toSorted((a, b) => b - a);
  let sum = 0, total = 0, count = 0;
  sorted.forEach((value, i) => {
    sum += value;
    if (value - (sum - 1) / (i + 1) <= 0) return;
    total += sum;
    count++;
  });
  return x.map((value) => Math.max(0, value - (total - 1) / count));
}

const glu = (x: number[]) =>
  x.slice(0, x.length / 2).map((a, i) => a / (1 + Math.exp(-x[x.length / 2 + i])));

const VECTORS: [name: string, f: (x: number[]) => number[]][] = [["sparsemax", sparsemax], [
  "glu",
  glu,
]];

for (const [name, f] of VECTORS) {
  Deno.test(`the activation ${name} and its gradient agree with float64`, () => {
    for (const x of [[0.3, -1.2, 0.9, 0.85, 0.1, -0.4], [-3, -3.1, -5, -2.9, -4, -3.5]]) {
      const weights = f(x).map((_, i) => Math.cos(3 * i + 1));
      const { y, dx } = pass(name, tf.tensor2d([x]), tf.tensor2d([weights]));
      f(x).forEach((value, i) => assertAlmostEquals(y[i], value, 1e-6));
      const sum = (at: number[]) =>
        f(at).reduce((total, value, i) => total + value * weights[i], 0);
      x.forEach((_, i) => {
        const at = (step: number) => sum(x.with(i, x[i] + step));
        assertAlmostEquals(dx[i], (at(1e-5) - at(-1e-5)) / 2e-5, 1e-5, `entry ${i} of ${x}`);
      });
    }
  });
}

Deno.test("every activation of Keras is registered", () => {
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  const missing = Object.keys(KERAS_ACTIVATIONS).filter((name) =>
    !Object.hasOwn(classNameMap, name)
  );
  assertEquals(missing, []);
});
