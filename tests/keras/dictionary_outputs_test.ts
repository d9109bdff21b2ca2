import { assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { loadModel, readBatch } from "../../src/entry/model.ts";
import { measure } from "../../src/core/measure/measure.ts";
import { randomBatch } from "../../src/core/model/batches/random_batch.ts";

const { tf } = await startEngine();

const layer = (class_name: string, name: string, config: object, from: string | null) => ({
  class_name,
  name,
  config: { name, ...config },
  inbound_nodes: from === null ? [] : [{
    args: [{
      class_name: "__keras_tensor__",
      config: { shape: [null, 2], dtype: "float32", keras_history: [from, 0, 0] },
    }],
    kwargs: {},
  }],
});

/** A model of two heads as Keras 3 writes its layers and its call of `compile`. */
const twoHeads = (output_layers: unknown, compile_config: object) => ({
  class_name: "Functional",
  config: {
    name: "heads",
    layers: [
      layer("InputLayer", "feat", { batch_shape: [null, 2], dtype: "float32" }, null),
      layer("Dense", "dense_7", { units: 3, activation: "softmax" }, "feat"),
      layer("Dense", "dense_8", { units: 2 }, "feat"),
    ],
    input_layers: [["feat", 0, 0]],
    output_layers,
  },
  compile_config,
});

async function withFile<T>(
  name: string,
  content: unknown,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/${name}`, JSON.stringify(content));
    return await use(`${folder}/${name}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const load = (content: unknown) =>
  withFile("a.topology.json", content, async (path) => (await loadModel(path)).model);

Deno.test("loadModel() finds losses and targets by the keys of a dictionary of outputs", async () => {
  const keys = { klass: ["dense_7", 0, 0], amount: ["dense_8", 0, 0] };
  const model = await load(twoHeads(keys, {
    optimizer: "adam",
    loss: { klass: "sparse_categorical_crossentropy", amount: "mse" },
    loss_weights: { klass: 1, amount: 0.5 },
  }));
  const { inputs } = randomBatch(model);
  const { objective, notReproduced } = await measure(model, { inputs });
  assertEquals(notReproduced, undefined);
  // Keras lists the values of a dictionary by its sorted keys.
  assertEquals(objective.losses, [
    { name: "meanSquaredError", output: "amount", weight: 0.5 },
    { name: "sparseCategoricalCrossentropy", output: "klass" },
  ]);
  const targets = { klass: [[2], [0]], amount: [[1, 2], [3, 4]] };
  const batch = await withFile(
    "b.json",
    { inputs: [[1, 2], [3, 4]], targets },
    (path) => readBatch(path, model),
  );
  const [amount, klass] = [batch.targets!].flat();
  assertEquals([...amount.dataSync()], [1, 2, 3, 4]);
  assertEquals([...klass.dataSync()], [2, 0]);
  tf.dispose([inputs, batch.inputs, batch.targets].flat() as never);
  model.dispose();
});

Deno.test("readBatch() needs no targets of an output without a loss", async () => {
  const model = await load(twoHeads([["dense_7", 0, 0], ["dense_8", 0, 0]], {
    optimizer: "adam",
    loss: ["sparse_categorical_crossentropy", null],
  }));
  const batch = await withFile(
    "b.json",
    { inputs: [[1, 2], [3, 4]], targets: { dense_7: [[2], [0]] } },
    (path) => readBatch(path, model),
  );
  const [trained, other] = [batch.targets!].flat();
  assertEquals([...trained.dataSync()], [2, 0]);
  assertEquals([other.shape, [...other.dataSync()]], [[2, 2], [0, 0, 0, 0]]);
  tf.dispose([batch.inputs, batch.targets].flat() as never);
  model.dispose();
});
