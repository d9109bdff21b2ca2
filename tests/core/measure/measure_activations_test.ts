import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import { startEngine } from "../../../src/engine/mod.ts";
import { measure } from "../../../src/entry/measure.ts";
import { randomBatch } from "../../../src/entry/model.ts";
import { dense, find, leavesNoTensors, uniform } from "../../networks/small_models.ts";

const { tf } = await startEngine();

Deno.test("measure() sees the same in Dense(tanh) as in Dense and Activation(tanh)", async () => {
  const kernel = uniform([4, 5], -2, 2);
  const inputs = uniform([8, 4], -3, 3);
  const fused = tf.sequential({ layers: [dense(5, "tanh", { inputShape: [4] }), dense(1)] });
  const apart = tf.sequential({
    layers: [
      dense(5, undefined, { inputShape: [4], name: "apart" }),
      tf.layers.activation({ activation: "tanh", name: "squash" }),
      dense(1),
    ],
  });
  for (const model of [fused, apart]) {
    const [, bias, head, headBias] = model.getWeights();
    model.setWeights([kernel, bias, head, headBias]);
  }
  const [a] = (await measure(fused, { inputs })).layers;
  const [linear, squash, head] = (await measure(apart, { inputs })).layers;
  for (const figure of ["preActivations", "activations", "preActivationGradients"] as const) {
    assertEquals(squash[figure], a[figure], figure);
  }
  assertEquals(squash.activationGradients, a.activationGradients);
  assertEquals(squash.saturatedFraction, a.saturatedFraction);
  assert(a.saturatedFraction! > 0);
  assertEquals(linear.preActivations, a.preActivations);
  assertEquals(linear.preActivationGradients, a.preActivationGradients);
  assertEquals(linear.weights[0].gradients, a.weights[0].gradients);
  assertEquals([linear.depth, squash.depth, head.depth], [1, 1, 2]);
  assertEquals([linear.role, squash.role, head.role], ["hidden", "hidden", "output"]);
  tf.dispose([kernel, inputs]);
  fused.dispose();
  apart.dispose();
});

Deno.test("measure() judges every activation layer by what it is fed", async () => {
  const layers = [
    tf.layers.reLU({ name: "relu" }),
    tf.layers.reLU({ name: "capped", maxValue: 0.5 }),
    tf.layers.elu({ name: "elu" }),
    tf.layers.leakyReLU({ name: "leaky" }),
    tf.layers.prelu({ name: "prelu" }),
    tf.layers.softmax({ name: "softmax" }),
    tf.layers.activation({ name: "sigmoid", activation: "sigmoid" }),
  ];
  const inputs = uniform([16, 4]);
  for (const layer of layers) {
    const model = tf.sequential({
      layers: [dense(4, undefined, { inputShape: [4] }), layer, dense(1)],
    });
    const [below, row] = (await measure(model, { inputs })).layers;
    assertEquals(row.preActivations, below.activations, layer.name);
    assertEquals(row.preActivationGradients, below.activationGradients, layer.name);
    assertEquals(row.deadFraction === null, !["relu", "capped", "elu"].includes(layer.name));
    assertEquals(row.saturatedFraction === null, !["capped", "sigmoid"].includes(layer.name));
    model.dispose();
  }
  inputs.dispose();
});

Deno.test("measure() names the slope of a leaky relu where it is not TensorFlow.js's own", async () => {
  const inputs = uniform([4, 4]);
  for (
    const [alpha, activation, canDie] of [
      [undefined, "leakyRelu", false],
      [0.3, "leakyRelu", false],
      [0.01, "leakyRelu(0.01)", false],
      [0, "relu", true],
    ] as const
  ) {
    const model = tf.sequential({
      layers: [dense(4, undefined, { inputShape: [4] }), tf.layers.leakyReLU({ alpha }), dense(1)],
    });
    const [, row] = (await measure(model, { inputs })).layers;
    assertEquals([row.activation, row.deadFraction !== null], [activation, canDie]);
    model.dispose();
  }
  inputs.dispose();
});

Deno.test("measure() puts batch normalisation in the mode that is asked for, and back", async () => {
  const model = tf.sequential({
    layers: [tf.layers.batchNormalization({ inputShape: [4], name: "norm" }), dense(1)],
  });
  const inputs = uniform([64, 4], 3, 5);
  const before = model.getWeights().map((weight) => weight.dataSync());
  await leavesNoTensors(async () => {
    const inference = await measure(model, { inputs }, { batchNormalization: "inference" });
    assertAlmostEquals(find(inference, "norm").activations!.mean, 4, 0.1);
    assertEquals(inference.layers.map(({ normalization }) => normalization), ["moving", undefined]);
    const training = await measure(model, { inputs }, { batchNormalization: "training" });
    assertAlmostEquals(find(training, "norm").activations!.mean, 0, 1e-3);
    assertEquals(find(training, "norm").normalization, "batch");
    assertAlmostEquals(find(training, "norm").activations!.std, 1, 1e-2);
    const moving = find(training, "norm").weights.find((weight) =>
      weight.name === "norm/moving_mean"
    )!;
    assertEquals([moving.trainable, moving.gradients], [false, null]);
    assertEquals(moving.absent.gradients, "the weight is not trained");
  });
  assertEquals(model.getWeights().map((weight) => weight.dataSync()), before);
  model.dispose();
  inputs.dispose();
});

