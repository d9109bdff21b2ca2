import { assertEquals, AssertionError, assertMatch, assertRejects } from "@std/assert";
import {
  assertBatchIndependence,
  assertCausal,
  assertDependsOnInput,
  assertGradientsMatchNumeric,
  assertLossReduction,
  assertOverfitsBatch,
  assertUpdateRatio,
  assertWeightsChange,
  assertWeightsFrozen,
} from "../../../src/entry/assert.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import type { Batch } from "../../../src/core/model/batches/batch.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { setWeights } from "../../../src/core/model/weights/model_weights.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";
import { around, convolution, normalized, wrongGradient } from "../../networks/trained_models.ts";
import { snapshotOf } from "../../snapshot_of.ts";
import { type Assertion, MSE, type Options, run, type Setting, tanh } from "./run_assertion.ts";
import { assertRefusedLater } from "../../assert_refused.ts";

interface Row {
  assertion: Assertion;
  /** Models that must pass. */
  healthy: (tf: TensorFlow) => Setting;
  /** Cases that must fail, with the words of their messages. */
  broken: (tf: TensorFlow) => Setting;
  named: string;
}

function deadNetwork(): LayersModel {
  const model = tanh();
  setWeights(model, { "dense_1/bias": Array(20).fill(-100) });
  return model;
}

/** Lets all weights decay, frozen or not. */
const decay = (tf: TensorFlow) => ({
  train: (model: LayersModel) =>
    tf.tidy(() => model.setWeights(model.getWeights().map((weight) => tf.mul(weight, 0.99)))),
});

function frozenTanh(): LayersModel {
  const model = tanh();
  model.layers[1].trainable = false;
  return model;
}

const twins = (tf: TensorFlow): Batch => ({
  inputs: tf.ones([4, 20]),
  targets: tf.tensor2d([0, 1, 2, 3], [4, 1]),
});

const ROWS: Row[] = [
  {
    assertion: assertDependsOnInput,
    healthy: () => ({ model: tanh(10) }),
    broken: () => ({ model: deadNetwork() }),
    named: "The output .* stays the same",
  },
  {
    assertion: assertBatchIndependence,
    healthy: () => ({ model: tanh(10) }),
    broken: (tf) => ({ model: around(tf, (x) => tf.sub(x, tf.mean(x, 0, true))) }),
    named: "example 31",
  },
  {
    assertion: assertCausal,
    healthy: (tf) => ({ model: convolution(tf, "causal") }),
    broken: (tf) => ({ model: convolution(tf, "same") }),
    named: "at 7 of 7 steps",
  },
  {
    assertion: assertLossReduction,
    healthy: () => ({ model: tanh(), options: { objective: MSE } }),
    broken: (tf) => ({
      model: tanh(),
      options: {
        objective: function summedSquares([output]: Tensor[], [target]: Tensor[]) {
          return tf.sum(tf.squaredDifference(output, target));
        },
      },
    }),
    named: "summedSquares .* 2 times as much",
  },
  {
    assertion: assertGradientsMatchNumeric,
    healthy: (tf) => ({ model: around(tf, wrongGradient(tf, 1)) }),
    broken: (tf) => ({ model: around(tf, wrongGradient(tf, 1.01)) }),
    named: "below/kernel",
  },
  {
    assertion: assertWeightsChange,
    healthy: () => ({ model: tanh() }),
    broken: () => ({ model: deadNetwork() }),
    named: "dense_1/kernel",
  },
  {
    assertion: assertWeightsFrozen,
    healthy: () => ({ model: frozenTanh() }),
    broken: (tf) => ({ model: frozenTanh(), options: decay(tf) }),
    named: "dense_2/kernel",
  },
  {
    assertion: assertUpdateRatio,
    healthy: () => ({ model: tanh() }),
    broken: (tf) => ({ model: tanh(), options: { optimizer: tf.train.adam(1) } }),
    named: "dense_1/kernel",
  },
  {
    assertion: assertOverfitsBatch,
    healthy: (tf) => ({
      model: tanh(),
      options: { objective: MSE, optimizer: tf.train.adam(0.01) },
    }),
    broken: (tf) => ({
      model: tanh(),
      batch: twins(tf),
      options: { objective: MSE, optimizer: tf.train.adam(0.01), overfitSteps: 40 },
    }),
    named: "in 40 steps of Adam",
  },
];

