import { assertEquals, assertThrows } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { LayersModel, Tensor } from "../../src/engine/tensorflow.ts";
import { chooseLoss } from "../../src/measure/choose_objective.ts";
import type { Objective } from "../../src/model/objective.ts";

const engine = await startEngine();
const { tf } = engine;

function network(activation: "linear" | "sigmoid" | "softmax"): LayersModel {
  return tf.sequential({ layers: [tf.layers.dense({ units: 3, activation, inputShape: [4] })] });
}

/** Which loss is chosen, how, and whether targets are drawn once it is evaluated. */
function chosen(model: LayersModel, given?: Objective, targets: Tensor[] | null = null) {
  const choice = chooseLoss(tf, model, { objective: given, targets, seed: 1 });
  tf.tidy(() => void choice.objective.evaluate([model.predict(tf.ones([8, 4])) as Tensor]));
  const { objective: { name }, chosenBy, drawn } = choice;
  tf.dispose(drawn ?? []);
  return [name, chosenBy, drawn !== null];
}

const labels = tf.zeros([8, 1]), rows = tf.zeros([8, 3]), odd = tf.zeros([8, 5]);

Deno.test("chooseLoss() takes the loss that fits the head, and never the sum", () => {
  for (const given of [undefined, "sum"] as const) {
    assertEquals(chosen(network("linear"), given), ["meanSquaredError", "head", true]);
    assertEquals(chosen(network("sigmoid"), given), ["binaryCrossentropy", "head", true]);
    assertEquals(chosen(network("softmax"), given), ["categoricalCrossentropy", "head", true]);
  }
});

Deno.test("chooseLoss() takes the targets of the batch where they suit the head", () => {
  const softmax = network("softmax");
  assertEquals(chosen(network("linear"), undefined, [rows]), ["meanSquaredError", "head", false]);
  assertEquals(chosen(softmax, undefined, [labels]), [
    "sparseCategoricalCrossentropy",
    "head",
    false,
  ]);
  assertEquals(chosen(softmax, undefined, [odd]), ["categoricalCrossentropy", "head", true]);
  assertEquals(chosen(softmax, undefined, [rows, rows]), ["categoricalCrossentropy", "head", true]);
});

Deno.test("chooseLoss() takes the compiled loss before that of the head", () => {
  const model = network("linear");
  model.compile({ optimizer: "sgd", loss: "meanAbsoluteError" });
  assertEquals(chosen(model), ["meanAbsoluteError", "compiled", true]);
  assertEquals(chosen(model, undefined, [rows]), ["meanAbsoluteError", "compiled", false]);
});

Deno.test("chooseLoss() takes what is asked for before all else, and draws its targets", () => {
  const model = network("linear");
  model.compile({ optimizer: "sgd", loss: "meanAbsoluteError" });
  assertEquals(chosen(model, "logcosh"), ["logcosh", null, true]);
  assertEquals(chosen(model, "logcosh", [rows]), ["logcosh", null, false]);
  const square = ([output]: Tensor[]) => tf.mean(tf.square(output));
  assertEquals(chosen(model, square), ["square", null, false]);
  assertThrows(() => chosen(model, "mse" as Objective), TypeError, "did you mean");
});
