import { assert, assertEquals, assertRejects } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { measure, MeasureError } from "../../src/measure/mod.ts";
import { runPass } from "../../src/measure/run_pass.ts";
import { dense, leavesNoTensors, models, small, uniform } from "../networks/small_models.ts";

const { tf } = await startEngine();

Deno.test("measure() leaves weights, layers and the number of tensors as they were", async () => {
  const model = small();
  const inputs = uniform([6, 4]);
  const weights = model.getWeights().map((weight) => weight.dataSync());
  const keys = model.layers.map((layer) => Object.keys(layer).join());
  await leavesNoTensors(() => measure(model, { inputs }));
  assertEquals(model.getWeights().map((weight) => weight.dataSync()), weights);
  assertEquals(model.layers.map((layer) => Object.keys(layer).join()), keys);
  assertEquals(model.layers[0].getConfig().activation, "tanh");
  model.dispose();
  inputs.dispose();
});

Deno.test("measure() is the same after 1000 passes as after one, tensors and bytes too", async () => {
  const model = small();
  const inputs = uniform([6, 4]);
  const first = JSON.stringify(await measure(model, { inputs }));
  const { numTensors, numBytes } = tf.memory();
  let last = "";
  for (let pass = 0; pass < 1000; pass++) last = JSON.stringify(await measure(model, { inputs }));
  assertEquals(last, first);
  assertEquals([tf.memory().numTensors, tf.memory().numBytes], [numTensors, numBytes]);
  model.dispose();
  inputs.dispose();
});

Deno.test("measure() merges the calls of a shared layer and names layers of nested models", async () => {
  const model = models["a nested functional model with a shared layer"](tf);
  const inputs = uniform([6, 4]);
  const measurements = await measure(model, { inputs });
  const shared = measurements.layers[0];
  assert(shared.name.startsWith("inner/"));
  assertEquals([shared.calls, shared.depth], [2, 2]);
  assertEquals(shared.activations!.count, 2 * 6 * 4);
  assertEquals(measurements.model.parameters, 4 * 4 + 4 + 4 * 2 + 2);
  assertEquals(measurements.layers.at(-1)!.depth, 3);
  model.dispose();
  inputs.dispose();
});

Deno.test("measure() tells indices, which are float32 by default, from numbers", async () => {
  const words = tf.input({ shape: [3], name: "words" });
  const numbers = tf.input({ shape: [2], name: "numbers" });
  const embedded = tf.layers.embedding({ inputDim: 50, outputDim: 2 }).apply(words);
  const flat = tf.layers.flatten().apply(embedded) as typeof words;
  const joined = tf.layers.concatenate().apply([flat, numbers]) as typeof words;
  const outputs = dense(1).apply(joined) as typeof words;
  const model = tf.model({ inputs: [words, numbers], outputs });
  const inputs = [tf.fill([6, 3], 49), uniform([6, 2])];
  const { batch } = await measure(model, { inputs });
  assertEquals(batch.perInput.map(({ dtype, lookedUp }) => [dtype, lookedUp]), [
    ["float32", true],
    ["float32", undefined],
  ]);
  model.dispose();
  tf.dispose(inputs);
});

Deno.test("measure() calls what nobody named alike, however many models were built before", async () => {
  const unnamed = () => tf.layers.dense({ units: 2, inputShape: [3] });
  const sequential = () => tf.sequential({ layers: [unnamed()] });
  const functional = () => {
    const input = tf.input({ shape: [3] });
    return tf.model({ inputs: input, outputs: unnamed().apply(input) as typeof input });
  };
  const nested = () => tf.sequential({ layers: [sequential()] });
  const inputs = uniform([6, 3]);
  const targets = tf.ones([6, 2]);
  for (const create of [sequential, functional, nested]) {
    for (let built = 0; built < 2; built++) {
      const model = create();
      // A Sequential has the names once it was built.
      tf.dispose(model.predict(inputs));
      const { batch } = await measure(model, { inputs, targets }, {
        objective: "meanSquaredError",
      });
      assertEquals([batch.perInput[0].name, batch.targets![0].name], ["input", "output"]);
      model.dispose();
    }
  }
  tf.dispose([inputs, targets]);
});

