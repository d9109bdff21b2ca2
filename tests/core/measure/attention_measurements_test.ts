import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { runRules } from "../../../src/core/rules/mod.ts";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import { startEngine } from "../../../src/engine/mod.ts";
import type { LayersModel } from "../../../src/engine/tensorflow.ts";
import { measure } from "../../../src/entry/measure.ts";
import { getWeights, randomBatch, setWeights } from "../../../src/entry/model.ts";
import { parseReport, renderJson } from "../../../src/entry/render.ts";

const { tf } = await startEngine();
const { EinsumDense, MultiHeadAttention } = kerasLayers(tf);

/** A block of a transformer: 4 heads of 8 units on 12 steps of 32. */
function block(seed = 1): LayersModel {
  const x = tf.input({ shape: [12, 32] });
  const kernelInitializer = tf.initializers.glorotUniform({ seed });
  const attention = new MultiHeadAttention({
    name: "attention",
    numHeads: 4,
    keyDim: 8,
    useCausalMask: true,
    kernelInitializer,
  });
  const sum = tf.layers.add({ name: "sum" }).apply([x, attention.apply([x, x]) as typeof x]);
  const head = tf.layers.dense({ name: "head", units: 3, kernelInitializer });
  return tf.model({ inputs: x, outputs: head.apply(sum) as typeof x });
}

Deno.test("measure() sees the layers inside of an attention, and how they feed each other", async () => {
  const model = block();
  const { layers } = await measure(model, randomBatch(model));
  const by = new Map(layers.map((layer) => [layer.name.replace("attention/", ""), layer]));
  assertEquals([...by.keys()], [
    "query",
    "key",
    "value",
    "scores",
    "softmax",
    "context",
    "attention_output",
    "sum",
    "head",
  ]);
  const feeds = (name: string) => by.get(name)!.inputs!.map((one) => one.replace("attention/", ""));
  assertEquals(feeds("scores"), ["query", "key"]);
  assertEquals(feeds("softmax"), ["scores"]);
  assertEquals(feeds("context"), ["softmax", "value"]);
  assertEquals(feeds("attention_output"), ["context"]);
  assertEquals(by.get("query")!.kernelLayout, "einsum ioo");
  assertEquals(by.get("attention_output")!.kernelLayout, "einsum iio");
  // The rows of the attention: z are the scores, a the weights, which add up to 1 over 12 keys.
  const { preActivations, activations, activation, shape } = by.get("softmax")!;
  assertEquals([activation, shape], ["softmax", [32, 4, 12, 12]]);
  assertAlmostEquals(activations!.mean, 1 / 12, 1e-6);
  assertAlmostEquals(preActivations!.rms, by.get("scores")!.activations!.rms, 1e-6);
  for (const name of ["query", "key", "value", "attention_output"]) {
    assert(by.get(name)!.weights[0].gradients!.rms > 0, name);
  }
  model.dispose();
});

Deno.test("runRules() judges the kernels of an attention by the sums that they take part in", async () => {
  const model = block();
  const batch = randomBatch(model);
  const rules = async () => {
    const found = runRules(await measure(model, batch));
    return found.filter(({ rule }) => rule === "init-scale").map(({ layer }) => layer);
  };
  assertEquals(await rules(), []);
  const { "attention/value/kernel": kernel } = getWeights(model);
  setWeights(model, { "attention/value/kernel": [...kernel.values].map((value) => value * 20) });
  assertEquals(await rules(), ["attention/value"]);
  model.dispose();
});

Deno.test("measure() counts units of a kernel that are alike over several axes", async () => {
  const model = tf.sequential();
  model.add(
    new EinsumDense({
      name: "heads",
      equation: "ab,bcd->acd",
      outputShape: [3, 2],
      inputShape: [4],
    }),
  );
  // Of input b, unit (c, d): unit (2, 1) repeats (0, 0), and units of one head differ.
  const kernel = Array.from(
    { length: 4 },
    (_, b) => Array.from({ length: 6 }, (_, unit) => unit === 5 ? b : b + unit * 10),
  ).flat();
  setWeights(model, { "heads/kernel": kernel });
  const { layers } = await measure(model, randomBatch(model), { objective: "sum" });
  assertEquals(layers[0].weights[0].duplicateUnits, 1);
  model.dispose();
});

Deno.test("a report keeps the layout of a kernel of any axes", async () => {
  const model = block();
  const measurements = await measure(model, randomBatch(model));
  const { measurements: read } = parseReport(renderJson(measurements, []));
  assertEquals(read.layers, measurements.layers);
  model.dispose();
});
