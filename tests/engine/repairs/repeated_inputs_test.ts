import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { TensorFlow } from "../../../src/engine/tensorflow.ts";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import { measure } from "../../../src/entry/measure.ts";
import { tryTraining } from "../../../src/core/probe/try_training.ts";
import { assertEquals } from "@std/assert";

/** An attention of `x` to itself, and a reader of x after it: a block that normalises behind its additions. */
function postNorm(tf: TensorFlow, readers: number) {
  const input = tf.input({ shape: [4, 6] });
  type Symbolic = typeof input;
  const x = tf.layers.dense({ units: 6, name: "x" }).apply(input) as Symbolic;
  const { MultiHeadAttention } = kerasLayers(tf);
  let y = new MultiHeadAttention({ numHeads: 2, keyDim: 3, name: "attention" })
    .apply([x, x]) as Symbolic;
  for (let i = 0; i < readers; i++) y = tf.layers.add().apply([x, y]) as Symbolic;
  return tf.model({ inputs: input, outputs: y });
}

Deno.test("a model reads a tensor after a layer that read it twice, and leaves no tensor behind", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const readers of [0, 1, 2]) {
    const model = postNorm(tf, readers);
    const x = tf.randomNormal([3, 4, 6], 0, 1, "float32", 1);
    const predict = () => [...tf.tidy(() => (model.predict(x) as typeof x).dataSync())];
    const applied = [...tf.tidy(() => (model.apply(x, { training: true }) as typeof x).dataSync())];
    const before = tf.memory().numTensors;
    assertEquals(predict(), applied);
    const { layers } = await measure(model, { inputs: x });
    assertEquals(layers.filter(({ activations }) => activations === null).length, 0);
    assertEquals(tf.memory().numTensors, before);
    model.dispose();
    x.dispose();
  }
});

Deno.test("training a model whose layer reads a tensor twice leaves no tensor behind", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const input = tf.input({ shape: [4, 6] });
  const models = {
    attention: postNorm(tf, 1),
    // Inputs of the model, and of a model inside it.
    given: tf.model({
      inputs: input,
      outputs: tf.layers.add().apply([input, input]) as typeof input,
    }),
  };
  const x = tf.randomNormal([3, 4, 6], 0, 1, "float32", 1);
  for (const [name, model] of Object.entries(models)) {
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    const trains = model.trainableWeights.length > 0;
    const batch = { inputs: x, targets: x };
    if (trains) await model.trainOnBatch(x, x); // makes what the optimizer remembers
    const before = tf.memory().numTensors;
    if (trains) {
      await model.trainOnBatch(x, x);
      await model.fit(x, x, { epochs: 2, verbose: 0 });
      await tryTraining(model, batch, { steps: 3 });
    }
    tf.dispose([model.predict(x), model.evaluate(x, x)].flat());
    assertEquals(tf.memory().numTensors, before, name);
    model.dispose();
  }
  x.dispose();
});

Deno.test("an input that a layer reads twice is its owner's to free", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const input = tf.input({ shape: [3] });
  const model = tf.model({
    inputs: input,
    outputs: tf.layers.multiply().apply([input, input]) as typeof input,
  });
  const x = tf.tensor([[1, 2, 3]]);
  const y = model.predict(x) as typeof x;
  assertEquals([...y.dataSync()], [1, 4, 9]);
  y.dispose();
  x.dispose();
  assertEquals(x.isDisposed, true);
});
