import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { startEngine, type Tensor } from "../../../src/engine/mod.ts";
import { measure, MeasureError } from "../../../src/entry/measure.ts";
import { runPass } from "../../../src/core/measure/pass.ts";
import {
  dense,
  find,
  leavesNoTensors,
  models,
  small,
  uniform,
} from "../../networks/small_models.ts";

const { tf } = await startEngine();

Deno.test("measure() leaves weights, layers and the number of tensors as they were", async () => {
  const model = small();
  const inputs = uniform([6, 4]);
  const weights = model.getWeights().map((weight) => weight.dataSync());
  const keys = model.layers.map((layer) => Object.keys(layer).join());
  await leavesNoTensors(() => measure(model, { inputs }));
  assertEquals(model.getWeights().map((weight) => weight.dataSync()), weights);
  assertEquals(model.layers.map((layer) => Object.keys(layer).join()), keys);
  assertEquals(model.layers[0].getConfig().activation, "tanh");
  model.dispose();
  inputs.dispose();
});

Deno.test("measure() is the same after 1000 passes as after one, tensors and bytes too", async () => {
  const model = small();
  const inputs = uniform([6, 4]);
  const first = JSON.stringify(await measure(model, { inputs }));
  const { numTensors, numBytes } = tf.memory();
  let last = "";
  for (let pass = 0; pass < 1000; pass++) last = JSON.stringify(await measure(model, { inputs }));
  assertEquals(last, first);
  assertEquals([tf.memory().numTensors, tf.memory().numBytes], [numTensors, numBytes]);
  model.dispose();
  inputs.dispose();
});

Deno.test("measure() merges the calls of a shared layer and names layers of nested models", async () => {
  const model = models["a nested functional model with a shared layer"](tf);
  const inputs = uniform([6, 4]);
  const measurements = await measure(model, { inputs });
  const shared = measurements.layers[0];
  assert(shared.name.startsWith("inner/"));
  assertEquals([shared.calls, shared.depth], [2, 2]);
  assertEquals(shared.activations!.count, 2 * 6 * 4);
  assertEquals(measurements.model.parameters, 4 * 4 + 4 + 4 * 2 + 2);
  assertEquals(measurements.layers.at(-1)!.depth, 3);
  model.dispose();
  inputs.dispose();
});

Deno.test("measure() tells indices, which are float32 by default, from numbers", async () => {
  const words = tf.input({ shape: [3], name: "words" });
  const numbers = tf.input({ shape: [2], name: "numbers" });
  const embedded = tf.layers.embedding({ inputDim: 50, outputDim: 2 }).apply(words);
  const flat = tf.layers.flatten().apply(embedded) as typeof words;
  const joined = tf.layers.concatenate().apply([flat, numbers]) as typeof words;
  const outputs = dense(1).apply(joined) as typeof words;
  const model = tf.model({ inputs: [words, numbers], outputs });
  const inputs = [tf.fill([6, 3], 49), uniform([6, 2])];
  const { batch } = await measure(model, { inputs });
  assertEquals(batch.perInput.map(({ dtype, lookedUp }) => [dtype, lookedUp]), [
    ["float32", true],
    ["float32", undefined],
  ]);
  model.dispose();
  tf.dispose(inputs);
});

Deno.test("measure() calls what nobody named alike, however many models were built before", async () => {
  const unnamed = () => tf.layers.dense({ units: 2, inputShape: [3] });
  const sequential = () => tf.sequential({ layers: [unnamed()] });
  const functional = () => {
    const input = tf.input({ shape: [3] });
    return tf.model({ inputs: input, outputs: unnamed().apply(input) as typeof input });
  };
  const nested = () => tf.sequential({ layers: [sequential()] });
  const inputs = uniform([6, 3]);
  const targets = tf.ones([6, 2]);
  for (const create of [sequential, functional, nested]) {
    for (let built = 0; built < 2; built++) {
      const model = create();
      // A Sequential has the names once it was built.
      tf.dispose(model.predict(inputs));
      const { batch } = await measure(model, { inputs, targets }, {
        objective: "meanSquaredError",
      });
      assertEquals([batch.perInput[0].name, batch.targets![0].name], ["input", "output"]);
      model.dispose();
    }
  }
  tf.dispose([inputs, targets]);
});

