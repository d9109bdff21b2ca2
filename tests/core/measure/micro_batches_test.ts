import { assert, assertEquals, assertRejects } from "@std/assert";
import type { LayersModel, Tensor } from "../../../src/engine/tensorflow.ts";
import { type Engine, startEngine } from "../../../src/engine/mod.ts";
import { measure, type MeasureOptions } from "../../../src/entry/measure.ts";
import { type Batch, randomBatch } from "../../../src/entry/model.ts";
import { largestDifference } from "./largest_difference.ts";
import { assertRefusedLater } from "../../assert_refused.ts";

type Subject = { model: LayersModel; options?: MeasureOptions; loss?: string };

type Inputs = LayersModel["inputs"];

/** Relative error of float32 sums of some hundred products in another order. */
const TOLERANCE = 1e-6;

/** Networks of every kind of layer and objective that the parts of a batch are put together of. */
const SUBJECTS: Record<string, (engine: Engine) => Subject> = {
  // The sum of a softmax is constant: its gradients are rounding, which a histogram counts by the draw.
  dense: ({ tf: { sequential, layers, initializers: { glorotUniform } } }) => ({
    model: sequential({
      layers: [
        layers.dense({
          units: 30,
          inputShape: [20],
          activation: "relu",
          kernelInitializer: glorotUniform({ seed: 1 }),
        }),
        layers.dropout({ rate: 0.5 }),
        layers.dense({
          units: 7,
          activation: "softmax",
          kernelInitializer: glorotUniform({ seed: 2 }),
        }),
      ],
    }),
    options: { histograms: true },
  }),
  convolution: ({ tf: { sequential, layers } }) => ({
    model: sequential({
      layers: [
        layers.conv2d({ filters: 8, kernelSize: 3, inputShape: [12, 12, 3], activation: "relu6" }),
        layers.depthwiseConv2d({ kernelSize: 3, activation: "tanh" }),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.flatten(),
        layers.dense({ units: 4 }),
      ],
    }),
  }),
  "moving statistics": ({ tf: { sequential, layers } }) => ({
    model: sequential({
      layers: [
        layers.dense({ units: 9, inputShape: [5] }),
        layers.batchNormalization(),
        layers.layerNormalization(),
        layers.reLU(),
      ],
    }),
    options: { batchNormalization: "inference" },
  }),
  "embedding and LSTM": ({ tf: { sequential, layers } }) => ({
    model: sequential({
      layers: [
        layers.embedding({ inputDim: 50, outputDim: 8, inputLength: 9 }),
        layers.lstm({ units: 6, returnSequences: true }),
        layers.timeDistributed({ layer: layers.dense({ units: 5 }) }),
        layers.bidirectional({ layer: layers.gru({ units: 3 }) as never, mergeMode: "concat" }),
      ],
    }),
    loss: "meanSquaredError",
  }),
  attention: ({ tf: { input, model, layers } }) => {
    const inputs = input({ shape: [20, 8] });
    const [query, key] = [1, 2].map(() => layers.dense({ units: 8 }).apply(inputs)) as Inputs;
    const scores = layers.dot({ axes: [2, 2] as never }).apply([query, key]);
    const shares = layers.softmax().apply(scores) as Inputs[0];
    const outputs = layers.dot({ axes: [2, 1] as never }).apply([shares, inputs]);
    return { model: model({ inputs, outputs: outputs as Inputs[0] }), loss: "meanSquaredError" };
  },
  "several outputs, a shared layer": ({ tf: { input, model, layers } }) => {
    const left = input({ shape: [6] });
    const right = input({ shape: [6] });
    const shared = layers.dense({ units: 4, activation: "sigmoid" });
    const of = (x: typeof left) => shared.apply(x) as typeof left;
    const sum = layers.add().apply([of(left), of(right)]) as typeof left;
    const head = layers.dense({ units: 2 }).apply(sum) as typeof left;
    return {
      model: model({ inputs: [left, right], outputs: [head, sum] }),
      loss: "meanAbsoluteError",
    };
  },
  "penalties, compiled with metrics": ({ tf: { sequential, layers, regularizers } }) => {
    const model = sequential({
      layers: [
        layers.dense({ units: 6, inputShape: [4], kernelRegularizer: regularizers.l1l2() }),
        layers.dense({ units: 3, activation: "softmax", biasRegularizer: regularizers.l2() }),
      ],
    });
    model.compile({ optimizer: "sgd", loss: "categoricalCrossentropy", metrics: ["accuracy"] });
    return { model, options: { penalties: true } };
  },
  "classes by their numbers": ({ tf: { sequential, layers } }) => ({
    model: sequential({
      layers: [layers.dense({ units: 5, inputShape: [4], activation: "softmax" })],
    }),
    loss: "sparseCategoricalCrossentropy",
  }),
  "an objective that weighs examples": ({ tf }) => ({
    model: tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] })] }),
    options: {
      objective: ([output]) => {
        const weights = tf.range(1, output.shape[0] + 1).reshape([-1, 1]);
        return tf.div(tf.sum(tf.mul(weights, tf.square(output))), tf.sum(weights));
      },
    },
  }),
};

const EXAMPLES = 16;

for (const [name, make] of Object.entries(SUBJECTS)) {
  Deno.test(`measure() finds in parts of a batch what it does in the whole: ${name}`, async () => {
    await using engine = await startEngine();
    const { tf } = engine;
    const { model, options, loss } = make(engine);
    const batch = randomBatch(model, { examples: EXAMPLES, objective: loss, seed: 3 });
    const all = { objective: loss as "sum" | undefined, ...options };
    const whole = await measure(model, batch, all);
    for (const microBatch of [1, 5, EXAMPLES / 2]) {
      const before = tf.memory().numTensors;
      const parts = await measure(model, batch, { ...all, microBatch });
      const { by, at } = largestDifference(whole, parts);
      assert(by < TOLERANCE, `${microBatch} at a time: ${by} ${at}`);
      assertEquals(parts.batch.microBatch, microBatch);
      assertEquals(parts.batch.sawParts, undefined);
      assertEquals(tf.memory().numTensors, before);
    }
    model.dispose();
    tf.dispose([batch.inputs, batch.targets ?? []].flat());
  });
}

