import { assert, assertAlmostEquals, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { runChecks } from "../../src/checks/run_checks.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../src/engine/mod.ts";
import { startEngine } from "../../src/engine/mod.ts";
import {
  type LayerMeasurements,
  LOSSES,
  measure,
  MeasureError,
  type Measurements,
  type Objective,
} from "../../src/measure/mod.ts";
import { runPass } from "../../src/measure/run_pass.ts";
import { WatchedGradients } from "../../src/measure/tap.ts";
import { type Batch, randomBatch } from "../../src/model/mod.ts";
import { customLayer } from "../probe/custom_layer.ts";

const { tf } = await startEngine();

/** Rank-2 input of `examples` rows, the same at every call. */
function uniform(shape: number[], low = -1, high = 1): Tensor {
  return tf.randomUniform(shape, low, high, "float32", 7);
}

function dense(units: number, activation?: "tanh" | "relu" | "sigmoid", more: object = {}) {
  return tf.layers.dense({
    units,
    activation,
    kernelInitializer: tf.initializers.randomNormal({ stddev: 0.7, seed: units + 1 }),
    ...more,
  });
}

function small(): LayersModel {
  return tf.sequential({
    layers: [dense(5, "tanh", { inputShape: [4] }), dense(3, "relu"), dense(2)],
  });
}

/** Checks that `work` leaves as many tensors as it found, whether or not it throws. */
async function leavesNoTensors(work: () => Promise<unknown>): Promise<void> {
  const before = tf.memory().numTensors;
  await work();
  assertEquals(tf.memory().numTensors, before);
}

function find(measurements: Measurements, name: string): LayerMeasurements {
  const layer = measurements.layers.find((layer) => layer.name === name);
  assert(layer, `no layer ${name} among ${measurements.layers.map((l) => l.name).join(", ")}`);
  return layer;
}

/** The gradients that the pass computes, as `measure` itself sees them, by the ids of the tensors. */
async function gradientsOf(work: () => Promise<unknown>): Promise<Map<number, Float32Array>> {
  const { watch } = WatchedGradients.prototype;
  const seen = new Map<number, Float32Array>();
  WatchedGradients.prototype.watch = function (tensor, see) {
    watch.call(this, tensor, (gradient) => {
      seen.set(tensor.id, gradient.dataSync() as Float32Array);
      see(gradient);
    });
  };
  try {
    await work();
  } finally {
    WatchedGradients.prototype.watch = watch;
  }
  return seen;
}

const models: Record<string, (tf: TensorFlow) => LayersModel> = {
  "a dense net": small,
  "a dense net with separate activations": () =>
    tf.sequential({
      layers: [
        dense(5, undefined, { inputShape: [4] }),
        tf.layers.activation({ activation: "tanh" }),
        dense(3),
        tf.layers.reLU(),
        tf.layers.batchNormalization(),
        dense(2, "sigmoid"),
      ],
    }),
  "a nested functional model with a shared layer": () => {
    const inner = tf.sequential({ name: "inner", layers: [dense(4, "tanh", { inputShape: [4] })] });
    const input = tf.input({ shape: [4] });
    const once = inner.apply(input) as typeof input;
    const twice = inner.apply(once) as typeof input;
    const sum = tf.layers.add().apply([once, twice]) as typeof input;
    return tf.model({ inputs: input, outputs: [dense(2).apply(sum), sum] as (typeof input)[] });
  },
};

for (const [name, create] of Object.entries(models)) {
  Deno.test(`measure() computes the gradients of an untapped pass, bit by bit, of ${name}`, async () => {
    const model = create(tf);
    const inputs = uniform([6, 4]);
    const variables = model.trainableWeights.map((weight) => weight.read());
    const expected = tf.tidy(() => {
      const { grads, value } = tf.variableGrads(
        () => {
          const outputs = [model.apply(inputs, { training: false })].flat() as Tensor[];
          return outputs.map((output) => output.sum()).reduce((a, b) => a.add(b)).asScalar();
        },
        variables as Parameters<typeof tf.variableGrads>[1],
      );
      return {
        value: value.dataSync()[0],
        grads: variables.map((variable) =>
          grads[(variable as unknown as { name: string }).name].dataSync()
        ),
      };
    });
    let value = NaN;
    const actual = await gradientsOf(async () => {
      const options = { batchNormalization: "inference" } as const;
      value = (await measure(model, { inputs }, options)).objective.value;
    });
    assertEquals(value, expected.value);
    variables.forEach(({ id }, i) =>
      assertEquals(actual.get(id), expected.grads[i], model.trainableWeights[i].name)
    );
    model.dispose();
    inputs.dispose();
  });
}

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

/** A layer that fails forward, or whose gradient does. */
function failing(phase: "forward" | "backward") {
  class Failing extends tf.layers.Layer {
    static className = "Failing";
    constructor() {
      super({ name: "fragile" });
    }
    override call(inputs: Tensor | Tensor[]): Tensor {
      const x = [inputs].flat()[0];
      if (phase === "forward") throw new Error("no way on");
      return tf.customGrad((...args: unknown[]) => ({
        value: (args[0] as Tensor).clone(),
        gradFunc: () => {
          throw new Error("no way back");
        },
      }))(x);
    }
  }
  return tf.sequential({
    layers: [dense(5, "tanh", { inputShape: [4] }), new Failing(), dense(2)],
  });
}

for (const phase of ["forward", "backward"] as const) {
  Deno.test(`measure() names the layer and frees every tensor when the ${phase} pass throws`, async () => {
    const model = failing(phase);
    const inputs = uniform([6, 4]);
    const error = await assertRejects(() => measure(model, { inputs }), MeasureError);
    assertEquals(
      error.message,
      phase === "forward"
        ? "The forward pass failed in layer fragile (Failing): no way on"
        : "The gradient of layer fragile (Failing) cannot be computed: no way back",
    );
    await leavesNoTensors(() => assertRejects(() => measure(model, { inputs }), MeasureError));
    assert(!Object.hasOwn(model.layers[0], "call"));
    model.dispose();
    inputs.dispose();
  });
}

const broken: Record<string, [call: (x: Tensor) => unknown, reason: string]> = {
  "returns nothing": [() => {}, "The layer returned undefined, expected a tensor"],
  "returns no tensors": [(x) => [x, 1], "The layer returned number, expected a tensor"],
  "returns what it disposed of": [(x) => {
    const y = tf.tanh(x);
    y.dispose();
    return y;
  }, "The layer returned a tensor that was disposed of, expected a live one"],
  "normalises without a scale": [
    (x) => tf.batchNorm(x, tf.zeros([5]) as never, tf.ones([5]) as never),
    "A batchNorm without scale or offset has no gradient in TensorFlow.js: give it both, " +
    "tf.ones(...) and tf.zeros(...) for none",
  ],
};

for (const [what, [call, reason]] of Object.entries(broken)) {
  Deno.test(`measure() names a layer that ${what}, and frees every tensor`, async () => {
    const layer = customLayer(tf, "broken", (x) => x);
    layer.call = (inputs) => call([inputs].flat()[0] as Tensor) as Tensor;
    const model = tf.sequential({ layers: [dense(5, "tanh", { inputShape: [4] }), layer] });
    const inputs = uniform([6, 4]);
    const fails = () => assertRejects(() => measure(model, { inputs }), MeasureError);
    await leavesNoTensors(async () => {
      const { message } = await fails();
      assertEquals(message, `The forward pass failed in layer broken (Custom): ${reason}`);
    });
    model.dispose();
    inputs.dispose();
  });
}

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

Deno.test("measure() reaches below frozen layers, and says why they have no gradient", async () => {
  const model = small();
  model.layers[0].trainable = false;
  model.layers[2].trainable = false;
  const inputs = uniform([6, 4]);
  const { layers } = await measure(model, { inputs });
  assertEquals(layers.map((layer) => layer.trainable), [false, true, false]);
  assert(layers[0].preActivationGradients!.rms > 0);
  assertEquals(layers[0].weights[0].gradients, null);
  assertEquals(layers[0].weights[0].absent.gradients, "the layer is frozen");
  assert(layers[1].weights[0].gradients!.rms > 0);
  model.dispose();
  inputs.dispose();
});

Deno.test("measure() says whether the layer or a model around it is frozen", async () => {
  const reasons = async (freeze: (model: LayersModel, inner: LayersModel) => void) => {
    const inner = tf.sequential({
      layers: [dense(3, "tanh", { inputShape: [2, 4] }), tf.layers.batchNormalization()],
    });
    const model = tf.sequential({ layers: [inner, tf.layers.gru({ units: 2 }), dense(1)] });
    freeze(model, inner);
    const { layers } = await measure(model, randomBatch(model));
    model.dispose();
    return layers.flatMap(({ weights }) => weights.map(({ absent }) => absent.gradients));
  };
  const [around, never] = ["a model around the layer is frozen", "the weight is not trained"];
  const moving = [never, never];
  assertEquals(await reasons((model) => model.trainable = false), [
    ...[around, around, around, around, ...moving],
    ...[around, around, around, around, around],
  ]);
  assertEquals(await reasons((_, inner) => inner.trainable = false), [
    ...[around, around, around, around, ...moving],
    ...Array(5).fill(undefined),
  ]);
  assertEquals(await reasons((model) => model.layers[2].trainable = false), [
    ...[undefined, undefined, undefined, undefined, ...moving, undefined, undefined, undefined],
    ...["the layer is frozen", "the layer is frozen"],
  ]);
});

Deno.test("measure() of a wholly frozen model still gives every delta", async () => {
  const model = small();
  model.trainable = false;
  const inputs = uniform([6, 4]);
  await leavesNoTensors(async () => {
    const { layers } = await measure(model, { inputs });
    for (const layer of layers) assert(layer.preActivationGradients!.rms > 0, layer.name);
    assert(layers.every((layer) => layer.weights.every((weight) => weight.gradients === null)));
  });
  model.dispose();
  inputs.dispose();
});

Deno.test("measure() leaves what is off the objective's path without a gradient", async () => {
  const input = tf.input({ shape: [4] });
  const hidden = dense(3, "tanh", { name: "hidden" }).apply(input) as typeof input;
  const used = dense(1, undefined, { name: "used" }).apply(hidden) as typeof input;
  const unused = dense(1, undefined, { name: "unused" }).apply(hidden) as typeof input;
  const model = tf.model({ inputs: input, outputs: [used, unused] });
  const inputs = uniform([6, 4]);
  function firstOnly(outputs: Tensor[]): Tensor {
    return outputs[0].sum();
  }
  const measurements = await measure(model, { inputs }, { objective: firstOnly });
  assertEquals(measurements.objective.name, "firstOnly");
  const off = find(measurements, "unused");
  assertEquals(off.activationGradients, null);
  assertEquals(off.absent.activationGradients, "the layer is not on the objective's path");
  assertEquals(off.weights[0].gradients, null);
  assertEquals(off.weights[0].absent.gradients, "the weight is not on the objective's path");
  assertEquals([off.role, find(measurements, "used").role], ["output", "output"]);
  assert(find(measurements, "hidden").preActivationGradients!.rms > 0);
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
    runChecks(await measure(model, batch, { objective, batchNormalization }));
  assertEquals((await found()).filter(({ severity }) => severity === "error"), []);
  // Without normalisation each block doubles the variance.
  assert((await found("inference")).some(({ severity }) => severity !== "note"));
  model.dispose();
  tf.dispose([batch.inputs, batch.targets!]);
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

Deno.test("measure() differentiates every loss of TensorFlow.js as fit would minimise it", async () => {
  const model = tf.sequential({
    layers: [dense(3, "sigmoid", { inputShape: [4] }), tf.layers.softmax()],
  });
  const inputs = uniform([6, 4]);
  const oneHot = tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2], "int32"), 3).toFloat();
  const classes = tf.tensor2d([0, 1, 2, 0, 1, 2], [6, 1]);
  for (const loss of LOSSES) {
    const targets = loss === "sparseCategoricalCrossentropy" ? classes : oneHot;
    model.compile({ optimizer: "sgd", loss });
    const expected = tf.tidy(() => (model.evaluate(inputs, targets) as Tensor).dataSync()[0]);
    const { objective, layers } = await measure(model, { inputs, targets }, { objective: loss });
    assertEquals(objective.name, loss);
    assertAlmostEquals(objective.value, expected, 1e-6 * Math.abs(expected), loss);
    assert(layers[0].weights[0].gradients!.rms > 0, loss);
  }
  tf.dispose([inputs, oneHot, classes]);
  model.dispose();
});