Deno.test("measure() takes several inputs and tells them apart", async () => {
  const left = tf.input({ shape: [3], name: "left" });
  const right = tf.input({ shape: [2], name: "right" });
  const joined = tf.layers.concatenate().apply([left, right]) as typeof left;
  const model = tf.model({ inputs: [left, right], outputs: dense(1).apply(joined) as typeof left });
  const inputs = [uniform([6, 3]), tf.ones([6, 2])];
  const { batch } = await measure(model, { inputs, seed: 9 });
  assertEquals(batch.perInput.map(({ name, shape }) => [name, shape]), [["left", [6, 3]], [
    "right",
    [6, 2],
  ]]);
  assertEquals(batch.inputs.count, 30);
  assertEquals(batch.perInput[1].values.mean, 1);
  assertEquals([batch.examples, batch.seed], [6, 9]);
  model.dispose();
  tf.dispose(inputs);
});

Deno.test("measure() moves a model that was built on another backend", async () => {
  await tf.setBackend("cpu");
  const model = small();
  const inputs = uniform([6, 4]);
  await tf.setBackend("wasm");
  const { layers } = await measure(model, { inputs });
  assert(layers[0].weights[0].gradients!.rms > 0);
  model.dispose();
  inputs.dispose();
});

Deno.test("measure() reports progress layer by layer, forward and back", async () => {
  const model = small();
  const inputs = uniform([6, 4]);
  const seen: string[] = [];
  await measure(model, { inputs }, {
    onProgress: ({ phase, done, total }) => seen.push(`${phase} ${done}/${total}`),
  });
  assertEquals(seen, [
    "forward 1/3",
    "forward 2/3",
    "forward 3/3",
    "backward 1/3",
    "backward 2/3",
    "backward 3/3",
  ]);
  model.dispose();
  inputs.dispose();
});

Deno.test("runPass() counts what a pass sees in one example as in many", async () => {
  const engine = await startEngine();
  const model = small();
  const inputs = uniform([1, 4]);
  assertEquals(runPass(engine, model, { inputs }, {}).layers[0].activations!.count, 5);
  model.dispose();
  inputs.dispose();
  await engine.stop();
});

Deno.test("measure() does not take a unit that is NaN for a dead one", async () => {
  const model = tf.sequential({ layers: [dense(4, "relu", { inputShape: [1] })] });
  model.setWeights([tf.tensor2d([[1, -1, 1, NaN]]), tf.zeros([4])]);
  const inputs = tf.ones([16, 1]);
  const [layer] = (await measure(model, { inputs })).layers;
  assertEquals([layer.deadFraction, layer.activations!.nonFinite], [0.25, 16]);
  tf.dispose(inputs);
  model.dispose();
});

Deno.test("measure() does not take an overflow for a dead unit", async () => {
  const model = tf.sequential({
    layers: [
      dense(4, "relu", {
        inputShape: [1],
        kernelInitializer: tf.initializers.constant({ value: 3e38 }),
      }),
    ],
  });
  const inputs = tf.fill([16, 1], 3);
  const [layer] = (await measure(model, { inputs })).layers;
  assertEquals([layer.deadFraction, layer.activations!.nonFinite], [0, 64]);
  tf.dispose(inputs);
  model.dispose();
});

Deno.test("measure() counts a layer that is called many times once in its progress", async () => {
  const model = tf.sequential({
    layers: [tf.layers.timeDistributed({ layer: dense(2), inputShape: [6, 2] }), dense(1)],
  });
  const inputs = uniform([3, 6, 2]);
  const seen: string[] = [];
  await measure(model, { inputs }, {
    onProgress: ({ phase, done, total }) => seen.push(`${phase} ${done}/${total}`),
  });
  assertEquals(seen, ["forward 1/2", "forward 2/2", "backward 1/2", "backward 2/2"]);
  inputs.dispose();
  model.dispose();
});

Deno.test("measure() hands on what a callback throws, and keeps the caller's tensors", async () => {
  const model = small();
  const inputs = uniform([6, 4]);
  const stop = new TypeError("stop");
  await leavesNoTensors(async () => {
    const onProgress = () => {
      throw stop;
    };
    const error = await assertRejects(() => measure(model, { inputs }, { onProgress }));
    assertEquals(error, stop);
  });
  const mine = tf.scalar(3);
  await measure(model, { inputs }, { objective: () => mine });
  assertEquals(mine.dataSync()[0], 3);
  mine.dispose();
  await assertRejects(
    () => measure(model, { inputs }, { objective: () => tf.scalar(1, "int32") }),
    MeasureError,
    "dtype int32",
  );
  inputs.dispose();
  model.dispose();
});

