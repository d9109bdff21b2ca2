import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine, type Tensor } from "../../src/engine/mod.ts";
import { measure } from "../../src/measure/mod.ts";
import { dense, find, leavesNoTensors, uniform } from "../networks/small_models.ts";

const { tf } = await startEngine();

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
    // What the kernels produce is the layer's own z: four columns a unit.
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
