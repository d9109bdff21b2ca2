import { startEngine, type Tensor } from "../../../src/engine/mod.ts";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { assertRefused } from "../../assert_refused.ts";

const { tf } = await startEngine();
const { SpectralNormalization } = kerasLayers(tf);

const KERNEL = [[0.5, -1], [1.5, 0.25], [-0.75, 2]];

function wrapped(powerIterations: number, kernel = KERNEL) {
  const dense = tf.layers.dense({ units: 2, useBias: false });
  const layer = new SpectralNormalization({ layer: dense, powerIterations, inputShape: [3] });
  const model = tf.sequential({ layers: [layer] });
  layer.setWeights([tf.tensor2d(kernel), tf.tensor2d([[0.6, -0.8]])]);
  return { model, layer };
}

const entries = (tensor: Tensor) => [...tensor.dataSync()];

function near(found: number[], expected: number[]): void {
  assertEquals(found.length, expected.length);
  found.forEach((value, i) => assertAlmostEquals(value, expected[i], 1e-6));
}

/** The output of a training step, the kernel after it and the vector, by Keras 3.15.1 on JAX. */
const FIGURES: [powerIterations: number, output: number[], kernel: number[], vector: number[]][] = [
  [
    1,
    [-1.179060459136963, -0.20505398511886597],
    [0.205054014, -0.410108029, 0.615162014, 0.102527007, -0.307581007, 0.820216059],
    [0.529619574546814, -0.8482353091239929],
  ],
  [
    3,
    [-1.1766475439071655, -0.20463433861732483],
    [0.204634353, -0.409268706, 0.613903045, 0.102317176, -0.306951522, 0.818537414],
    [0.49331915378570557, -0.869848370552063],
  ],
];

for (const [powerIterations, output, kernel, vector] of FIGURES) {
  Deno.test(`SpectralNormalization with ${powerIterations} iterations trains as in Keras, and leaves inference alone`, () => {
    const { model, layer } = wrapped(powerIterations);
    const x = tf.tensor2d([[1, -2, 0.5]]);
    near(entries(model.predict(x) as Tensor), [-2.875, -0.5]);
    near(entries(layer.getWeights()[0] as Tensor), KERNEL.flat());
    near(entries(layer.apply(x, { training: true }) as Tensor), output);
    const [own, u] = layer.getWeights();
    near(entries(own as Tensor), kernel);
    near(entries(u as Tensor), vector);
    model.dispose();
  });
}

Deno.test("SpectralNormalization brings the largest singular value to 1", () => {
  const { model, layer } = wrapped(1);
  const x = tf.zeros([1, 3]);
  for (let step = 0; step < 40; step++) tf.dispose(layer.apply(x, { training: true }) as Tensor);
  const [a, b, c, d, e, f] = entries(layer.getWeights()[0] as Tensor);
  // Larger eigenvalue of K'K.
  const p = a * a + c * c + e * e;
  const q = a * b + c * d + e * f;
  const r = b * b + d * d + f * f;
  assertAlmostEquals((p + r) / 2 + Math.sqrt(((p - r) / 2) ** 2 + q * q), 1, 1e-5);
  model.dispose();
});

Deno.test("SpectralNormalization leaves a kernel of zeros as it is", () => {
  const { model, layer } = wrapped(1, [[0, 0], [0, 0], [0, 0]]);
  layer.apply(tf.ones([1, 3]), { training: true });
  assertEquals(entries(layer.getWeights()[0] as Tensor), [0, 0, 0, 0, 0, 0]);
  near(entries(layer.getWeights()[1] as Tensor), [0.6, -0.8]);
  model.dispose();
});

Deno.test("a step of training moves a kernel that a SpectralNormalization wraps", async () => {
  const { model, layer } = wrapped(1);
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  await model.fit(tf.ones([4, 3]), tf.ones([4, 2]), { epochs: 1, verbose: 0 });
  const moved = entries(layer.getWeights()[0] as Tensor);
  assertEquals(moved.every((value, i) => value !== FIGURES[0][2][i]), true);
  assertEquals(model.trainableWeights.length, 1);
  model.dispose();
});

Deno.test("SpectralNormalization refuses what it cannot normalise", () => {
  const layer = tf.layers.flatten({ name: "flat" });
  assertRefused(
    () =>
      tf.sequential({
        layers: [new SpectralNormalization({ name: "sn", layer, inputShape: [3, 2] })],
      }),
    { place: "sn", found: "flat (Flatten)", expected: "a layer with a kernel or embeddings" },
  );
  assertRefused(
    () => new SpectralNormalization({ name: "sn", layer, powerIterations: 0 }),
    { place: "powerIterations of sn", found: "0", expected: "a whole number from 1" },
  );
});