Deno.test("measure() keeps candidate, cell output and gates of an LSTM apart", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.lstm({ units: 3, inputShape: [5, 2], name: "lstm", returnSequences: true }),
      tf.layers.gru({ units: 3, name: "gru" }),
      dense(1),
    ],
  });
  const inputs = uniform([8, 5, 2]);
  await leavesNoTensors(async () => {
    const measurements = await measure(model, { inputs });
    const steps = 8 * 5 * 3;
    const lstm = find(measurements, "lstm");
    // Parts have rows, but are not layers.
    assertEquals([measurements.model.layers, measurements.layers.length], [3, 8]);
    const parts = ["candidate", "cell_output", "gates"].map((part) =>
      find(measurements, `lstm/${part}`)
    );
    assertEquals(parts.map((part) => part.activation), ["tanh", "tanh", "hardSigmoid"]);
    assertEquals(parts.map((part) => part.preActivations!.count), [steps, steps, 3 * steps]);
    assertEquals(parts.map((part) => part.weights), [[], [], []]);
    // The kernels produce the layer's own z: four columns a unit.
    assertEquals(lstm.preActivations!.count, 4 * steps);
    assertAlmostEquals(
      lstm.preActivationGradients!.l2,
      Math.hypot(parts[0].preActivationGradients!.l2, parts[2].preActivationGradients!.l2),
      1e-9,
    );
    assertEquals(lstm.activations!.count, steps);
    assertEquals(find(measurements, "gru").preActivations!.count, 3 * steps);
    assertEquals(find(measurements, "gru/gates").preActivations!.count, 2 * steps);
    assertEquals([lstm.depth, parts[0].depth, find(measurements, "gru").depth], [1, 1, 2]);
    for (const weight of lstm.weights) assert(weight.gradients!.rms > 0, weight.name);
  });
  model.dispose();
  inputs.dispose();
});

Deno.test("measure() looks into wrappers", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.timeDistributed({
        layer: dense(3, "tanh", { name: "inner" }),
        inputShape: [5, 2],
        name: "each",
      }),
      tf.layers.bidirectional({
        layer: tf.layers.simpleRNN({ units: 2, name: "rnn" }) as never,
        mergeMode: "concat",
        name: "both",
      }),
      dense(1),
    ],
  });
  const inputs = uniform([8, 5, 2]);
  await leavesNoTensors(async () => {
    const measurements = await measure(model, { inputs });
    assertEquals(measurements.layers.map((layer) => layer.depth), [1, 2, 2, 3]);
    const [inner, forward, backward] = measurements.layers;
    assertEquals([inner.name, inner.calls], ["each/inner", 5]);
    assertEquals(inner.activations!.count, 8 * 5 * 3);
    assert(forward.name.startsWith("both/forward_"), forward.name);
    assert(backward.name.startsWith("both/backward_"), backward.name);
    assertEquals([forward.activation, forward.preActivations!.count], ["tanh", 8 * 5 * 2]);
    assert(backward.preActivationGradients!.rms > 0);
  });
  model.dispose();
  inputs.dispose();
});

Deno.test("measure() puts back states and dropout masks of recurrent layers", async () => {
  const rnn = tf.layers.lstm({
    units: 3,
    batchInputShape: [4, 5, 2],
    stateful: true,
    recurrentDropout: 0.5,
    dropout: 0.5,
  });
  const model = tf.sequential({ layers: [rnn, dense(1)] });
  const inputs = uniform([4, 5, 2]);
  tf.dispose(model.predict(inputs));
  const states = () =>
    (rnn as unknown as { states: Tensor[] }).states.map((state) => [...state.dataSync()]);
  const before = states();
  assert(before.flat().some((value) => value !== 0));
  await leavesNoTensors(() => measure(model, { inputs }));
  assertEquals(states(), before);
  model.dispose();
  inputs.dispose();
});

Deno.test("measure() follows the states of an encoder into its decoder", async () => {
  const source = tf.input({ shape: [4, 2] }), target = tf.input({ shape: [3, 2] });
  type Symbolic = typeof source;
  const encoder = tf.layers.lstm({ units: 3, returnState: true, name: "encoder" });
  const [, h, c] = encoder.apply(source) as Symbolic[];
  const decoder = tf.layers.lstm({ units: 3, returnSequences: true, name: "decoder" });
  const decoded = decoder.apply(target, { initialState: [h, c] }) as Symbolic;
  const model = tf.model({ inputs: [source, target], outputs: decoded });
  encoder.trainable = false;
  const inputs = [uniform([5, 4, 2]), uniform([5, 3, 2])];
  const measurements = await measure(model, { inputs });
  const first = find(measurements, "encoder");
  assertEquals([first.depth, find(measurements, "decoder").depth], [1, 2]);
  // The last output is the state h, which the decoder reads.
  assert(first.activationGradients!.rms > 0);
  assert(first.preActivationGradients!.rms > 0);
  encoder.trainable = true;
  const trained = find(await measure(model, { inputs }), "encoder");
  assertEquals(trained.activationGradients, first.activationGradients);
  tf.dispose(inputs);
  model.dispose();
});

