import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { measure } from "../../src/measure/measure.ts";
import type { Measurements } from "../../src/measure/measurements.ts";

/** The spread of tensors that hold an example a row each, in float64 and by its definition. */
function naive(...tensors: Tensor[]): number {
  let variances = 0, meanSquares = 0;
  for (const tensor of tensors) {
    const values = tensor.dataSync();
    const rows = tensor.shape[0], width = values.length / rows;
    for (let feature = 0; feature < width; feature++) {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += values[row * width + feature];
      for (let row = 0; row < rows; row++) {
        variances += (values[row * width + feature] - sum / rows) ** 2 / rows;
        meanSquares += values[row * width + feature] ** 2 / rows;
      }
    }
  }
  return variances / meanSquares;
}

const layerOf = ({ layers }: Measurements, name: string) =>
  layers.find((layer) => layer.name === name)!;

/** Runs a test on TensorFlow.js, and frees what it makes. */
async function onEngine(test: (tf: TensorFlow) => Promise<void>) {
  await using engine = await startEngine();
  engine.tf.engine().startScope();
  await test(engine.tf);
  engine.tf.engine().endScope();
}

Deno.test("measure() says how far examples lie apart, down to what an offset leaves of it", async () => {
  await onEngine(async (tf) => {
    for (const offset of [0, 1, 100, 1e4]) {
      const model = tf.sequential({
        layers: [
          tf.layers.conv2d({
            name: "conv",
            filters: 5,
            kernelSize: 3,
            inputShape: [6, 6, 3],
            kernelInitializer: tf.initializers.heNormal({ seed: 1 }),
          }),
          tf.layers.reLU({ name: "relu" }),
          tf.layers.flatten({ name: "flat" }),
          tf.layers.dense({
            name: "far",
            units: 17,
            biasInitializer: tf.initializers.constant({ value: 1000 * offset }),
          }),
          tf.layers.dense({ name: "head", units: 1 }),
        ],
      });
      const inputs = tf.randomNormal([7, 6, 6, 3], offset, 1, "float32", 3);
      const measured = await measure(model, { inputs });
      assertAlmostEquals(measured.batch.perInput[0].spread! / naive(inputs), 1, 1e-9);
      for (const { name } of model.layers) {
        const part = tf.model({ inputs: model.inputs, outputs: model.getLayer(name).output });
        const expected = naive(part.predict(inputs) as Tensor);
        const { spread } = layerOf(measured, name);
        assertAlmostEquals(spread! / expected, 1, 1e-9, `${name}, offset ${offset}`);
        if (name === "far" && offset === 100) assert(spread! < 1e-7, `${spread}`);
      }
    }
  });
});

Deno.test("measure() takes the spread of a layer over all of its calls", async () => {
  await onEngine(async (tf) => {
    const inputs = tf.randomNormal([5, 3, 4], 1, 1, "float32", 3);
    const inner = tf.layers.dense({ name: "inner", units: 2 });
    const model = tf.sequential({
      layers: [tf.layers.timeDistributed({ name: "steps", layer: inner, inputShape: [3, 4] })],
    });
    const measured = await measure(model, { inputs });
    const steps = tf.unstack(inputs, 1).map((step) => inner.apply(step) as Tensor);
    assertEquals(measured.layers[0].calls, 3);
    assertAlmostEquals(measured.layers[0].spread! / naive(...steps), 1, 1e-9);

    const recurrent = tf.sequential({
      layers: [tf.layers.lstm({ name: "lstm", units: 3, inputShape: [3, 4] })],
    });
    const { layers } = await measure(recurrent, { inputs });
    const [lstm, ...parts] = layers;
    assertAlmostEquals(lstm.spread! / naive(recurrent.predict(inputs) as Tensor), 1, 1e-9);
    assertEquals(parts.length, 3);
    for (const { name, spread } of parts) assert(spread! > 0 && spread! < 1, name);
  });
});

Deno.test("measure() gives examples that are alike a spread of 0, and opposite ones one of 1", async () => {
  await onEngine(async (tf) => {
    const model = tf.sequential({
      layers: [tf.layers.dense({ name: "one", units: 3, inputShape: [4] })],
    });
    const example = tf.randomNormal([1, 4], 0, 1, "float32", 3);
    const alike = await measure(model, { inputs: tf.tile(example, [6, 1]) });
    assertEquals([alike.batch.perInput[0].spread, alike.layers[0].spread], [0, 0]);
    const opposite = await measure(model, { inputs: tf.concat([example, tf.neg(example)]) });
    assertEquals(opposite.batch.perInput[0].spread, 1);
    assertAlmostEquals(opposite.layers[0].spread!, 1, 1e-6);
  });
});

Deno.test("measure() says why there is no spread", async () => {
  await onEngine(async (tf) => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ name: "one", units: 4, inputShape: [4] }),
        tf.layers.dense({ name: "zero", units: 2, kernelInitializer: "zeros" }),
      ],
    });
    const reason = ({ layers }: Measurements) =>
      layers.map(({ spread, absent }) => [spread, absent.spread]);
    const ones = await measure(model, { inputs: tf.ones([1, 4]) });
    assertEquals(reason(ones)[0], [null, "the batch has one example"]);
    assertEquals(ones.batch.perInput[0].spread, null);
    const infinite = await measure(model, { inputs: tf.fill([2, 4], Infinity) });
    assertEquals(reason(infinite)[0], [null, "an activation is not finite"]);
    assertEquals(infinite.batch.perInput[0].spread, null);
    const finite = await measure(model, { inputs: tf.randomNormal([2, 4]) });
    assertEquals(reason(finite)[1], [null, "all activations are 0"]);
    const input = tf.input({ shape: [4] });
    const flipped = tf.model({
      inputs: input,
      outputs: tf.layers.permute({ name: "flip", dims: [1] }).apply(input) as typeof input,
    });
    const { layers: [flip] } = flipped;
    Object.assign(flipped.layers[1] ?? flip, {
      call: (x: Tensor[]) => tf.transpose([x].flat()[0]),
    });
    const { layers } = await measure(flipped, { inputs: tf.randomNormal([3, 4]) });
    assertEquals(layers[0].absent.spread, "the activations have no axis of examples");
  });
});
