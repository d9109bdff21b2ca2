import { assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { measure } from "../../src/measure/mod.ts";

const { tf } = await startEngine();

Deno.test("measure() says of each layer which figures are absent, and of no others", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 3, activation: "relu6", inputShape: [4] }),
      tf.layers.dense({ units: 3, activation: "tanh" }),
      tf.layers.dense({ units: 3, activation: "relu" }),
      tf.layers.dense({ units: 3 }),
    ],
  });
  const inputs = tf.randomNormal([8, 4], 0, 1, "float32", 1);
  const { layers } = await measure(model, { inputs });
  const notBounded = { saturatedFraction: "the activation is not bounded" };
  const notOneSided = { deadFraction: "the activation is not one-sided" };
  assertEquals(layers.map(({ absent }) => absent), [
    {},
    notOneSided,
    notBounded,
    { ...notBounded, ...notOneSided },
  ]);
  tf.dispose(inputs);
  model.dispose();
});

Deno.test("measure() gives a layer's shape where all of its calls have the same, and none otherwise", async () => {
  const input = tf.input({ shape: [4, 2] });
  const twice = tf.layers.dense({ name: "twice", units: 3 });
  const varied = tf.layers.dense({ name: "varied", units: 3 });
  const pooled = tf.layers.maxPooling1d({ poolSize: 2, strides: 2 }).apply(input);
  const outputs = [twice.apply(input), twice.apply(input), varied.apply(input)]
    .concat(varied.apply(pooled));
  const model = tf.model({ inputs: input, outputs: outputs as never[] });
  const inputs = tf.ones([8, 4, 2]);
  const { layers } = await measure(model, { inputs });
  const shape = (name: string) => layers.find((layer) => layer.name === name)!.shape;
  assertEquals([shape("twice"), shape("varied")], [[8, 4, 3], null]);
  tf.dispose(inputs);
  model.dispose();
});

Deno.test("measure() says of an activation whose inputs are no numbers that none was seen", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 3, activation: "tanh", inputShape: [4] }),
      tf.layers.dense({ units: 3, activation: "relu" }),
    ],
  });
  const inputs = tf.fill([8, 4], NaN);
  const { layers } = await measure(model, { inputs }, { objective: "sum" });
  const why = "no pre-activation was seen";
  assertEquals(
    layers.map(({ saturatedFraction, deadFraction }) => [saturatedFraction, deadFraction]),
    [[null, null], [null, null]],
  );
  assertEquals(layers[0].absent.saturatedFraction, why);
  assertEquals(layers[1].absent.deadFraction, why);
  tf.dispose(inputs);
  model.dispose();
});

Deno.test("measure() judges an activation by a single entry", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        ...{ units: 1, activation: "tanh", inputShape: [1], kernelInitializer: "ones" },
      }),
    ],
  });
  for (const [entry, saturated] of [[0.1, 0], [9, 1]]) {
    const inputs = tf.fill([1, 1], entry);
    const { layers } = await measure(model, { inputs }, { objective: "sum" });
    assertEquals([layers[0].saturatedFraction, layers[0].absent.saturatedFraction], [
      saturated,
      undefined,
    ]);
    inputs.dispose();
  }
  model.dispose();
});

Deno.test("measure() takes the gradient for 0 in a call that the objective does not depend on, however small", async () => {
  const first = tf.input({ shape: [1] });
  const twice = tf.layers.dense({ name: "twice", units: 1, kernelInitializer: "ones" });
  const outputs = [0, 1].map(() => twice.apply(first)) as typeof first[];
  const model = tf.model({ inputs: first, outputs });
  for (const examples of [1, 3]) {
    const inputs = tf.ones([examples, 1]);
    const { layers: [{ activationGradients }] } = await measure(model, { inputs }, {
      objective: ([output]) => output.sum(),
    });
    const { count, zeroFraction, meanAbs } = activationGradients!;
    assertEquals([count, zeroFraction, meanAbs], [2 * examples, 0.5, 0.5]);
    inputs.dispose();
  }
  model.dispose();
});
