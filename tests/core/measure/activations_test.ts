import { assert, assertEquals, assertRejects } from "@std/assert";
import { startEngine, type Tensor } from "../../../src/engine/mod.ts";
import {
  activations,
  type ActivationsOptions,
  measure,
  statistics,
} from "../../../src/entry/measure.ts";
import { exerciseModel, getWeights, randomBatch } from "../../../src/entry/model.ts";
import { dense, leavesNoTensors, models, small, uniform } from "../../networks/small_models.ts";

const { tf } = await startEngine();

Deno.test("activations() gives what each layer returned, bit for bit", async () => {
  const model = small();
  const inputs = uniform([7, 4]);
  const names = model.layers.map(({ output }) => output as ReturnType<typeof tf.input>);
  const stock = tf.model({ inputs: model.inputs, outputs: names }).predict(inputs) as Tensor[];
  using found = await activations(model, { inputs });
  assertEquals(found.map(({ layer, call }) => `${layer} ${call}`), [
    "dense_1 1",
    "dense_2 1",
    "dense_3 1",
  ]);
  assertEquals(found.map(({ tensor }) => tensor.dataSync()), stock.map((one) => one.dataSync()));
  tf.dispose([stock, inputs] as Tensor[]);
  model.dispose();
});

Deno.test("activations() have the statistics that measure() reports, on every kind of model", async () => {
  for (const [name, create] of Object.entries(models)) {
    const model = create(tf);
    const batch = randomBatch(model, { examples: 6, seed: 3 });
    const { layers } = await measure(model, batch);
    using found = await activations(model, batch);
    for (const layer of layers) {
      const calls = found.filter((row) => row.layer === layer.name);
      // The parts of a cell are rows of a report alone.
      if (calls.length === 0) continue;
      assertEquals(calls.map(({ call }) => call), calls.map((_, i) => i + 1), layer.name);
      assertEquals(calls.length, layer.calls, `${name}: ${layer.name}`);
      if (calls.length > 1) continue;
      const { exponents: _, bins: _bins, ...figures } = layer.activations!;
      assertEquals(statistics(calls[0].tensor), figures, `${name}: ${layer.name}`);
    }
    tf.dispose(batch as unknown as Tensor[]);
    model.dispose();
  }
});

Deno.test("activations() has one entry for each call of a layer that several places share", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.timeDistributed({
        layer: dense(2, "tanh", { name: "each" }),
        inputShape: [3, 4],
        name: "all",
      }),
      tf.layers.flatten({ name: "flat" }),
    ],
  });
  const batch = { inputs: uniform([5, 3, 4]) };
  using found = await activations(model, batch, { of: "all" });
  assertEquals(found.map(({ layer, call, tensor }) => [layer, call, ...tensor.shape]), [
    ...[1, 2, 3].map((call) => ["all/each", call, 5, 2]),
  ]);
  tf.dispose(batch.inputs);
  model.dispose();
});

Deno.test("activations() takes layers by name, class and pattern, in the order of the calls", async () => {
  const model = exerciseModel({ depth: 3, width: 4 });
  const batch = randomBatch(model);
  const of = async (of: ActivationsOptions) => {
    using found = await activations(model, batch, of);
    return found.map(({ layer }) => layer).join(" ");
  };
  assertEquals(await of({ of: ["dense_4", "dense_2"] }), "dense_2 dense_4");
  assertEquals(await of({ of: "Dense" }), "dense_1 dense_2 dense_3 dense_4");
  assertEquals(await of({ of: /_[13]$/ }), "dense_1 dense_3");
  const error = await assertRejects(() => activations(model, batch, { of: "dense_1/kernel" }));
  assert((error as Error).message.startsWith('options.of has "dense_1/kernel", expected'));
  tf.dispose(batch.inputs);
  model.dispose();
});

Deno.test("activations() needs no way back, and no targets", async () => {
  class Step extends tf.layers.Layer {
    static className = "Step";
    override call(inputs: Tensor | Tensor[]): Tensor {
      // TensorFlow.js cannot differentiate a cumulative product.
      return tf.cumprod([inputs].flat()[0], -1);
    }
  }
  const model = tf.sequential({
    layers: [dense(3, undefined, { inputShape: [4] }), new Step(), dense(2, "softmax" as "tanh")],
  });
  model.compile({ optimizer: "sgd", loss: "categoricalCrossentropy" });
  const batch = { inputs: uniform([2, 4]) };
  const before = getWeights(model);
  await leavesNoTensors(async () => {
    using found = await activations(model, batch);
    assertEquals(found.length, 3);
  });
  assertEquals(getWeights(model), before);
  tf.dispose(batch.inputs);
  model.dispose();
});

Deno.test("activations() leaves no tensor where a layer throws", async () => {
  class Throws extends tf.layers.Layer {
    static className = "Throws";
    override call(): Tensor {
      throw new Error("not today");
    }
  }
  const model = tf.sequential({
    layers: [dense(3, "tanh", { inputShape: [4] }), new Throws({ name: "late" })],
  });
  const batch = { inputs: uniform([2, 4]) };
  await leavesNoTensors(async () => {
    const error = await assertRejects(() => activations(model, batch), Error);
    assert(error.message.includes("late (Throws): not today"), error.message);
  });
  tf.dispose(batch.inputs);
  model.dispose();
});

Deno.test("activations() survive the model and the batch", async () => {
  const model = small();
  const inputs = uniform([2, 4]);
  using found = await activations(model, { inputs }, { of: "dense_3" });
  const before = found[0].tensor.dataSync().slice();
  tf.dispose(inputs);
  model.dispose();
  tf.dispose(tf.randomUniform([1000, 100]));
  assertEquals(found[0].tensor.dataSync(), before);
});

Deno.test("statistics() sums up any tensor, and numbers that were read off one", () => {
  const values = [3, -4, 0, 0];
  const expected = {
    count: 4,
    meanAbs: 1.75,
    rms: 2.5,
    maxAbs: 4,
    mean: -0.25,
    std: Math.sqrt(6.25 - 0.0625),
    l2: 5,
    zeroFraction: 0.5,
    nonFinite: 0,
  };
  const tensors = [tf.tensor2d(values, [2, 2]), tf.tensor1d(values, "int32"), tf.tensor1d([])];
  assertEquals(statistics(tensors[0]), expected);
  assertEquals(statistics(tensors[1]), expected);
  assertEquals(statistics(values), expected);
  assertEquals(statistics(Float32Array.from(values)), expected);
  assertEquals(statistics([1, NaN, Infinity]).nonFinite, 2);
  for (const empty of [statistics(tensors[2]), statistics([])]) {
    assertEquals([empty.count, empty.meanAbs, empty.std, empty.mean], [0, 0, 0, 0]);
  }
  tf.dispose(tensors);
});

Deno.test("statistics() refuses what holds no numbers", async () => {
  const gone = tf.zeros([2]);
  gone.dispose();
  const text = tf.tensor1d(["a"]);
  const wrong = [
    gone,
    text,
    "12",
    ["a"],
    null,
    3,
    new DataView(new ArrayBuffer(8)),
    new BigInt64Array(2),
  ];
  for (const value of wrong) {
    const error = await assertRejects(
      // deno-lint-ignore require-await -- it turns what is thrown into a rejection
      async () => statistics(value as unknown as number[]),
      TypeError,
    );
    assert(
      error.message.endsWith(
        "expected a tensor of numbers that is not disposed of, or an array of numbers",
      ),
    );
  }
  text.dispose();
});
