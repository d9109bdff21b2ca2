import { assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { heapOf } from "../../src/engine/start/prepare_engine.ts";
import { measure } from "../../src/measure/mod.ts";
import { sumTensor } from "../../src/measure/sums.ts";

const engine = await startEngine();
const { tf } = engine;

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
        units: 1,
        activation: "tanh",
        inputShape: [1],
        kernelInitializer: "ones",
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

Deno.test("measure() writes the settings that theory reckons with, and none of other layers", async () => {
  const { layers } = tf;
  const settingsOf = async (made: unknown, inputShape: number[]) => {
    const input = tf.input({ shape: inputShape });
    const output = (made as ReturnType<typeof layers.dense>).apply(input) as typeof input;
    const model = tf.model({ inputs: input, outputs: output });
    const inputs = tf.ones([2, ...inputShape]);
    const measured = await measure(model, { inputs }, { objective: "sum" });
    tf.dispose(inputs);
    model.dispose();
    return measured.layers[0].settings ?? null;
  };
  const picture = [6, 6, 2], sequence = [6, 2];
  const conv = { filters: 2, kernelSize: [2, 3] as [number, number] };
  const of = { window: [2, 3], strides: [1, 1], padding: "valid" };
  assertEquals(await settingsOf(layers.conv2d(conv), picture), of as never);
  assertEquals(
    await settingsOf(layers.conv2d({ ...conv, strides: [2, 1], padding: "same" }), picture),
    { ...of, strides: [2, 1], padding: "same" } as never,
  );
  for (const dilationRate of [[2, 2], [1, 2]] as [number, number][]) {
    assertEquals(
      await settingsOf(layers.conv2d({ ...conv, dilationRate }), picture),
      { ...of, dilation: dilationRate } as never,
    );
  }
  const one = { filters: 2, kernelSize: 3, padding: "causal" as const };
  assertEquals(await settingsOf(layers.conv1d(one), sequence), {
    window: [3],
    strides: [1],
    padding: "causal",
  });
  assertEquals(
    await settingsOf(layers.maxPooling2d({ poolSize: [3, 2], strides: [2, 1] }), picture),
    { window: [3, 2], strides: [2, 1], padding: "valid" },
  );
  assertEquals(await settingsOf(layers.layerNormalization({ epsilon: 0.5 }), [4]), {
    epsilon: 0.5,
  });
  const { rescaling } = layers as unknown as { rescaling: (args: object) => unknown };
  assertEquals(await settingsOf(rescaling({ scale: 3 }), [4]), { scale: 3, offset: 0 });
  assertEquals(await settingsOf(layers.dense({ units: 1 }), [4]), null);
  assertEquals(await settingsOf(layers.activation({ activation: "relu" }), [4]), null);
});

Deno.test("measure() counts each step of a simple recurrent layer once", async () => {
  const model = tf.sequential({
    layers: [tf.layers.simpleRNN({ units: 2, returnSequences: true, inputShape: [3, 4] })],
  });
  const inputs = tf.randomNormal([8, 3, 4], 0, 1, "float32", 1);
  const { layers: [layer] } = await measure(model, { inputs }, { objective: "sum" });
  assertEquals(layer.activations!.count, 8 * 3 * 2);
  assertEquals(layer.activationGradients!.count, 8 * 3 * 2);
  tf.dispose(inputs);
  model.dispose();
});

Deno.test("sumTensor() sums a run of the entries", () => {
  const tensor = tf.tensor1d([1, 2, 4, 8, 16, 32]);
  const { sumAbs, maxAbs, count } = sumTensor(heapOf(engine), tensor as never, 1, 3);
  assertEquals([sumAbs, maxAbs, count], [14, 8, 3]);
  tensor.dispose();
});
