import { assertEquals, assertThrows } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import { exerciseModel } from "../../../src/core/model/layers/exercise_model.ts";
import {
  getWeights,
  modelWeights,
  rescaleWeights,
  setWeights,
} from "../../../src/core/model/weights/model_weights.ts";
import { leafLayers } from "../../../src/core/model/layers/leaf_layers.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";

const { tf } = await startEngine();

Deno.test("functions of a model refuse what is none in the same words", () => {
  const gone = exerciseModel({ width: 2, depth: 1 });
  gone.dispose();
  const tensor = tf.zeros([2]);
  const wrong: [unknown, string][] = [
    [42, "model is 42, expected a layers model of TensorFlow.js"],
    [null, "model is null, expected a layers model of TensorFlow.js"],
    [tensor, "model is a tensor, expected a layers model of TensorFlow.js"],
    [Promise.resolve(gone), "model is a promise, expected a layers model of TensorFlow.js"],
    [tf.sequential(), ", a model without inputs, expected its first layer to have"],
    [gone, 'model is "exercise", a model that was disposed of, expected one with its weights'],
  ];
  for (const [value, message] of wrong) {
    const model = value as typeof gone;
    const calls = [
      () => getWeights(model),
      () => setWeights(model, {}),
      () => rescaleWeights(model, 2),
      () => modelWeights(model),
      () => randomBatch(model),
    ];
    for (const call of calls) assertThrows(call, TypeError, message);
  }
  assertThrows(
    () => leafLayers(42 as never),
    TypeError,
    "expected a layers model of TensorFlow.js",
  );
  tensor.dispose();
});

Deno.test("leafLayers() takes a model without inputs, or one that was disposed of, but no layer", () => {
  const gone = exerciseModel({ width: 2, depth: 1 });
  gone.dispose();
  assertEquals(leafLayers(tf.sequential()), []);
  assertEquals(leafLayers(gone).length, 2);
  const layer = tf.layers.dense({ units: 1 });
  assertThrows(() => leafLayers(layer as never), TypeError, "expected a layers model");
});