Deno.test("measure() runs a batch normalisation on the batch until a step has moved its statistics", async () => {
  const model = tf.sequential({
    layers: [tf.layers.batchNormalization({ inputShape: [4], name: "norm" }), dense(1)],
  });
  const inputs = uniform([64, 4], 3, 5);
  const mean = async (batch = inputs) =>
    find(await measure(model, { inputs: batch }), "norm").activations!.mean;
  assertAlmostEquals(await mean(), 0, 1e-3);
  const one = tf.slice(inputs, 0, 1);
  assertAlmostEquals(await mean(one), 4, 1);
  assertEquals(
    await mean(one),
    find(
      await measure(model, { inputs: one }, { batchNormalization: "inference" }),
      "norm",
    ).activations!.mean,
  );
  const [gamma, beta, ...moving] = model.layers[0].getWeights();
  for (const [from, to] of [[0, 0.01], [1, 0.99]]) {
    const moved = moving.map((value, i) => i === from ? tf.fill([4], to) : value);
    model.layers[0].setWeights([gamma, beta, ...moved]);
    assertAlmostEquals(await mean(), 4, 0.1);
    model.layers[0].setWeights([gamma, beta, ...moving]);
    tf.dispose(moved[from]);
  }
  model.dispose();
  tf.dispose([inputs, one]);
});

Deno.test("measure() finds a healthy residual network healthy, however deep", async () => {
  const input = tf.input({ shape: [16] });
  let seed = 0;
  const normalized = (x: typeof input) => {
    const kernelInitializer = tf.initializers.heNormal({ seed: ++seed });
    const z = tf.layers.dense({ units: 64, kernelInitializer }).apply(x);
    return tf.layers.batchNormalization().apply(z) as typeof input;
  };
  const relu = (x: unknown) => tf.layers.reLU().apply(x as typeof input) as typeof input;
  let x = relu(normalized(input));
  for (let block = 0; block < 15; block++) {
    const branch = normalized(relu(normalized(x)));
    x = relu(tf.layers.add().apply([x, branch]));
  }
  const kernelInitializer = tf.initializers.glorotUniform({ seed: ++seed });
  const head = tf.layers.dense({ units: 10, activation: "softmax", kernelInitializer }).apply(x);
  const model = tf.model({ inputs: input, outputs: head as typeof input });
  const objective = "sparseCategoricalCrossentropy";
  const batch = randomBatch(model, { objective });
  const found = async (batchNormalization?: "inference") =>
    runRules(await measure(model, batch, { objective, batchNormalization }));
  assertEquals((await found()).filter(({ severity }) => severity === "error"), []);
  // Without normalisation each block doubles the variance.
  assert((await found("inference")).some(({ severity }) => severity !== "note"));
  model.dispose();
  tf.dispose([batch.inputs, batch.targets!]);
});

Deno.test("measure() turns dropout off", async () => {
  const model = tf.sequential({
    layers: [tf.layers.dropout({ rate: 0.5, inputShape: [4], name: "drop" }), dense(1)],
  });
  const inputs = tf.ones([8, 4]);
  const drop = find(await measure(model, { inputs }), "drop");
  assertEquals([drop.activations!.mean, drop.activations!.zeroFraction], [1, 0]);
  model.dispose();
  inputs.dispose();
});

for (const kind of ["dropout", "gaussianNoise", "alphaDropout", "linear"] as const) {
  Deno.test(`measure() gives ${kind} on a branch the gradient of that branch`, async () => {
    const scaled = (factor: number) =>
      tf.layers.dense({
        units: 1,
        useBias: false,
        kernelInitializer: tf.initializers.constant({ value: factor }),
      });
    const passing = {
      dropout: () => tf.layers.dropout({ rate: 0.5, name: "passing" }),
      gaussianNoise: () => tf.layers.gaussianNoise({ stddev: 1, name: "passing" }),
      alphaDropout: () => tf.layers.alphaDropout({ rate: 0.5, name: "passing" }),
      linear: () => tf.layers.activation({ activation: "linear", name: "passing" }),
    }[kind]();
    const input = tf.input({ shape: [1] });
    type Symbolic = typeof input;
    const hidden = scaled(1).apply(input) as Symbolic;
    const branch = scaled(2).apply(passing.apply(hidden)) as Symbolic;
    const other = scaled(5).apply(hidden) as Symbolic;
    const model = tf.model({
      inputs: input,
      outputs: tf.layers.add().apply([branch, other]) as Symbolic,
    });
    const inputs = tf.ones([3, 1]);
    const measurements = await measure(model, { inputs });
    assertEquals(find(measurements, "passing").activationGradients!.mean, 2);
    assertEquals(measurements.layers[0].activationGradients!.mean, 7);
    inputs.dispose();
    model.dispose();
  });
}