Deno.test("measure() sums the losses of several outputs, each with its own targets", async () => {
  const input = tf.input({ shape: [4] });
  const outputs = [1, 2].map((units) => dense(units).apply(input) as typeof input);
  const model = tf.model({ inputs: input, outputs });
  const inputs = uniform([6, 4]);
  const targets = [tf.zeros([6, 1]), tf.ones([6, 2])];
  const { objective } = await measure(model, { inputs, targets }, {
    objective: "meanSquaredError",
  });
  const expected = tf.tidy(() =>
    (model.predict(inputs) as Tensor[])
      .map((output, i) => output.sub(targets[i]).square().mean().dataSync()[0])
      .reduce((a, b) => a + b)
  );
  assertAlmostEquals(objective.value, expected, 1e-6);
  await assertRejects(
    () => measure(model, { inputs, targets: targets[0] }, { objective: "meanSquaredError" }),
    RangeError,
    "batch has targets for 1 of the model's outputs, expected them for all 2",
  );
  tf.dispose([inputs, ...targets]);
  model.dispose();
});

Deno.test("measure() adds the layers' penalties on request only", async () => {
  const model = tf.sequential({
    layers: [
      dense(1, undefined, { inputShape: [4], kernelRegularizer: tf.regularizers.l2({ l2: 2 }) }),
    ],
  });
  const inputs = uniform([6, 4]);
  await leavesNoTensors(async () => {
    const without = await measure(model, { inputs });
    const withPenalties = await measure(model, { inputs }, { penalties: true });
    const kernel = without.layers[0].weights[0].values;
    assertAlmostEquals(
      withPenalties.objective.value - without.objective.value,
      2 * kernel.l2 ** 2,
      1e-5,
    );
  });
  model.dispose();
  inputs.dispose();
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

const REFUSED: [string, Batch | (() => Batch), object, string][] = [
  [
    "an input of another width",
    () => ({ inputs: tf.zeros([2, 3]) }),
    {},
    "batch.inputs[0] has shape [2, 3], expected [any, 4]",
  ],
  [
    "an input of another rank",
    () => ({ inputs: tf.zeros([2, 4, 1]) }),
    {},
    "batch.inputs[0] has shape [2, 4, 1], expected [any, 4]",
  ],
  [
    "too many inputs",
    () => ({ inputs: [tf.zeros([2, 4]), tf.zeros([2, 4])] }),
    {},
    "batch.inputs has 2, expected 1",
  ],
  [
    "no example",
    () => ({ inputs: tf.zeros([0, 4]) }),
    {},
    "batch has 0 examples, expected at least 1",
  ],
  [
    "targets of another length",
    () => ({ inputs: tf.zeros([2, 4]), targets: tf.zeros([3, 2]) }),
    {},
    "2 and 3 examples",
  ],
  [
    "tensors that are gone",
    () => {
      const inputs = tf.zeros([2, 4]);
      inputs.dispose();
      return { inputs };
    },
    {},
    "batch has a tensor that was disposed of, expected a live one: its shape is [2, 4]",
  ],
  [
    "plain numbers",
    { inputs: [1, 2] as unknown as Tensor[] },
    {},
    "batch has 1 among its tensors, expected tensors alone",
  ],
  [
    "no batch",
    undefined as never,
    {},
    "batch is undefined, expected { inputs, targets } of tensors",
  ],
  [
    "a tensor for a batch",
    () => tf.zeros([2, 4]) as never,
    {},
    "batch is a tensor, expected { inputs, targets } of tensors",
  ],
  [
    "a batch of other names",
    () => ({ x: tf.zeros([2, 4]) }) as never,
    {},
    "batch is { x }, expected { inputs, targets } of tensors",
  ],
  [
    "a loss without targets",
    () => ({ inputs: tf.zeros([2, 4]) }),
    { objective: "hinge" },
    "batch has no targets for the objective hinge, expected { inputs, targets }, as " +
    "randomBatch(model, { objective }) draws them",
  ],
  [
    "an unknown objective",
    () => ({ inputs: tf.zeros([2, 4]) }),
    { objective: "hing" },
    'options.objective is "hing", expected "sum", a function, or one of meanSquaredError, meanAbsoluteError,',
  ],
  [
    "an objective that is no scalar",
    () => ({ inputs: tf.zeros([2, 4]) }),
    {
      objective: (o: Tensor[]) => o[0],
    },
    "The objective objective returned a tensor of shape [2, 2] and dtype float32, expected a scalar of dtype",
  ],
];

for (const [what, batch, options, message] of REFUSED) {
  Deno.test(`measure() refuses ${what} in one sentence and frees everything`, async () => {
    const model = small();
    const given = typeof batch === "function" ? batch() : batch;
    await leavesNoTensors(() =>
      assertRejects(
        () => measure(model, given, options as { objective: Objective }),
        Error,
        message,
      )
    );
    model.dispose();
    tf.dispose(given as never);
  });
}

Deno.test("measure() counts an output as often as the model lists it", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const input = tf.input({ shape: [2] });
  const y = tf.layers.dense({ name: "y", units: 1, kernelInitializer: "ones" }).apply(input);
  const outputs = (count: number) => Array.from({ length: count }, () => y) as never[];
  const once = tf.model({ inputs: input, outputs: outputs(1), name: "once" });
  const twice = tf.model({ inputs: input, outputs: outputs(2), name: "twice" });
  const inputs = tf.tensor([[1, 2], [3, 4]]);
  const [single, double] = [await measure(once, { inputs }), await measure(twice, { inputs })];
  assertEquals([single.objective.value, double.objective.value], [10, 20]);
  const [{ activationGradients }] = double.layers.filter(({ name }) => name === "y");
  assertEquals(activationGradients?.mean, 2);
  inputs.dispose();
  once.dispose();
});

Deno.test("measure() refuses what is no model, and a model that was disposed of", async () => {
  const inputs = uniform([2, 4]);
  for (
    const [value, kind] of [[undefined, "undefined"], [inputs, "a tensor"], [[], "an empty array"]]
  ) {
    await assertRejects(
      () => measure(value as never, { inputs }),
      TypeError,
      `model is ${kind}, expected a layers model`,
    );
  }
  const [model, bare] = [small(), small()];
  await measure(model, { inputs });
  model.dispose();
  // The weights alone, as tf.disposeVariables() has it.
  for (const weight of bare.weights) weight.read().dispose();
  for (const gone of [model, bare]) {
    await assertRejects(
      () => measure(gone, { inputs }),
      TypeError,
      `model is "${gone.name}", a model that was disposed of`,
    );
  }
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

Deno.test("measure() describes the targets, and writes out the bias of a head", async () => {
  const model = tf.sequential({
    layers: [
      dense(3, "tanh", { inputShape: [4] }),
      dense(3, undefined, { biasInitializer: "ones" }),
    ],
  });
  const inputs = uniform([4, 4]);
  const oneHot = tf.oneHot(tf.tensor1d([0, 1, 1, 1], "int32"), 3).toFloat();
  const classes = tf.tensor2d([0, 1, 1, 1], [4, 1]);
  const dense2 = await measure(model, { inputs, targets: oneHot }, {
    objective: "meanSquaredError",
  });
  assertEquals(dense2.batch.targets![0].unitMeans, [0.25, 0.75, 0]);
  assertEquals(dense2.layers.map((layer) => layer.weights[1].entries), [null, [1, 1, 1]]);
  const sparse = await measure(model, { inputs, targets: classes }, {
    objective: "sparseCategoricalCrossentropy",
  });
  assertEquals(sparse.batch.targets![0].unitMeans, [0.25, 0.75, 0]);
  assertEquals((await measure(model, { inputs })).batch.targets, []);
  tf.dispose([inputs, oneHot, classes]);
  model.dispose();
});

Deno.test("measure() takes one number an example for a column of targets, as fit does", async () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [1], kernelInitializer: "ones" })],
  });
  const inputs = tf.tensor2d([[1], [2], [3], [4]]);
  const column = tf.tensor1d([1, 2, 3, 5]);
  const { objective } = await measure(model, { inputs, targets: column }, {
    objective: "meanSquaredError",
  });
  assertEquals(objective.value, 0.25);
  // Three numbers an example would be broadcast against one.
  const wide = tf.zeros([4, 3]);
  await assertRejects(
    () => measure(model, { inputs, targets: wide }, { objective: "meanSquaredError" }),
    RangeError,
    "batch.targets has shape [4, 3], expected [4, 1] for the objective meanSquaredError of an output of shape [4,",
  );
  tf.dispose([inputs, column, wide]);
  model.dispose();
});