for (const { assertion, healthy, broken, named } of ROWS) {
  Deno.test(`${assertion.name}() passes on a healthy network and leaves no trace`, async () => {
    await run(assertion, healthy);
  });

  Deno.test(`${assertion.name}() throws when a network breaks its rule`, async (t) => {
    const { message } = await assertRejects(
      () => run(assertion, broken, "After the merge."),
      AssertionError,
    );
    assertMatch(message, new RegExp(`^Model ".*" \\(seed 3, .*\\n- .*${named}`));
    assertEquals(message.split("\n").length < 25, true);
    assertEquals(message.endsWith("\nAfter the merge."), true);
    // Difference quotients hang on the last bits of J, which differ from machine to machine.
    const isUnsteady = assertion === assertGradientsMatchNumeric;
    await t.assertSnapshot(
      isUnsteady ? message.replaceAll(/\d+\.?\d*(e-\d+)? \|.*|0\.0\d+|^ +1e.*$/gm, "~") : message,
      snapshotOf(import.meta),
    );
  });

  Deno.test(`${assertion.name}() throws an InputError when an argument is wrong`, async () => {
    await using engine = await startEngine();
    const { model } = healthy(engine.tf);
    const batch = randomBatch(model, { objective: MSE });
    const wrong: [
      unknown,
      unknown,
      unknown,
      unknown,
      typeof TypeError | typeof InputError,
      string,
    ][] = [
      [
        {},
        batch,
        {},
        undefined,
        TypeError,
        "model is an object, expected a layers model of TensorFlow.js",
      ],
      [model, null, {}, undefined, TypeError, "batch is null, expected an object with inputs"],
      [
        model,
        { inputs: [1] },
        {},
        undefined,
        TypeError,
        "batch has 1 among its tensors, expected only tensors",
      ],
      [
        model,
        batch,
        { deadFraction: 0.5 },
        undefined,
        TypeError,
        `not a threshold of ${assertion.name}()`,
      ],
      [
        model,
        batch,
        { leekTolerance: 1 },
        undefined,
        TypeError,
        "leekTolerance",
      ],
      [model, batch, { seed: 0.5 }, undefined, InputError, "seed is 0.5, expected a whole number"],
      [model, batch, {}, 1, TypeError, "msg is 1, expected a string"],
      [model, batch, null, undefined, TypeError, "options is null, expected an object"],
      [model, batch, 3, undefined, TypeError, "options is 3, expected an object"],
    ];
    const tensors = engine.tf.memory().numTensors;
    for (const [model, batch, options, msg, type, text] of wrong) {
      const call = () => assertion(model as LayersModel, batch as Batch, options, msg as string);
      await assertRejects(call, type, text);
    }
    assertEquals(engine.tf.memory().numTensors, tensors);
    engine.tf.dispose(batch.inputs);
    engine.tf.dispose(batch.targets!);
    model.dispose();
  });
}

Deno.test("assertWeightsFrozen() throws when a step moves the statistics of a frozen normalisation", async () => {
  await run(assertWeightsFrozen, (tf) => ({ model: normalized(tf, "dense") }));
  const error = await assertRejects(
    () => run(assertWeightsFrozen, (tf) => ({ model: normalized(tf, "norm") })),
    AssertionError,
    "norm/moving_mean belongs to a frozen layer",
  );
  assertMatch(error.message, /Run norm in inference mode/);
});

Deno.test("assertWeightsFrozen() looks into frozen models, and passes where nothing is frozen", async () => {
  await run(assertWeightsFrozen, (tf) => ({ model: normalized(tf) }));
  await assertRejects(
    () =>
      run(assertWeightsFrozen, (tf) => {
        const inner = normalized(tf);
        inner.trainable = false;
        const model = tf.sequential({
          layers: [inner, tf.layers.dense({ name: "top", units: 1 })],
        });
        return { model };
      }),
    AssertionError,
    "normalized/norm/moving_mean",
  );
});

Deno.test("assertWeightsChange() passes below a head of zeros, which lets the second step through", async () => {
  const zeroHead = () => {
    const model = tanh();
    setWeights(model, { "dense_4/kernel": Array(20).fill(0) });
    return model;
  };
  await run(assertWeightsChange, () => ({ model: zeroHead(), options: { objective: MSE } }));
});