Deno.test("measure() takes several inputs and tells them apart", async () => {
  const left = tf.input({ shape: [3], name: "left" });
  const right = tf.input({ shape: [2], name: "right" });
  const joined = tf.layers.concatenate().apply([left, right]) as typeof left;
  const model = tf.model({ inputs: [left, right], outputs: dense(1).apply(joined) as typeof left });
  const inputs = [uniform([6, 3]), tf.ones([6, 2])];
  const { batch } = await measure(model, { inputs, seed: 9 });
  assertEquals(batch.perInput.map(({ name, shape }) => [name, shape]), [["left", [6, 3]], [
    "right",
    [6, 2],
  ]]);
  assertEquals(batch.inputs.count, 30);
  assertEquals(batch.perInput[1].values.mean, 1);
  assertEquals([batch.examples, batch.seed], [6, 9]);
  model.dispose();
  tf.dispose(inputs);
});

Deno.test("measure() moves a model that was built on another backend", async () => {
  await tf.setBackend("cpu");
  const model = small();
  const inputs = uniform([6, 4]);
  await tf.setBackend("wasm");
  const { layers } = await measure(model, { inputs });
  assert(layers[0].weights[0].gradients!.rms > 0);
  model.dispose();
  inputs.dispose();
});

Deno.test("measure() reports progress layer by layer, forward and back", async () => {
  const model = small();
  const inputs = uniform([6, 4]);
  const seen: string[] = [];
  await measure(model, { inputs }, {
    onProgress: ({ phase, done, total }) => seen.push(`${phase} ${done}/${total}`),
  });
  assertEquals(seen, [
    "forward 1/3",
    "forward 2/3",
    "forward 3/3",
    "backward 1/3",
    "backward 2/3",
    "backward 3/3",
  ]);
  model.dispose();
  inputs.dispose();
});

Deno.test("runPass() counts what a pass sees in one example as in many", async () => {
  const engine = await startEngine();
  const model = small();
  const inputs = uniform([1, 4]);
  assertEquals(runPass(engine, model, { inputs }, {}).layers[0].activations!.count, 5);
  model.dispose();
  inputs.dispose();
  await engine.stop();
});

Deno.test("measure() does not take a unit that is NaN for a dead one", async () => {
  const model = tf.sequential({ layers: [dense(4, "relu", { inputShape: [1] })] });
  model.setWeights([tf.tensor2d([[1, -1, 1, NaN]]), tf.zeros([4])]);
  const inputs = tf.ones([16, 1]);
  const [layer] = (await measure(model, { inputs })).layers;
  assertEquals([layer.deadFraction, layer.activations!.nonFinite], [0.25, 16]);
  tf.dispose(inputs);
  model.dispose();
});

Deno.test("measure() does not take an overflow for a dead unit", async () => {
  const model = tf.sequential({
    layers: [
      dense(4, "relu", {
        inputShape: [1],
        kernelInitializer: tf.initializers.constant({ value: 3e38 }),
      }),
    ],
  });
  const inputs = tf.fill([16, 1], 3);
  const [layer] = (await measure(model, { inputs })).layers;
  assertEquals([layer.deadFraction, layer.activations!.nonFinite], [0, 64]);
  tf.dispose(inputs);
  model.dispose();
});

Deno.test("measure() counts a layer that is called many times once in its progress", async () => {
  const model = tf.sequential({
    layers: [tf.layers.timeDistributed({ layer: dense(2), inputShape: [6, 2] }), dense(1)],
  });
  const inputs = uniform([3, 6, 2]);
  const seen: string[] = [];
  await measure(model, { inputs }, {
    onProgress: ({ phase, done, total }) => seen.push(`${phase} ${done}/${total}`),
  });
  assertEquals(seen, ["forward 1/2", "forward 2/2", "backward 1/2", "backward 2/2"]);
  inputs.dispose();
  model.dispose();
});

Deno.test("measure() hands on what a callback throws, and keeps the caller's tensors", async () => {
  const model = small();
  const inputs = uniform([6, 4]);
  const stop = new TypeError("stop");
  await leavesNoTensors(async () => {
    const onProgress = () => {
      throw stop;
    };
    const error = await assertRejects(() => measure(model, { inputs }, { onProgress }));
    assertEquals(error, stop);
  });
  const mine = tf.scalar(3);
  await measure(model, { inputs }, { objective: () => mine });
  assertEquals(mine.dataSync()[0], 3);
  mine.dispose();
  await assertRejects(
    () => measure(model, { inputs }, { objective: () => tf.scalar(1, "int32") }),
    MeasureError,
    "dtype int32",
  );
  inputs.dispose();
  model.dispose();
});
