import {
  assertEquals,
  AssertionError,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { assertTrains } from "../../../src/training/monitor/assert_trains.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { formatNumber } from "../../../src/ground/words/numbers.ts";

/** Points whose sum is to be learned, and a network that can. */
function subject(tf: TensorFlow, rate: number) {
  const inputs = tf.randomNormal([256, 4], 0, 1, "float32", 1) as Tensor;
  const targets = tf.tidy(() => tf.sum(inputs, 1, true)) as Tensor;
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 8,
        activation: "relu",
        inputShape: [4],
        kernelInitializer: tf.initializers.heNormal({ seed: 2 }),
      }),
      tf.layers.dense({ units: 1, kernelInitializer: tf.initializers.glorotNormal({ seed: 3 }) }),
    ],
  });
  model.compile({ optimizer: tf.train.sgd(rate), loss: "meanSquaredError" });
  return { model, inputs, targets };
}

Deno.test("assertTrains() passes a network that learns, and leaves no tensor", async () => {
  await using engine = await startEngine();
  const { model, inputs, targets } = subject(engine.tf, 0.05);
  const before = engine.tf.memory().numTensors;
  await assertTrains(model, { inputs, targets }, { steps: 40 });
  assertEquals(engine.tf.memory().numTensors, before);
});

Deno.test("assertTrains() fails with the cause, the step and a tried rate", async () => {
  await using engine = await startEngine();
  for (const [rate, says] of [[1e-8, "is too low"], [30, "is too high"]] as const) {
    const { model, inputs, targets } = subject(engine.tf, rate);
    const error = await assertRejects(
      () => assertTrains(model, { inputs, targets }, { steps: 40 }),
      AssertionError,
    );
    assertStringIncludes(error.message, says);
    assertStringIncludes(error.message, "After ");
    assertStringIncludes(error.message, "tried there");
  }
});

Deno.test("assertTrains() fails if the held-out loss has not fallen, on both sides of leastFall", async () => {
  await using engine = await startEngine();
  const { model, inputs, targets } = subject(engine.tf, 0.05);
  await assertRejects(
    () => assertTrains(model, { inputs, targets }, { steps: 3, leastFall: 0.99 }),
    AssertionError,
    "has not learned in 3 steps: the held-out loss was",
  );
  await assertTrains(model, { inputs, targets }, { steps: 3, leastFall: 0 });
});

Deno.test("assertTrains() rejects data without targets, and a model that was not compiled", async () => {
  await using engine = await startEngine();
  const { model, inputs, targets } = subject(engine.tf, 0.05);
  await assertRejects(() => assertTrains(model, { inputs }), TypeError, "data.targets is missing");
  await assertRejects(
    () => assertTrains(model, { inputs, targets }, { steps: 0 }),
    TypeError,
    "options.steps is 0",
  );
  const bare = engine.tf.sequential({
    layers: [engine.tf.layers.dense({ units: 1, inputShape: [4] })],
  });
  await assertRejects(() => assertTrains(bare, { inputs, targets }), TypeError, "not compiled");
});

/** Notes the number of examples that a model is fitted to, and of the batches that it sees. */
function counted({ tf }: { tf: TensorFlow }, model: LayersModel) {
  const seen = { examples: 0, batches: [] as number[] };
  const fit = model.fit.bind(model);
  model.fit = (inputs, targets, options) => {
    seen.examples = (inputs as Tensor[])[0].shape[0];
    const note = new tf.CustomCallback({
      onBatchEnd: (_, logs) => void seen.batches.push(logs!.size as number),
    });
    const callbacks = [...options!.callbacks as [], note];
    return fit(inputs, targets, Object.assign(options!, { callbacks }));
  };
  return seen;
}

Deno.test("assertTrains() trains for the given steps, on all but a last quarter that it holds out", async () => {
  await using engine = await startEngine();
  const { model, inputs, targets } = subject(engine.tf, 0.05);
  const seen = counted(engine, model);
  // An epoch of 192 examples has 6 batches.
  await assertTrains(model, { inputs, targets }, { steps: 8, leastFall: 0 });
  assertEquals(seen, { examples: 192, batches: Array(8).fill(32) });
  seen.batches.length = 0;
  const batch = { inputs: inputs.slice(0, 16), targets: targets.slice(0, 16) };
  await assertTrains(model, { inputs, targets }, { steps: 3, batchSize: 16, batch, leastFall: 0 });
  assertEquals(seen, { examples: 256, batches: [16, 16, 16] });
});

Deno.test("assertTrains() measures what it holds out, and not what it trains on", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { model, inputs, targets } = subject(tf, 0.05);
  const other = tf.tidy(() =>
    tf.concat([targets.slice(0, 192), tf.mul(targets.slice(192), -1)]) as Tensor
  );
  const training = () => assertTrains(model, { inputs, targets: other }, { steps: 20 });
  const { message } = await assertRejects(training, AssertionError);
  assertStringIncludes(message, "has not learned in 20 steps: the held-out loss was");
});