Deno.test("assertLossReduction() takes the loss that the model was compiled with", async () => {
  const compiled = (loss: Options) => () => {
    const model = tanh();
    model.compile({ optimizer: "sgd", loss });
    return { model };
  };
  await run(assertLossReduction, compiled(MSE));
  await run(assertLossReduction, (tf) => compiled([tf.losses.huberLoss])());
  await assertRejects(
    () => run(assertLossReduction, () => ({ model: tanh() })),
    AssertionError,
    "sum is",
  );
});

Deno.test("assertUpdateRatio() leaves the state of the optimizer that it is given alone", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = tanh();
  const batch = randomBatch(model, { objective: MSE });
  model.compile({ optimizer: tf.train.adam(1e-3), loss: MSE });
  await model.fit(batch.inputs, batch.targets!, { verbose: 0 });
  const state = async () => {
    const [iterations, ...slots] = await model.optimizer.getWeights();
    const values = [iterations, ...slots].map(({ tensor }) => [...tensor.dataSync()]);
    iterations.tensor.dispose();
    return values;
  };
  const before = await state();
  const tensors = tf.memory().numTensors;
  await assertUpdateRatio(model, batch);
  assertEquals(await state(), before);
  assertEquals(tf.memory().numTensors, tensors);
  // The copy goes on from that state: after a thousand equal steps, Adam's next one differs from a
  // first one.
  assertEquals(before.length > 1 && before[0][0] === 1, true);
  tf.dispose([batch.inputs, batch.targets!]);
  model.optimizer.dispose();
  model.dispose();
});

Deno.test("assertOverfitsBatch() throws an InputError when there is no loss to bring down", async () => {
  await assertRejects(
    () => run(assertOverfitsBatch, () => ({ model: tanh() })),
    InputError,
    "no least value",
  );
});

Deno.test("assertGradientsMatchNumeric() judges the selected layers, and passes what is ignored", async () => {
  const spoilt = (options: Options) => (tf: TensorFlow) => ({
    model: around(tf, wrongGradient(tf, 1.01)),
    options,
  });
  await run(assertGradientsMatchNumeric, spoilt({ layers: ["above", "head"] }));
  const ignore = [{ layer: "below", reason: "Its gradient is scaled on purpose." }];
  await run(assertGradientsMatchNumeric, spoilt({ ignore }));
  await assertRefusedLater(
    () => run(assertGradientsMatchNumeric, spoilt({ layers: ["middle"] })),
    {
      place: "options.layers",
      found: "middle, which no layer matches",
      expected: "one of below, above, head",
    },
  );
  await assertRejects(
    () =>
      run(assertCausal, (tf) => ({ model: convolution(tf, "causal"), options: { layers: /./ } })),
    InputError,
    "this rule judges the model, not single layers",
  );
});

Deno.test("assertBatchIndependence() and assertDependsOnInput() throw an InputError on one example", async () => {
  for (const assertion of [assertBatchIndependence, assertDependsOnInput]) {
    await assertRejects(
      () => run(assertion, (tf) => ({ model: tanh(), batch: { inputs: tf.ones([1, 20]) } })),
      InputError,
      "batch has 1 example, expected 2 or more",
    );
  }
});

Deno.test("assertCausal() throws an InputError when there is no time to speak of", async () => {
  await assertRefusedLater(
    () => run(assertCausal, (tf) => ({ model: tanh(), batch: { inputs: tf.ones([4, 20]) } })),
    {
      place: "The output dense_4",
      found: "the shape [4, 1]",
      expected: "20 steps, as the inputs have, on the axis after that of the examples",
    },
  );
});

Deno.test("the assertions over a model leave no tensor when a gradient or a step throws", async () => {
  const failing = (tf: TensorFlow): Setting => ({
    model: around(tf, (x) => tf.cumprod(x, 1)),
    options: { objective: MSE },
  });
  for (const assertion of [assertGradientsMatchNumeric, assertWeightsChange, assertUpdateRatio]) {
    await assertRejects(() => run(assertion, failing), Error, "cannot be");
  }
  const train = () => Promise.reject(new Error("no step"));
  const stepless = () => ({ model: tanh(), options: { train } });
  await assertRejects(() => run(assertWeightsFrozen, stepless), Error, "no step");
  const options = { optimizer: "adam" };
  await assertRefusedLater(
    () =>
      run(assertWeightsChange, () => ({ model: tanh(), options: { train: options.optimizer } })),
    { place: "options.train", found: '"adam"', expected: "a function" },
  );
});
