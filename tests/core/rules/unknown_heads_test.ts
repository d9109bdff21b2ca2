import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { Layer, LayersModel, Tensor } from "../../../src/engine/tensorflow.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import type { Objective } from "../../../src/core/model/objective.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import { customLayer } from "../../networks/trained_models.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";

await using engine = await startEngine();
const { tf } = engine;

const dense = (units: number, activation: "relu" | "linear" = "relu", inputShape?: number[]) =>
  tf.layers.dense({
    units,
    activation,
    kernelInitializer: tf.initializers.heNormal({ seed: units }),
    ...inputShape === undefined ? {} : { inputShape },
  });

async function findings(layers: Layer[], targets: Tensor, objective: Objective, shape = [16, 8]) {
  const model: LayersModel = tf.sequential({ layers: layers as never });
  const inputs = tf.randomNormal(shape, 0, 1, "float32", 3);
  const found = runRules(await measure(model, { inputs, targets }, { objective }));
  model.dispose();
  inputs.dispose();
  return found;
}

const classes = tf.cast(
  tf.oneHot(tf.tensor1d(Array.from({ length: 16 }, (_, i) => i % 3), "int32"), 3),
  "float32",
);

Deno.test("outputHead says nothing of a head that a layer of a kind of its own follows", async () => {
  const heads = async (...end: Layer[]) =>
    (await findings([dense(32, "relu", [8]), dense(3, "linear"), ...end], classes, LOSS))
      .filter(({ rule }) => rule === "output-head").map(({ kind }) => kind);
  const LOSS = "categoricalCrossentropy" as const;
  assertEquals(await heads(), ["negative-probabilities"]);
  assertEquals(await heads(customLayer(tf, "softmax", (x) => tf.softmax(x))), []);
});

Deno.test("outputHead says nothing of a sigmoid whose outputs are scaled", async () => {
  const targets = tf.randomUniform([16, 3], 2, 4, "float32", 5);
  const heads = async (...end: Layer[]) => {
    const sigmoid = tf.layers.dense({ units: 3, activation: "sigmoid" });
    return (await findings([dense(32, "relu", [8]), sigmoid, ...end], targets, "meanSquaredError"))
      .filter(({ rule }) => rule === "output-head").map(({ kind }) => kind);
  };
  assertEquals(await heads(), ["half-out-of-reach"]);
  assertEquals(await heads(tf.layers.rescaling({ scale: 5 })), []);
  assertEquals(await heads(tf.layers.reshape({ targetShape: [3] })), ["half-out-of-reach"]);
});

Deno.test("outputHead takes no gate of a recurrent layer for the end of a model", async () => {
  const targets = tf.randomNormal([16, 4], 0, 1, "float32", 5);
  const lstm = tf.layers.lstm({ units: 4, inputShape: [5, 8] }) as unknown as Layer;
  const found = await findings([lstm], targets, "meanSquaredError", [16, 5, 8]);
  assertEquals(found.filter(({ rule }) => rule === "output-head"), []);
});

Deno.test("vanishingGradients names the layer below the head that sends no gradient on", async () => {
  const round = customLayer(tf, "rounding", (x) => tf.round(x));
  const found = await findings(
    [dense(32, "relu", [8]), dense(16), round, dense(3, "linear")],
    classes,
    "meanSquaredError",
  );
  const vanishing = found.filter(({ rule }) => rule === "vanishing-gradients");
  assert(vanishing.length > 0);
  const [{ message, fix, severity }] = vanishing;
  assertEquals(severity, "error");
  assertStringIncludes(message, "although rounding receives a gradient");
  assertStringIncludes(fix, "Check what rounding computes for an operation without a gradient");
});

Deno.test("outputHead takes whole numbers of three kinds or more under one sigmoid for classes", async () => {
  const kinds = async (target: (i: number) => number, loss: Objective = "binaryCrossentropy") => {
    const targets = tf.tensor2d(Array.from({ length: 16 }, (_, i) => [target(i)]));
    const head = tf.layers.dense({ units: 1, activation: "sigmoid" });
    return (await findings([dense(8, "relu", [8]), head], targets, loss))
      .filter(({ rule }) => rule === "output-head").map(({ kind }) => kind);
  };
  assertEquals(await kinds((i) => i % 3), ["class-numbers"]);
  assertEquals(await kinds((i) => i % 3, "meanSquaredError"), ["class-numbers"]);
  // Two values are labels in other numbers. Fractions, numbers below 0 and pixels count nothing.
  assertEquals(await kinds((i) => 2 * (i % 2)), ["targets-above-one"]);
  assertEquals(await kinds((i) => i % 3 + 0.5), ["targets-above-one"]);
  assertEquals(await kinds((i) => i % 3 - 1), ["targets-outside"]);
  assertEquals(await kinds((i) => 500 * (i % 3)), ["targets-above-one"]);
});
