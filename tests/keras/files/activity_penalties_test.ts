import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import { loadModel } from "../../../src/entry/model.ts";
import { gradients, measure, type Measurements } from "../../../src/entry/measure.ts";
import { probeOverfit } from "../../../src/core/probe/probe_step.ts";
import { bytesOf, figuresOf, type SavedTensor, withFile } from "./fixtures.ts";

const { tf } = await startEngine();

/** Figures of Keras on TensorFlow: see bench/peers/write_keras_penalties.py. */
interface Penalized {
  /** J with all penalties. */
  value: number;
  /** J without them. */
  loss: number;
  /** Gradients of `value`. */
  entries: Record<string, SavedTensor>;
}

const OPTIONS = { objective: "meanSquaredError", batchNormalization: "inference" } as const;

async function load(stem: string) {
  const file = `${stem}.keras`;
  const figures = figuresOf(file) as ReturnType<typeof figuresOf> & { penalized: Penalized };
  const { model } = await withFile(file, bytesOf(file), (path) => loadModel(path));
  const inputs = figures.inputs.map(({ values, shape }) => tf.tensor(values, shape));
  const targets = figures.targets.map(({ values, shape }) => tf.tensor(values, shape));
  const batch = { inputs: inputs.length === 1 ? inputs[0] : inputs, targets };
  return {
    model,
    batch,
    expected: figures.penalized,
    [Symbol.dispose]() {
      tf.dispose([...inputs, ...targets]);
      model.dispose();
    },
  };
}

const rmsOf = (values: number[]) => Math.hypot(...values) / Math.sqrt(values.length);

function requireGradients({ layers }: Measurements, expected: Penalized): void {
  const found = new Map(
    layers.flatMap(({ weights }) => weights.map(({ name, gradients }) => [name, gradients?.rms])),
  );
  for (const [path, { values }] of Object.entries(expected.entries)) {
    assertAlmostEquals(found.get(path) ?? NaN, rmsOf(values), 1e-5, `gradient of ${path}`);
  }
}

for (const stem of ["penalties", "penalties_shared"]) {
  Deno.test(`measure() adds the penalties on outputs of ${stem} to J as Keras does`, async () => {
    using loaded = await load(stem);
    const { model, batch, expected } = loaded;
    const without = await measure(model, batch, OPTIONS);
    assertAlmostEquals(without.objective.value, expected.loss, 1e-5);
    assertAlmostEquals(without.objective.penalty ?? 0, expected.value - expected.loss, 1e-5);
    const before = tf.memory().numTensors;
    const whole = await measure(model, batch, { ...OPTIONS, penalties: true });
    assertEquals(tf.memory().numTensors, before);
    assertAlmostEquals(whole.objective.value, expected.value, 1e-5);
    requireGradients(whole, expected);
    using taken = await gradients(model, batch, { ...OPTIONS, penalties: true });
    for (const { name, tensor } of taken) {
      const { values } = expected.entries[name];
      tensor.dataSync().forEach((entry, i) => assertAlmostEquals(entry, values[i], 1e-5, name));
    }
    assertEquals(taken.length, Object.keys(expected.entries).length);
  });

  Deno.test(`measure() gives ${stem} the same J and gradients in parts`, async () => {
    using loaded = await load(stem);
    const { model, batch, expected } = loaded;
    for (const microBatch of [1, 2]) {
      const found = await measure(model, batch, { ...OPTIONS, penalties: true, microBatch });
      assertEquals(found.batch.microBatch, microBatch);
      assertAlmostEquals(found.objective.value, expected.value, 1e-5);
      assertAlmostEquals(found.objective.penalty!, expected.value - expected.loss, 1e-5);
      requireGradients(found, expected);
    }
  });

  Deno.test(`A training step of ${stem} goes down on the penalties on outputs`, async () => {
    using loaded = await load(stem);
    const { model, batch, expected } = loaded;
    const rate = 1e-3;
    const { losses } = await probeOverfit(model, batch, {
      objective: "meanSquaredError",
      optimizer: tf.train.sgd(rate),
      steps: 2,
      targetLoss: 0,
    });
    assertAlmostEquals(losses[0], expected.value, 1e-5);
    const squares = Object.values(expected.entries).flatMap(({ values }) => values)
      .reduce((sum, value) => sum + value ** 2, 0);
    // To first order, a step along the gradient lowers J by rate * |gradient|^2.
    assertAlmostEquals((losses[0] - losses[1]) / rate / squares, 1, 0.02);
  });
}

Deno.test("The gradient at a layer's output includes that of its penalty", async () => {
  using loaded = await load("penalties_shared");
  const { model, batch, expected } = loaded;
  const { layers } = await measure(model, batch, { ...OPTIONS, penalties: true });
  const { activationGradients } = layers.find(({ name }) => name === "conv1d")!;
  assert(activationGradients !== null);
  // The gradient of the bias of a linear layer is the sum of the gradients of its outputs.
  const sum = expected.entries["conv1d/bias"].values.reduce((sum, value) => sum + value, 0);
  assertAlmostEquals(activationGradients.mean * activationGradients.count, sum, 1e-5);
});