Deno.test("measure() keeps the states of an encoder away from a branch that runs after its decoder", async () => {
  const source = tf.input({ shape: [4, 2] }), target = tf.input({ shape: [3, 2] });
  type Symbolic = typeof source;
  const encoder = tf.layers.lstm({ units: 3, returnState: true, name: "encoder" });
  const [, h, c] = encoder.apply(source) as Symbolic[];
  const decoder = tf.layers.lstm({ units: 3, name: "decoder" });
  const decoded = decoder.apply(target, { initialState: [h, c] }) as Symbolic;
  const branch = dense(2, "tanh", { name: "branch" }).apply(target) as Symbolic;
  const pair = dense(2, "tanh", { name: "pair" });
  const inner = tf.input({ shape: [3] });
  const twice = tf.model({
    inputs: inner,
    outputs: [pair.apply(inner), dense(1, "tanh", { name: "end" }).apply(inner)] as Symbolic[],
  });
  // The first of the two outputs is there before the decoder runs, the second after it.
  const [p, q] = twice.apply(
    tf.layers.globalAveragePooling1d({}).apply(dense(3).apply(source)),
  ) as Symbolic[];
  const model = tf.model({ inputs: [source, target], outputs: [p, decoded, branch, q] });
  const inputs = [uniform([5, 4, 2]), uniform([5, 3, 2])];
  const measurements = await measure(model, { inputs });
  assertEquals(["decoder", "branch"].map((name) => find(measurements, name).depth), [2, 1]);
  const shared = measurements.layers.find(({ name }) => name.endsWith("/pair"))!;
  assertEquals(shared.calls, 1);
  tf.dispose(inputs);
  model.dispose();
});

Deno.test("measure() calls both halves of a bidirectional head outputs, and no layer inside", async () => {
  const inner = tf.sequential({
    layers: [
      dense(3, "tanh", { inputShape: [2], name: "below" }),
      dense(2, undefined, { name: "top" }),
    ],
  });
  const model = tf.sequential({
    layers: [
      tf.layers.timeDistributed({ layer: inner, inputShape: [4, 2] }),
      tf.layers.bidirectional({
        layer: tf.layers.simpleRNN({ units: 2 }) as never,
        mergeMode: "ave",
      }),
    ],
  });
  const inputs = uniform([5, 4, 2]);
  const { layers } = await measure(model, { inputs });
  assertEquals(layers.map(({ role }) => role), ["hidden", "hidden", "output", "output"]);
  assertEquals(layers.map(({ depth }) => depth), [1, 2, 3, 3]);
  inputs.dispose();
  model.dispose();
  const alone = tf.sequential({
    layers: [tf.layers.timeDistributed({ layer: dense(2), inputShape: [4, 2] })],
  });
  const sequence = uniform([5, 4, 2]);
  assertEquals((await measure(alone, { inputs: sequence })).layers.map(({ role }) => role), [
    "output",
  ]);
  sequence.dispose();
  alone.dispose();
});

Deno.test("measure() tells the candidate of an LSTM from its output, step by step", async () => {
  const units = 2;
  const steps = 5;
  const lstm = tf.layers.lstm({ units, inputShape: [steps, 1], name: "lstm" });
  const model = tf.sequential({ layers: [lstm] });
  // Every gate is open and the candidate's z is 1, so that the cell adds tanh(1) at each step.
  const [kernel, recurrent] = lstm.getWeights().map(({ shape }) => tf.zeros(shape));
  const bias = tf.tensor1d([10, 10, 1, 10].flatMap((gate) => Array(units).fill(gate)));
  lstm.setWeights([kernel, recurrent, bias]);
  const inputs = tf.ones([3, steps, 1]);
  const { layers } = await measure(model, { inputs });
  const z = (part: string) => layers.find(({ name }) => name === `lstm/${part}`)!.preActivations!;
  assertEquals([z("candidate").mean, z("candidate").std], [1, 0]);
  assertAlmostEquals(z("cell_output").mean, 3 * Math.tanh(1), 1e-6);
  assertAlmostEquals(z("cell_output").maxAbs, steps * Math.tanh(1), 1e-6);
  assertEquals(z("gates").mean, 10);
  tf.dispose([kernel, recurrent, bias, inputs]);
  model.dispose();
});
