import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import { startEngine } from "../../../src/engine/mod.ts";
import type { LayersModel } from "../../../src/engine/tensorflow.ts";
import { measure } from "../../../src/entry/measure.ts";
import { randomBatch, rescaleWeights, setWeights } from "../../../src/entry/model.ts";
import { parseReport, renderJson } from "../../../src/entry/render.ts";

const { tf } = await startEngine();
const { MultiHeadAttention } = kerasLayers(tf);
const kernelInitializer = tf.initializers.glorotUniform({ seed: 1 });

/** Two heads of 8 units on 12 steps of 16, with a skip. */
function block(useCausalMask: boolean): LayersModel {
  const x = tf.input({ shape: [12, 16] });
  const attention = new MultiHeadAttention({
    name: "attention",
    numHeads: 2,
    keyDim: 8,
    useCausalMask,
    kernelInitializer,
  });
  const sum = tf.layers.add({ name: "sum" }).apply([x, attention.apply([x, x]) as typeof x]);
  const head = tf.layers.dense({ name: "head", units: 3, kernelInitializer });
  return tf.model({ inputs: x, outputs: head.apply(sum) as typeof x });
}

/** The same of stock layers, with one head. */
function stock(end: string): LayersModel {
  const x = tf.input({ shape: [12, 16] });
  const [query, key, value] = ["query", "key", "value"].map((name) =>
    tf.layers.dense({ name, units: 16, kernelInitializer }).apply(x) as typeof x
  );
  const scores = tf.layers.dot({ name: "scores", axes: [2, 2] }).apply([query, key]);
  const softmax = tf.layers.activation({ name: "softmax", activation: end as "softmax" });
  const weights = softmax.apply(scores) as typeof x;
  const context = tf.layers.dot({ name: "context", axes: [2, 1] }).apply([weights, value]);
  const head = tf.layers.dense({ name: "head", units: 3, kernelInitializer });
  return tf.model({ inputs: x, outputs: head.apply(context) as typeof x });
}

/** Multiplies the kernels of queries and keys, and measures. */
async function scaled(model: LayersModel, factor: number, prefix = "attention/") {
  const layers = [`${prefix}query`, `${prefix}key`];
  rescaleWeights(model, factor, { layers });
  const measured = await measure(model, randomBatch(model, { seed: 3 }));
  rescaleWeights(model, 1 / factor, { layers });
  return measured.layers;
}

const rowsOf = (layers: Awaited<ReturnType<typeof scaled>>) =>
  layers.find(({ name }) => name.endsWith("softmax"))!.attention!;

Deno.test("measure() has the entropy of an attention, from uniform to one-hot, causal or not", async () => {
  for (const causal of [false, true]) {
    const model = block(causal);
    const uniform = rowsOf(await scaled(model, 1e-4));
    const usual = rowsOf(await scaled(model, 1));
    const oneHot = rowsOf(await scaled(model, 1e3));
    assertAlmostEquals(uniform.entropy, 1, 1e-6);
    assert(usual.entropy > 0.6 && usual.entropy < 0.99, `${usual.entropy}`);
    assertEquals([uniform.oneHot, oneHot.oneHot > 0.99, oneHot.entropy < 0.01], [0, true, true]);
    // The first of 12 causal queries has one key; the others 2 to 12.
    assertEquals(uniform.rows, 32 * 2 * (causal ? 11 : 12));
    assertEquals(uniform.keys, causal ? 7 : 12);
    model.dispose();
  }
});

Deno.test("measure() knows an attention of stock layers, and no other softmax", async () => {
  const model = stock("softmax");
  assertAlmostEquals(rowsOf(await scaled(model, 1e-4, "")).entropy, 1, 1e-6);
  assert(rowsOf(await scaled(model, 1e2, "")).entropy < 0.01);
  model.dispose();
  const other = stock("sigmoid");
  assertEquals((await scaled(other, 1, "")).filter(({ attention }) => attention), []);
  other.dispose();
  const classes = tf.sequential({
    layers: [tf.layers.dense({ units: 4, activation: "softmax", inputShape: [12, 16] })],
  });
  const { layers } = await measure(classes, randomBatch(classes));
  assertEquals([layers[0].attention, layers[0].tokenAlikeness], [undefined, undefined]);
  classes.dispose();
});

Deno.test("measure() compares the places of a sequence in what goes through a transformer", async () => {
  const model = block(false);
  const alike = async (places: (place: number) => number) => {
    const inputs = tf.tidy(() => {
      const rows = Array.from({ length: 12 }, (_, place) => {
        const row = Array(16).fill(0);
        row[places(place)] = 1;
        return row;
      });
      return tf.tensor3d(Array(6).fill(rows));
    });
    const { layers } = await measure(model, { inputs }, { objective: "sum" });
    inputs.dispose();
    return layers.find(({ name }) => name === "sum")!.tokenAlikeness!;
  };
  setWeights(model, { "attention/attention_output/kernel": Array(2 * 8 * 16).fill(0) });
  const same = await alike(() => 3);
  assertAlmostEquals(same.cosine, 1, 1e-12);
  assertEquals([same.effectiveRank, same.tokens, same.examples], [0, 12, 4]);
  const apart = await alike((place) => place);
  assertAlmostEquals(apart.cosine, 0, 1e-12);
  assertAlmostEquals(apart.effectiveRank, 11, 1e-9);
  model.dispose();
});

Deno.test("measure() compares the first 16 places that count, in the first 4 examples", async () => {
  const make = (places: number) => {
    const x = tf.input({ shape: [places, 8] });
    const [query, key] = [0, 1].map(() => tf.layers.dense({ units: 8 }).apply(x));
    const scores = tf.layers.dot({ axes: [2, 2] }).apply([query, key] as typeof x[]);
    const weights = tf.layers.activation({ activation: "softmax" }).apply(scores);
    const context = tf.layers.dot({ axes: [2, 1] }).apply([weights, x] as typeof x[]);
    const head = tf.layers.dense({ name: "head", units: 3 });
    return tf.model({ inputs: x, outputs: head.apply(context) as typeof x });
  };
  for (const [places, examples] of [[2, 1], [15, 3], [16, 4], [17, 5], [40, 9]]) {
    const model = make(places);
    const batch = randomBatch(model, { examples });
    const { layers } = await measure(model, batch, { objective: "sum" });
    const { tokens, examples: seen } = layers.find(({ name }) => name === "head")!.tokenAlikeness!;
    assertEquals([tokens, seen], [Math.min(places, 16), Math.min(examples, 4)]);
    model.dispose();
  }
});

Deno.test("a report keeps what was measured of an attention", async () => {
  const model = block(true);
  const measurements = await measure(model, randomBatch(model));
  const { measurements: read } = parseReport(renderJson(measurements, []));
  assert(read.layers.some(({ attention }) => attention !== undefined));
  assertEquals(read.layers, measurements.layers);
  model.dispose();
});
