import { assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { measure } from "../../src/core/measure/measure.ts";
import { loadModel } from "../../src/load/load_model.ts";
import { randomBatch } from "../../src/core/model/batches/random_batch.ts";
import { saveModel } from "../core/model/save_model.ts";
import { ownClassName, readSavedLoss } from "../../src/keras/compile_as_saved.ts";
import type { LossSettings } from "../../src/core/model/objective.ts";

/** Measures a model.json with a softmax of 3 units and a training configuration. */
async function objectiveOf(loss: unknown, keras = false): Promise<string> {
  const { objective: { name, chosenBy } } = await measured({ loss }, keras);
  return `${chosenBy} ${name}`;
}

/** Measures it; nothing stays on the heap. */
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

Deno.test("loadModel() says of a loss that it cannot reproduce that it is not the file's", async () => {
  const sparse = (config: object) => ({ class_name: "SparseCategoricalCrossentropy", config });
  const unknown: [loss: unknown, name: string][] = [
    ["ctc", "ctc"],
    [{ class_name: "function", config: "my_loss" }, "my_loss"],
    [{ class_name: "CTC", config: {} }, "CTC"],
    [sparse({ ignore_class: 0 }), "SparseCategoricalCrossentropy with ignore_class"],
    [
      { class_name: "MeanSquaredError", config: { from_logits: true } },
      "MeanSquaredError with from_logits",
    ],
    [["mse", "mse"], '["mse","mse"]'],
    [[], "[]"],
  ];
  for (const [loss, name] of unknown) {
    const optimizer = { class_name: "SGD", config: { learning_rate: 0.25 } };
    const { objective, notReproduced, ...rest } = await measured({ loss, optimizer }, true);
    assertEquals(`${objective.chosenBy} ${objective.name}`, "head categoricalCrossentropy");
    assertEquals(notReproduced, [
      { setting: "loss", name, substitute: "categoricalCrossentropy" },
    ]);
    assertEquals(rest.optimizer, { name: "SGD", learningRate: 0.25 });
  }
  const none = await measured({ loss: null }, true);
  assertEquals([none.notReproduced, none.optimizer], [undefined, undefined]);
});

Deno.test("loadModel() says of a program that was compiled with an optimizer alone that it has no loss", async () => {
  const optimizer = { class_name: "SGD", config: { learning_rate: 0.25 } };
  const { notReproduced, ...rest } = await measured({ loss: null, optimizer }, true);
  assertEquals(notReproduced, [
    { setting: "loss", name: null, substitute: "categoricalCrossentropy" },
  ]);
  assertEquals(rest.optimizer, { name: "SGD", learningRate: 0.25 });
});

Deno.test("loadModel() says which argument the configuration of a loss lacks", async () => {
  const of = async (loss: unknown) => {
    const { objective: { losses }, notReproduced } = await measured({ loss }, true);
    return [losses?.[0].delta, notReproduced?.map(({ setting, name }) => `${setting} ${name}`)];
  };
  const huber = (config: object) => ({ class_name: "Huber", config });
  // Keras 3.15.1 writes this for every delta, and computes with 1 after loading.
  const saved = huber({ name: "huber_loss", reduction: "sum_over_batch_size" });
  assertEquals(await of(saved), [undefined, ["argument delta of Huber"]]);
  assertEquals(await of(huber({ delta: 2.5 })), [2.5, undefined]);
  assertEquals(await of(huber({ delta: 1 })), [undefined, undefined]);
  const cosine = { class_name: "CosineSimilarity", config: { name: "cosine_similarity" } };
  const { notReproduced } = await measured({ loss: cosine }, true);
  assertEquals(notReproduced, [
    { setting: "argument", name: "axis of CosineSimilarity", substitute: "-1" },
  ]);
  assertEquals(await of("huber"), [undefined, undefined]);
  assertEquals(await of({ class_name: "function", config: "huber" }), [undefined, undefined]);
});

Deno.test("loadModel() does not take a class of the program's own for one of Keras's", async () => {
  const own = (class_name: string) => ({
    module: null,
    class_name,
    config: {},
    registered_name: `Custom>${class_name}`,
  });
  const { notReproduced } = await measured({ loss: own("Huber"), optimizer: own("Adam") }, true);
  assertEquals(notReproduced?.map(({ name }) => name), ["Custom>Huber", "Custom>Adam"]);
  const { optimizer, notReproduced: replaced } = await measured(
    { loss: "mse", optimizer: own("Adam") },
    true,
  );
  assertEquals([optimizer?.name, replaced?.map(({ name }) => name)], [
    "Custom>Adam",
    ["Custom>Adam"],
  ]);
  const ofKeras = {
    module: "keras.losses",
    class_name: "Huber",
    config: { delta: 1 },
    registered_name: null,
  };
  const plain = await measured({ loss: ofKeras, optimizer: "adam" }, true);
  assertEquals([plain.objective.name, plain.notReproduced], ["huber", undefined]);
});

Deno.test("loadModel() reads the settings of a saved loss", async () => {
  const of = async (loss: unknown, loss_weights?: unknown) => {
    const { objective } = await measured({ loss, loss_weights }, true);
    return [objective.name, objective.losses];
  };
  const logits = { class_name: "CategoricalCrossentropy", config: { from_logits: true } };
  assertEquals(await of(logits), ["categoricalCrossentropyFromLogits", undefined]);
  const smooth = { class_name: "CategoricalCrossentropy", config: { label_smoothing: 0.25 } };
  const name = "categoricalCrossentropy";
  assertEquals(await of(smooth), [name, [{ name, labelSmoothing: 0.25 }]]);
  const sum = { class_name: "Huber", config: { reduction: "sum" } };
  assertEquals(await of(sum), ["huber", [{ name: "huber", reduction: "sum" }]]);
  const mse = "meanSquaredError";
  for (const weights of [3, [3], { out: 3 }]) {
    assertEquals(await of("mse", weights), [mse, [{ name: mse, weight: 3 }]]);
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
  assertEquals(
    await optimizerOf({ optimizer: of("SGD", { learning_rate: 50, momentum: 0.9 }) }),
    { name: "Momentum", learningRate: 50, settings: { momentum: 0.9 } },
  );
  assertEquals(
    await optimizerOf({ optimizer: of("Lion", { learning_rate: 1, clipnorm: 0.5 }) }),
    { name: "Lion", learningRate: 1, settings: { clipnorm: 0.5 } },
  );
  const config = { initial_learning_rate: 5, decay_steps: 10, decay_rate: 0.9 };
  assertEquals(
    await optimizerOf({
      optimizer: of("Adam", { learning_rate: of("ExponentialDecay", config) }),
    }),
    { name: "Adam", learningRate: 5, schedule: "ExponentialDecay" },
  );
  // Keras 2 writes a decay of the rate, and mixed precision wraps the optimizer.
  assertEquals(
    await optimizerOf({ optimizer_config: of("SGD", { lr: 0.5, decay: 0.01, momentum: 0 }) }),
    { name: "SGD", learningRate: 0.5, schedule: "InverseTimeDecay" },
  );
  const inner = of("Nadam", { learning_rate: 0.25 });
  assertEquals(
    await optimizerOf({ optimizer: of("LossScaleOptimizer", { inner_optimizer: inner }) }),
    { name: "Nadam", learningRate: 0.25 },
  );
  const standard = { name: "Adam", learningRate: 0.001 };
  for (const optimizer of [undefined, null, 3, "adam", of("Adam", {})]) {
    assertEquals(await optimizerOf({ optimizer_config: optimizer }), standard);
  }
});

Deno.test("loadModel() says which optimizer it cannot reproduce, and keeps its name and rate", async () => {
  const notedOf = async (class_name: string, learning_rate: unknown) => {
    const optimizer = { class_name, config: { learning_rate } };
    const { optimizer: own, notReproduced } = await measured({ loss: "mse", optimizer }, true);
    return [own, notReproduced];
  };
  assertEquals(await notedOf("Muon", 3), [
    { name: "Muon", learningRate: 3 },
    [{ setting: "optimizer", name: "Muon", substitute: "Adam" }],
  ]);
  assertEquals(await notedOf("Adam", { class_name: "Noam", config: {} }), [
    { name: "Adam", learningRate: null, schedule: "Noam" },
    [{ setting: "optimizer", name: "Adam with Noam", substitute: "Adam" }],
  ]);
  assertEquals((await notedOf("Lion", 3))[1], undefined);
});

Deno.test("loadModel() keeps the optimizer of a model whose loss it does not have", async () => {
  const optimizer = { class_name: "Adam", config: { learning_rate: -1000 } };
  const { optimizer: own, objective } = await measured({ loss: "focal", optimizer }, true);
  assertEquals(own, { name: "Adam", learningRate: -1000 });
  assertEquals(objective.chosenBy, "head");
});

/** Loss of a class, as Keras 3 saves it. */
const saved = (class_name: string, config: Record<string, unknown> = {}) => ({
  class_name,
  config,
  registered_name: null,
});

Deno.test("readSavedLoss() takes the settings that change a loss, and names what it cannot reproduce", () => {
  const focal = "BinaryFocalCrossentropy", crossentropy = "CategoricalCrossentropy";
  const rows: [loss: unknown, read: Omit<LossSettings, "name"> | string][] = [
    ["mse", {}],
    [saved("function", "mean_squared_error" as never), {}],
    [saved("MeanSquaredError", { reduction: "sum_over_batch_size" }), {}],
    [saved("MeanSquaredError", { reduction: "mean_with_sample_weight" }), {}],
    [saved("MeanSquaredError", { reduction: "sum" }), { reduction: "sum" }],
    [saved("MeanSquaredError", { reduction: null }), { reduction: "sum" }],
    [saved("MeanSquaredError", { reduction: "product" }), 'reduction "product"'],
    [saved(crossentropy, { axis: -1, label_smoothing: 0.1 }), { labelSmoothing: 0.1 }],
    [saved(crossentropy, { label_smoothing: 0 }), {}],
    [saved(crossentropy, { axis: 1 }), "axis 1"],
    [saved(crossentropy, { ignore_class: 0 }), "ignore_class"],
    [saved("MeanSquaredError", { label_smoothing: 0.1 }), {}],
    [saved("MeanSquaredError", { from_logits: true }), "from_logits"],
    [saved("BinaryCrossentropy", { label_smoothing: 0.2 }), { labelSmoothing: 0.2 }],
    [saved("Huber", { delta: 2 }), { delta: 2 }],
    [saved("Huber", { delta: 1 }), {}],
    [saved(focal, { alpha: 0.25, gamma: 2, apply_class_balancing: false }), {}],
    [saved(focal, { alpha: 0.5, gamma: 3 }), { alpha: 0.5, gamma: 3 }],
    [saved(focal, { apply_class_balancing: true }), { balanced: true }],
    [saved("MeanSquaredError", { alpha: 0.5, delta: 3 }), {}],
    [saved("Dice", { axis: null }), {}],
    [saved("Dice", { axis: -1 }), { axes: [-1] }],
    [saved("Dice", { axis: [1, 2, 3] }), { axes: [1, 2, 3] }],
    [saved("Dice", { axis: { class_name: "__tuple__", items: [1, 2] } }), { axes: [1, 2] }],
    [saved("Dice", { axis: ["x"] }), "axis an array of 1 item"],
    [saved("Tversky", { alpha: 0.5, beta: 0.5, axis: null }), {}],
    [saved("Tversky", { alpha: 0.3, beta: 0.7 }), { alpha: 0.3, beta: 0.7 }],
  ];
  for (const [loss, expected] of rows) {
    const { name, settings } = readSavedLoss(loss);
    const { name: _, ...own } = settings ?? { name };
    const said = settings === null ? name.replace(/^.* with /, "") : own;
    assertEquals(said, expected, JSON.stringify(loss));
  }
  assertEquals(
    readSavedLoss(saved(crossentropy, { from_logits: true })).settings?.name,
    "categoricalCrossentropyFromLogits",
  );
});

Deno.test("readSavedLoss() tells arguments that Keras does not save, and a class of the program", () => {
  const lacks = (loss: unknown) => readSavedLoss(loss).lacks?.argument;
  assertEquals([saved("Huber"), saved("Huber", { delta: 1 }), "huber"].map(lacks), [
    "delta",
    undefined,
    undefined,
  ]);
  const cosine = "CosineSimilarity";
  assertEquals([saved(cosine), saved(cosine, { axis: -1 }), "cosine_similarity"].map(lacks), [
    "axis",
    undefined,
    undefined,
  ]);
  assertEquals(lacks(saved("MeanSquaredError")), undefined);
  const own = { ...saved("MyLoss"), registered_name: "my>MyLoss" };
  assertEquals([ownClassName(own), readSavedLoss(own).settings], ["my>MyLoss", null]);
  assertEquals(ownClassName({ ...own, class_name: "function" }), null);
  assertEquals(readSavedLoss(saved("NoSuchLoss")), { name: "NoSuchLoss", settings: null });
  assertEquals(readSavedLoss({}).name, "a loss without a name");
});
