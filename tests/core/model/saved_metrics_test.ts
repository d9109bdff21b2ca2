import { assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { loadModel } from "../../../src/load/load_model.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { savedMetrics, unknownMetricsOf } from "../../../src/core/model/saved_metrics.ts";
import { saveModel } from "./save_model.ts";

/** As Keras 3.15 writes a class, with the module that it leaves out in an HDF5 file. */
const metricClass = (class_name: string, config: object) => ({
  module: "keras.metrics",
  class_name,
  registered_name: null,
  config: { dtype: "float32", ...config },
});

/**
 * Keras's configuration of `["accuracy", MeanAbsoluteError(), "mse", Precision(),
 * categorical_accuracy]`.
 */
const KERAS_3 = [
  "accuracy",
  metricClass("MeanAbsoluteError", { name: "mean_absolute_error" }),
  "mse",
  metricClass("Precision", { name: "precision", thresholds: null, top_k: null, class_id: null }),
  { module: "builtins", class_name: "function", config: "categorical_accuracy" },
];

/** Keras 2's configuration of `["accuracy", MeanAbsoluteError()]`. */
const KERAS_2 = [[
  metricClass("MeanMetricWrapper", { name: "accuracy", fn: "categorical_accuracy" }),
  metricClass("MeanAbsoluteError", { name: "mean_absolute_error" }),
]];

const of = (saved: unknown, ...outputs: string[]) => {
  const metrics = savedMetrics(saved, outputs);
  return [metrics, unknownMetricsOf(metrics)] as unknown;
};

Deno.test("savedMetrics() reads what Keras and TensorFlow.js write, and sets aside what TensorFlow.js lacks", () => {
  const known = ["accuracy", "mae", "mse", "categoricalAccuracy"];
  assertEquals(of(KERAS_3, "out"), [known, [{ name: "precision" }]]);
  assertEquals(of({ out: KERAS_3 }, "dense"), [known, [{ name: "precision" }]]);
  assertEquals(of(KERAS_2, "out"), [["accuracy", "mae"], []]);
  assertEquals(of("mean_absolute_error", "out"), [["mae"], []]);
  assertEquals(of(["top_k", null], "out"), [[], [{ name: "top_k" }]]);
  for (const none of [null, undefined, [], [[]], {}, 5]) {
    assertEquals((of(none, "out") as unknown[])[0], []);
  }
});

Deno.test("savedMetrics() knows whose metrics they are, by name, in order, or of all outputs", () => {
  const each = { a: ["accuracy"], b: ["mae"] };
  assertEquals(of({ a: ["accuracy"], b: "mae" }, "a", "b"), [each, []]);
  assertEquals(of([["accuracy"], ["mae"]], "a", "b"), [each, []]);
  assertEquals(of(["mae"], "a", "b"), [{ a: ["mae"], b: ["mae"] }, []]);
  assertEquals(of({ b: "recall" }, "a", "b"), [{ a: [], b: [] }, [{
    name: "recall",
    output: "b",
  }]]);
  assertEquals(of({}, "a", "constructor"), [{ a: [], constructor: [] }, []]);
});

Deno.test("savedMetrics() sets aside a metric whose settings TensorFlow.js does not have", () => {
  const known = (config: object) =>
    unknownMetricsOf(savedMetrics([metricClass("BinaryAccuracy", config)], ["out"])).length === 0;
  assertEquals([known({}), known({ threshold: 0.5 }), known({ threshold: 0.4 })], [
    true,
    true,
    false,
  ]);
  assertEquals([known({ from_logits: true }), known({ label_smoothing: 0.1 })], [false, false]);
});

Deno.test("loadModel() compiles with the metrics of a file, and measure() evaluates or names each", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const head = tf.layers.dense({ units: 3, activation: "softmax", inputShape: [4], name: "out" });
  const folder = await Deno.makeTempDir();
  try {
    const path = await saveModel(tf, tf.sequential({ layers: [head] }), folder, {
      edit: (json) => ({
        ...json,
        trainingConfig: { loss: "categorical_crossentropy", metrics: KERAS_3 },
      }),
    });
    const { model } = await loadModel(path);
    const measured = async () =>
      (await measure(model, randomBatch(model, { seed: 1 }))).objective.metrics!
        .map(({ name, value, reason }) => [name, reason ?? typeof value]);
    assertEquals(await measured(), [
      ["accuracy", "number"],
      ["mae", "number"],
      ["mse", "number"],
      ["categoricalAccuracy", "number"],
      ["precision", "no metric of TensorFlow.js computes it"],
    ]);
    // A model that is compiled again has other metrics.
    model.compile({ optimizer: "sgd", loss: "meanSquaredError", metrics: ["mae"] });
    assertEquals(await measured(), [["mae", "number"]]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