async function withNormalization(
  use: (model: LayersModel, batch: Batch, engine: Engine) => Promise<void>,
) {
  await using engine = await startEngine();
  const { layers, sequential } = engine.tf;
  const model = sequential({
    layers: [
      layers.dense({ units: 6, inputShape: [5], name: "first" }),
      layers.batchNormalization({ name: "normalization" }),
    ],
  });
  const batch = randomBatch(model, { examples: 8 });
  await use(model, batch, engine);
  model.dispose();
  (batch.inputs as Tensor).dispose();
}

Deno.test("measure() names the layers that saw a part of the batch and depend on all of it", () =>
  withNormalization(async (model, batch) => {
    const whole = await measure(model, batch);
    const parts = await measure(model, batch, { microBatch: 4 });
    assertEquals(parts.batch.sawParts, ["normalization"]);
    assertEquals(parts.layers[1].normalization, "batch");
    const differs = (layer: number) =>
      largestDifference(whole.layers[layer].activations, parts.layers[layer].activations).by;
    assert(differs(0) < TOLERANCE);
    assert(differs(1) > TOLERANCE, "normalised on its part");
    const inference = await measure(model, batch, {
      microBatch: 4,
      batchNormalization: "inference",
    });
    assertEquals(inference.batch.sawParts, undefined);
  }));

Deno.test("measure() runs the whole batch where microBatch is as many", () =>
  withNormalization(async (model, batch) => {
    const whole = await measure(model, batch);
    for (const microBatch of [8, 9, "auto"] as const) {
      assertEquals(await measure(model, batch, { microBatch }), whole);
    }
  }));

Deno.test("measure() says how far it is over all parts", () =>
  withNormalization(async (model, batch) => {
    const seen: string[] = [];
    let share = 0;
    await measure(model, batch, {
      microBatch: 3,
      onProgress: (progress) => {
        seen.push(
          `${progress.phase} ${progress.done}/${progress.total} of ${progress.part}/${progress.parts}`,
        );
        assert(progress.share >= share && progress.share <= 1);
        share = progress.share;
      },
    });
    // Each part first goes forward once, for the objective of the whole batch.
    assertEquals(seen.slice(0, 4), [
      "forward 2/2 of 1/3",
      "forward 2/2 of 2/3",
      "forward 2/2 of 3/3",
      "forward 1/2 of 1/3",
    ]);
    assertEquals([seen.length, seen.at(-1)], [15, "backward 2/2 of 3/3"]);
    assertEquals(Math.round(1e6 * share), 1e6);
  }));

Deno.test("measure() leaves the model as it was where a part fails", () =>
  withNormalization(async (model, batch, { tf }) => {
    const before = tf.memory().numTensors;
    let calls = 0;
    await assertRejects(
      () =>
        measure(model, batch, {
          microBatch: 2,
          onProgress: () => {
            if (++calls === 9) throw new Error("enough");
          },
        }),
      Error,
      "enough",
    );
    assertEquals(tf.memory().numTensors, before);
    assertEquals(Object.hasOwn(model.layers[0], "call"), false);
  }));

Deno.test("measure() refuses a microBatch that is no number of examples", () =>
  withNormalization(async (model, batch) => {
    for (const microBatch of [0, 1.5, -2, "all" as never]) {
      await assertRejects(
        () => measure(model, batch, { microBatch }),
        TypeError,
        `expected "auto" or a whole number of at least 1`,
      );
    }
  }));

Deno.test("measure() cuts no batch of a model that is built for its size", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = tf.sequential({
    name: "stateful",
    layers: [tf.layers.simpleRNN({ units: 3, stateful: true, batchInputShape: [4, 5, 2] })],
  });
  const batch = randomBatch(model);
  await assertRefusedLater(
    () => measure(model, batch, { microBatch: 2 }),
    {
      place: "microBatch",
      found: "2",
      expected: "4 or auto: model stateful is built for batches of that size",
    },
  );
  model.dispose();
});

Deno.test("measure() names a softmax along the batch that saw a part of it", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const axis of [0, -2, -1]) {
    const softmax = tf.layers.softmax({ axis, name: "softmax" });
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 3, inputShape: [4] }), softmax],
    });
    const batch = randomBatch(model, { examples: 4 });
    const { batch: { sawParts } } = await measure(model, batch, { microBatch: 2 });
    assertEquals(sawParts, axis === -1 ? undefined : ["softmax"]);
    tf.dispose(batch as never);
    model.dispose();
  }
});

Deno.test("measure() draws the same targets for a relu head, whole and in parts", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 3, inputShape: [4], activation: "relu" })],
  });
  model.compile({ optimizer: "sgd", loss: "meanAbsoluteError" });
  const inputs = tf.randomNormal([4, 4], 0, 1, "float32", 5);
  const drawn = async (microBatch?: number) => {
    const found = await measure(model, { inputs }, { microBatch });
    assertEquals(found.objective.randomTargets, true);
    return found;
  };
  const whole = await drawn();
  const parts = await drawn(2);
  assertEquals(parts.batch.targets, whole.batch.targets);
  assert(largestDifference(whole.objective, parts.objective).by < TOLERANCE);
  tf.dispose(inputs);
  model.dispose();
});
