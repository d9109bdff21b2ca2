import { assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start_engine.ts";
import { measure } from "../../src/measure/measure.ts";
import { loadModel } from "../../src/model/load_model.ts";
import { randomBatch } from "../../src/model/random_batch.ts";
import { saveModel } from "./save_model.ts";

/** What is measured of a model.json with a softmax of 3 units, and a training configuration. */
async function objectiveOf(loss: unknown, keras = false): Promise<string> {
  const { objective: { name, chosenBy } } = await measured({ loss }, keras);
  return `${chosenBy} ${name}`;
}

/** What is measured of it; nothing stays on the heap. */
async function measured(training: Record<string, unknown>, keras: boolean) {
  await using engine = await startEngine();
  const { tf } = engine;
  const folder = await Deno.makeTempDir();
  try {
    const head = tf.layers.dense({ units: 3, activation: "softmax", inputShape: [4], name: "out" });
    const saved = tf.sequential({ layers: [head] });
    const path = await saveModel(tf, saved, folder, {
      edit: (json) =>
        keras
          ? { ...json, modelTopology: { ...json.modelTopology, training_config: training } }
          : { ...json, trainingConfig: training },
    });
    saved.dispose();
    const before = tf.memory().numTensors;
    const { model } = await loadModel(path);
    const { inputs } = randomBatch(model);
    const measurements = await measure(model, { inputs });
    tf.dispose(inputs);
    model.dispose();
    assertEquals(tf.memory().numTensors, before);
    return measurements;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("loadModel() compiles with the loss that a model.json was saved with", async () => {
  assertEquals(await objectiveOf("mean_squared_error"), "compiled meanSquaredError");
  assertEquals(await objectiveOf(["MSE"], true), "compiled meanSquaredError");
  const sparse = { class_name: "SparseCategoricalCrossentropy", config: { from_logits: false } };
  assertEquals(await objectiveOf(sparse, true), "compiled sparseCategoricalCrossentropy");
});

Deno.test("loadModel() leaves a model alone whose loss TensorFlow.js does not have", async () => {
  const logits = { class_name: "CategoricalCrossentropy", config: { from_logits: true } };
  for (const loss of ["focal", logits, { other: "mse" }, ["mse", "mse"], [], 5, null]) {
    assertEquals(await objectiveOf(loss, true), "head categoricalCrossentropy");
  }
});

Deno.test("loadModel() compiles with the optimizer and the learning rate of the file", async () => {
  const optimizerOf = async (training: Record<string, unknown>, keras = true) =>
    (await measured({ loss: "mse", ...training }, keras)).optimizer;
  const of = (class_name: string, config: Record<string, unknown>) => ({ class_name, config });
  assertEquals(
    await optimizerOf({ optimizer_config: of("SGD", { learning_rate: 0.25, momentum: 0 }) }),
    { name: "SGD", learningRate: 0.25 },
  );
  assertEquals(await optimizerOf({ optimizer: of("RMSprop", { learning_rate: 0.5 }) }), {
    name: "RMSProp",
    learningRate: 0.5,
  });
  assertEquals(await optimizerOf({ optimizer_config: of("Adam", { lr: 0.125 }) }, false), {
    name: "Adam",
    learningRate: 0.125,
  });
  const standard = { name: "Adam", learningRate: 0.001 };
  const schedule = of("Adam", { learning_rate: { class_name: "CosineDecay" } });
  for (
    const optimizer of [
      ...[undefined, null, 3, "adam", schedule, of("Lion", { learning_rate: 1 })],
      of("SGD", { learning_rate: 1, momentum: 0.9 }),
    ]
  ) {
    assertEquals(await optimizerOf({ optimizer_config: optimizer }), standard);
  }
});
