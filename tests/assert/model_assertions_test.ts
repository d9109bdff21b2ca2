import { InputError } from "../../src/words/input_error.ts";
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
} from "../../src/assert/mod.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import type { Batch } from "../../src/model/batches/batch.ts";
import { randomBatch } from "../../src/model/batches/random_batch.ts";
import { setWeights } from "../../src/model/weights/set_weights.ts";
import { around, convolution, wrongGradient } from "../networks/trained_models.ts";
import { type Assertion, MSE, run, type Setting, tanh } from "./run_assertion.ts";

interface Row {
  assertion: Assertion;
  /** What must pass. */
  healthy: (tf: TensorFlow) => Setting;
  /** What must fail, and what the message names. */
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
