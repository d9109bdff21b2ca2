/**
 * Tests of the classifier in `digits.ts`, with each way to assert that a network is healthy:
 *
 *     deno test -A examples/digits_test.ts
 */
import {
  acrossSeeds,
  assertHealthy,
  assertNoVanishingGradients,
  assertUpdateRatio,
  measure,
  startEngine,
  testGradientHealth,
} from "@gradient-health/gradient-health";
import { type HealthExpected, healthMatchers } from "@gradient-health/gradient-health/expect";
import { AssertionError, assertRejects } from "@std/assert";
import { expect as stdExpect, type Expected } from "@std/expect";
import { createBatch, createModel, objective } from "./digits.ts";

// Adds the matchers, and their types.
stdExpect.extend(healthMatchers);
interface Healthy extends Expected, HealthExpected {
  not: Healthy;
}
const expect = stdExpect<Healthy>;

// One line: a test with a step for each rule.
testGradientHealth("the digits classifier", createModel, {
  objective,
  createBatch,
  modelRules: ["batch-independence", "input-dependence", "overfits-batch"],
});

// One draw of the weights proves little.
Deno.test("gradients reach the first layer under any seed", async () => {
  await using _engine = await startEngine();
  await acrossSeeds(createModel, assertNoVanishingGradients, { seeds: 10, objective, createBatch });
});

Deno.test("a step of Adam changes the kernels by about a thousandth", async () => {
  await using engine = await startEngine();
  const optimizer = engine.tf.train.adam(1e-3);
  await acrossSeeds(
    createModel,
    (model, batch) => assertUpdateRatio(model, batch, { objective, optimizer }),
    { seeds: 3, over: "model", createBatch },
  );
});

Deno.test("activations and gradients keep their scale", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = await createModel({ tf, seed: 0 });
  const batch = await createBatch({ tf, seed: 0, examples: 32 });
  const measurements = await measure(model, batch, { objective });
  expect(measurements).toHaveActivationScale({ activationScaleFactor: 3 });
  expect(measurements).toHaveNoDeadUnits({ deadFraction: 0.3 });
  expect(measurements).toHaveInitialLoss();
});

// An expected failure: the same network with kernels that are far too large.
Deno.test("kernels that are 100 times too large are found, and the fix is named", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = await createModel({ tf, seed: 0 });
  const batch = await createBatch({ tf, seed: 0, examples: 32 });
  model.setWeights(model.getWeights().map((weight) => tf.mul(weight, 100)));
  expect(await measure(model, batch, { objective })).not.toHaveInitScale();
  await assertRejects(
    () => assertHealthy(model, batch, { objective }),
    AssertionError,
    "Multiply the kernels of",
  );
});
