import { InputError } from "../../src/words/input_error.ts";
import { assertRejects } from "@std/assert";
import {
  assertBatchIndependence,
  assertCausal,
  assertDependsOnInput,
  assertGradientsMatchNumeric,
  assertUpdateRatio,
  assertWeightsChange,
  assertWeightsFrozen,
} from "../../src/assert/mod.ts";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import { around, convolution, wrongGradient } from "../networks/trained_models.ts";
import { MSE, type Options, run, type Setting, tanh } from "./run_assertion.ts";

Deno.test("assertGradientsMatchNumeric() judges the selected layers, and passes what is ignored", async () => {
  const spoilt = (options: Options) => (tf: TensorFlow) => ({
    model: around(tf, wrongGradient(tf, 1.01)),
    options,
  });
  await run(assertGradientsMatchNumeric, spoilt({ layers: ["above", "head"] }));
  const ignore = [{ layer: "below", reason: "Its gradient is scaled on purpose." }];
  await run(assertGradientsMatchNumeric, spoilt({ ignore }));
  await assertRejects(
    () => run(assertGradientsMatchNumeric, spoilt({ layers: ["middle"] })),
    InputError,
    "options.layers has middle, which no layer matches, expected one of below, above, head",
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
  await assertRejects(
    () => run(assertCausal, (tf) => ({ model: tanh(), batch: { inputs: tf.ones([4, 20]) } })),
    InputError,
    "shape [4, 1], expected 20 steps",
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
  await assertRejects(
    () =>
      run(assertWeightsChange, () => ({ model: tanh(), options: { train: options.optimizer } })),
    TypeError,
    'options.train is "adam", expected a function',
  );
});
