import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { leafLayers } from "../../../src/core/model/layers/leaf_layers.ts";
import { tryTraining } from "../../../src/core/probe/try_training.ts";
import { classes, classifier, customLayer } from "../../networks/trained_models.ts";

/** Every weight and state of a model, bit by bit. */
function everything(model: LayersModel): number[][] {
  const states = leafLayers(model).flatMap(({ layer }) =>
    ((layer as unknown as { states_?: Tensor[] | null }).states_ ?? []).flat()
  );
  return [...states, ...model.getWeights()].map((tensor) => [
    ...new Uint32Array(Float32Array.from(tensor.dataSync()).buffer),
  ]);
}

/** Recurrent, normalised, with dropout, penalties and states. */
function everyKind(tf: TensorFlow): LayersModel {
  const seeded = (seed: number) => tf.initializers.glorotNormal({ seed });
  return tf.sequential({
    layers: [
      tf.layers.lstm({
        units: 12,
        stateful: true,
        returnSequences: true,
        batchInputShape: [16, 4, 5],
        kernelInitializer: seeded(1),
        recurrentInitializer: seeded(2),
        dropout: 0.2,
        recurrentDropout: 0.2,
        kernelRegularizer: "l1l2",
      }),
      tf.layers.batchNormalization(),
      tf.layers.dropout({ rate: 0.3 }),
      tf.layers.gaussianNoise({ stddev: 0.1 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3, activation: "softmax", kernelInitializer: seeded(3) }),
    ],
  });
}

Deno.test("tryTraining() leaves weights, moving statistics, states and optimizer as they were", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = everyKind(tf);
  const optimizer = tf.train.adam(1e-6);
  model.compile({ optimizer, loss: "categoricalCrossentropy", metrics: ["accuracy"] });
  const batch = randomBatch(model, { objective: "categoricalCrossentropy" });
  await model.trainOnBatch(batch.inputs as Tensor, batch.targets as Tensor);
  const slots = async () =>
    (await optimizer.getWeights()).map(({ name, tensor }) => {
      const values = [...tensor.dataSync()];
      if (name === "iter") tensor.dispose();
      return values;
    });
  const before = { weights: everything(model), slots: await slots() };
  const { random } = Math;
  const { numTensors } = tf.memory();
  const trial = await tryTraining(model, batch);
  assert("verdict" in trial);
  assert(trial.attempts.length > 1, "one rate alone does not show that the next starts afresh");
  assertEquals(tf.memory().numTensors, numTensors);
  assertEquals({ weights: everything(model), slots: await slots() }, before);
  assertEquals(optimizer.getConfig().learningRate, 1e-6);
  assertEquals(Math.random, random);
  const firsts = new Set(trial.attempts.map(({ loss }) => loss.first));
  assertEquals(firsts.size, 1);
});

Deno.test("tryTraining() gives the same result each time, on one thread and on two", async () => {
  const results: string[] = [];
  for (const threads of [1, 2, 2]) {
    await using engine = await startEngine({ threads });
    const { tf } = engine;
    const model = everyKind(tf);
    const batch = randomBatch(model, { seed: 5 });
    results.push(JSON.stringify(await tryTraining(model, batch)));
    if (threads === 1) results.push(JSON.stringify(await tryTraining(model, batch)));
    // The masks follow the seed of the batch.
    const other = JSON.stringify(await tryTraining(model, { ...batch, seed: 6 }));
    assertNotEquals(other, results[0]);
    model.dispose();
    tf.dispose([batch.inputs as Tensor]);
  }
  const [first, ...others] = results.map((text) => text.replaceAll(/"sequential_\d+"/g, ""));
  for (const other of others) assertEquals(other, first);
});

for (const where of ["forward", "backward"] as const) {
  Deno.test(`tryTraining() leaves everything as it was where a ${where} pass throws`, async () => {
    await using engine = await startEngine();
    const { tf } = engine;
    let calls = 0;
    const fail = () => {
      if (++calls === 4) throw new Error("the fourth call");
    };
    const identity = tf.customGrad((x) => ({
      value: (x as Tensor).clone(),
      gradFunc(dy: Tensor) {
        if (where === "backward") fail();
        return dy.clone();
      },
    }));
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 8, inputShape: [20] }),
        tf.layers.batchNormalization(),
        customLayer(tf, "fails", (x) => {
          if (where === "forward") fail();
          return identity(x);
        }),
        tf.layers.dense({ units: 10, activation: "softmax" }),
      ],
    });
    const { inputs, targets } = classes(tf);
    calls = 0;
    const before = everything(model);
    const { numTensors } = tf.memory();
    const { random } = Math;
    await assertRejects(() => tryTraining(model, { inputs, targets }), Error, "the fourth call");
    assertEquals(everything(model), before);
    assertEquals(tf.memory().numTensors, numTensors);
    assertEquals(Math.random, random);
  });
}

Deno.test("tryTraining() shows nobody a model that is another one", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const zeros = { kernelInitializer: "zeros" };
  const model = classifier(tf, { hidden: zeros, head: zeros });
  const { inputs, targets } = classes(tf);
  const before = everything(model);
  let looks = 0;
  const timer = setInterval(() => {
    looks++;
    assertEquals(everything(model), before);
  });
  await tryTraining(model, { inputs, targets });
  clearInterval(timer);
  assert(looks > 0);
});