Deno.test("measure() takes classes for sparseCategoricalCrossentropy only", async () => {
  const model = tf.sequential({
    layers: [dense(3, undefined, { inputShape: [4] }), tf.layers.softmax()],
  });
  const inputs = uniform([4, 4]);
  const classes = tf.tensor1d([0, 1, 2, 1]);
  const sparse = "sparseCategoricalCrossentropy";
  assert(
    (await measure(model, { inputs, targets: classes }, { objective: sparse })).objective.value > 0,
  );
  await assertRejects(
    () => measure(model, { inputs, targets: classes }, { objective: "categoricalCrossentropy" }),
    RangeError,
    "batch.targets has shape [4], expected [4, 3] for the objective categoricalCrossentropy of an output of shape",
  );
  tf.dispose([inputs, classes]);
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

Deno.test("measure() gives an activation layer the delta of its own branch", async () => {
  const input = tf.input({ shape: [1] });
  type Symbolic = typeof input;
  const ones = { kernelInitializer: "ones" as const, useBias: false, units: 1 };
  const hidden = tf.layers.dense(ones).apply(input) as Symbolic;
  const relu = tf.layers.reLU({ name: "relu" }).apply(hidden) as Symbolic;
  const sum = tf.layers.add().apply([relu, hidden]) as Symbolic;
  const model = tf.model({ inputs: input, outputs: sum });
  const inputs = tf.ones([3, 1]);
  const measurements = await measure(model, { inputs });
  assertEquals(find(measurements, "relu").preActivationGradients!.mean, 1);
  assertEquals(measurements.layers[0].preActivationGradients!.mean, 2);
  inputs.dispose();
  model.dispose();
});

Deno.test("measure() gives a layer that returns its weight what comes back to it, and keeps the weight", async () => {
  class Weight extends tf.layers.Layer {
    static className = "Weight";
    override build() {
      this.addWeight("w", [1, 2], "float32", tf.initializers.ones());
      this.built = true;
    }
    override call(): Tensor {
      return this.weights[0].read() as Tensor;
    }
  }
  const input = tf.input({ shape: [2] });
  type Symbolic = typeof input;
  const layer = new Weight({});
  const [once, again] = [1, 2].map(() => layer.apply(input) as Symbolic);
  const output = tf.layers.multiply().apply([
    tf.layers.reLU().apply(once) as Symbolic,
    tf.layers.reLU().apply(again) as Symbolic,
  ]) as Symbolic;
  const model = tf.model({ inputs: input, outputs: output });
  const inputs = tf.ones([1, 2]);
  const { activationGradients, weights } = (await measure(model, { inputs })).layers[0];
  // Two calls, and each of them gets back a 1; the weight gets both.
  assertEquals([activationGradients!.count, activationGradients!.mean], [4, 1]);
  assertEquals(weights[0].gradients!.mean, 2);
  assertEquals(Array.from(await layer.weights[0].read().data()), [1, 1]);
  inputs.dispose();
  model.dispose();
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

Deno.test("measure() reaches below a layer whose second output alone is used", async () => {
  class Pair extends tf.layers.Layer {
    static className = "Pair";
    override computeOutputShape(shape: never) {
      return [shape, shape] as never;
    }
    override call(inputs: Tensor | Tensor[]): Tensor[] {
      const x = [inputs].flat()[0];
      return [x.mul(1), x.mul(3)];
    }
  }
  const input = tf.input({ shape: [4] });
  type Symbolic = typeof input;
  const hidden = dense(3, "tanh", { name: "hidden" }).apply(input) as Symbolic;
  const [, second] = new Pair({}).apply(hidden) as unknown as Symbolic[];
  const frozen = dense(2, "tanh", { name: "frozen" });
  const model = tf.model({ inputs: input, outputs: frozen.apply(second) as Symbolic });
  model.trainable = false;
  const inputs = uniform([5, 4]);
  const measurements = await measure(model, { inputs });
  assert(find(measurements, "frozen").preActivationGradients!.rms > 0);
  assert(find(measurements, "hidden").preActivationGradients!.rms > 0);
  const pair = measurements.layers.find(({ className }) => className === "Pair")!;
  assertEquals(pair.activationGradients, null);
  assertMatch(pair.absent.activationGradients, /first output/);
  inputs.dispose();
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

Deno.test("measure() names an objective that throws, whatever it throws", async () => {
  const model = tf.sequential({ layers: [dense(2, "tanh", { inputShape: [4] })] });
  const inputs = uniform([5, 4]);
  for (const thrown of [new Error("no"), new RangeError("no"), new TypeError("no")]) {
    const objective = function mine(): never {
      throw thrown;
    };
    await assertRejects(
      () => measure(model, { inputs }, { objective }),
      MeasureError,
      "The objective mine cannot be evaluated or differentiated: no",
    );
  }
  inputs.dispose();
  model.dispose();
});

Deno.test("measure() frees everything where a callback differentiates on its own", async () => {
  const [model, other] = [2, 3].map((units) =>
    tf.sequential({ layers: [dense(units, "tanh", { inputShape: [4] }), dense(1, "tanh")] })
  );
  const inputs = uniform([5, 4]);
  const expected = await measure(model, { inputs });
  const before = tf.memory().numTensors;
  const inner: Promise<unknown>[] = [];
  const measured = await measure(model, { inputs }, {
    onProgress() {
      tf.tidy(() => tf.grad((x: Tensor) => x.square().sum())(tf.scalar(3)));
      inner.push(measure(other, { inputs }));
    },
  });
  assertEquals((await Promise.all(inner)).length, 4);
  assertEquals(measured, expected);
  assertEquals(tf.memory().numTensors, before);
  inputs.dispose();
  model.dispose();
  other.dispose();
});

Deno.test("measure() refuses options that it does not know, and a model that is being measured", async () => {
  const model = small();
  const inputs = uniform([6, 4]);
  const refuse = async (options: object, message: string) => {
    await assertRejects(() => measure(model, { inputs }, options), Error, message);
  };
  await refuse(
    { objectiv: "sum" },
    "measure() has no option objectiv, expected objective, batchNormalization, penalties, histograms, source, seed, onProgress",
  );
  await refuse({ batchNormalization: "trainig" }, 'expected "inference" or "training"');
  await refuse({ penalties: "no" }, 'penalties is "no", expected true or false');
  await refuse({ seed: 1.5 }, "seed is 1.5, expected an integer or null");
  await refuse({ objective: null }, 'options.objective is null, expected "sum", a function');
  const engine = await startEngine();
  let inner: unknown;
  await measure(model, { inputs }, {
    onProgress: () => {
      try {
        runPass(engine, model, { inputs }, {});
      } catch (error) {
        inner = error;
      }
    },
  });
  assertMatch((inner as Error).message, /is being measured/);
  await engine.stop();
  inputs.dispose();
  model.dispose();
});