Deno.test("assertTrains() trains for 100 steps in batches of 32 by default, and prints nothing", async () => {
  await using engine = await startEngine();
  const { model, inputs, targets } = subject(engine.tf, 0.05);
  const asked: unknown[] = [];
  model.fit = (_inputs, _targets, options) => {
    asked.push([options!.epochs, options!.batchSize, options!.verbose]);
    throw new RangeError("seen");
  };
  const training = (options = {}) => assertTrains(model, { inputs, targets }, options);
  await assertRejects(() => training(), RangeError, "seen");
  await assertRejects(() => training({ steps: 9, batchSize: 96 }), RangeError, "seen");
  // An epoch of 192 examples has 6 batches of 32, and 2 of 96.
  assertEquals(asked, [[17, 32, 0], [5, 96, 0]]);
});

Deno.test("assertTrains() names the held-out loss before and after, and the one that it expects", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { model, inputs, targets } = subject(tf, 0);
  const loss = () => {
    const held = [inputs.slice(192), targets.slice(192)] as const;
    return (model.evaluate(...held) as Tensor).dataSync()[0];
  };
  const training = (leastFall?: number) =>
    assertTrains(
      model,
      { inputs, targets },
      leastFall === undefined ? { steps: 1 } : { steps: 1, leastFall },
    );
  // At a rate of 0 the loss does not fall.
  await training(0);
  const before = loss();
  const says = (now: number, least: number) =>
    `the held-out loss was ${formatNumber(before)} and is ${formatNumber(now)}, ` +
    `expected at most ${formatNumber(least)} (leastFall)`;
  await assertRejects(() => training(), AssertionError, says(before, 0.9 * before));
  await assertRejects(() => training(0.25), AssertionError, says(before, 0.75 * before));
  model.compile({ optimizer: tf.train.sgd(0.05), loss: "meanSquaredError" });
  const { message } = await assertRejects(() => training(0.99), AssertionError);
  const after = loss();
  assertEquals(after < before, true);
  assertStringIncludes(message, says(after, 0.01 * before));
});

Deno.test("assertTrains() trains in the same order in each run, another than that of the data", async () => {
  await using engine = await startEngine();
  const { model, inputs, targets } = subject(engine.tf, 0.05);
  const given: Tensor[] = [];
  model.fit = (shown, _targets, options) => {
    assertEquals(options!.shuffle, false);
    given.push((shown as Tensor[])[0].clone());
    throw new RangeError("seen");
  };
  for (let run = 0; run < 2; run++) {
    await assertRejects(() => assertTrains(model, { inputs, targets }), RangeError, "seen");
  }
  const rows = (tensor: Tensor) => (tensor.arraySync() as number[][]).map(String);
  const [first, second, all] = [...given, inputs].map(rows);
  assertEquals(first, second);
  assertNotEquals(first, all.slice(0, 192));
  assertEquals(first.toSorted(), all.slice(0, 192).toSorted());
});

Deno.test("assertTrains() names the examples that are not finite as the data number them", async () => {
  await using engine = await startEngine();
  const { model, inputs, targets } = subject(engine.tf, 0.05);
  const training = async (...broken: number[]) => {
    const values = inputs.bufferSync();
    for (const example of broken) values.set(NaN, example, 2);
    const data = { inputs: values.toTensor(), targets };
    // A batch of all examples, so that the first step meets those that are broken.
    const failed = () => assertTrains(model, data, { batchSize: 192 });
    return (await assertRejects(failed, AssertionError)).message.split("\n").at(-1);
  };
  assertEquals(await training(100), "Indices of these examples in data: 100.");
  const many = await training(7, 6, 5, 4, 3, 2, 1);
  assertEquals(many, "Indices of these examples in data: 1, 2, 3, 4, 5 and 2 more.");
});

Deno.test("assertTrains() says in one sentence what is wrong with data and options", async () => {
  await using engine = await startEngine();
  const { model, inputs, targets } = subject(engine.tf, 0.05);
  const before = engine.tf.memory().numTensors;
  const refuses = async (options: object, says: string, examples = [256, 256]) => {
    const data = { inputs: inputs.slice(0, examples[0]), targets: targets.slice(0, examples[1]) };
    await assertRejects(() => assertTrains(model, data, options), TypeError, says);
    engine.tf.dispose(data as never);
  };
  await refuses({}, "data: batch has tensors with 256 and 100 examples", [256, 100]);
  await refuses({}, "data has 1 example, expected at least 2", [1, 1]);
  await refuses({ leastFall: 1.1 }, "options.leastFall is 1.1, expected a number from 0 to 1");
  await refuses({ step: 3 }, 'unknown key "step"; did you mean "steps"?');
  await refuses({ onFinding: "keep" }, 'unknown key "onFinding", expected one of steps, batchSize');
  for (const layer of model.layers) layer.trainable = false;
  await refuses({}, "model has no trainable weight");
  assertEquals(engine.tf.memory().numTensors, before);
});
