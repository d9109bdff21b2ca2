import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import type { LayersModel, Tensor } from "../../../src/engine/tensorflow.ts";
import {
  probeBatchIndependence,
  probeCausality,
  probeInputDependence,
} from "../../../src/core/probe/probe_dependence.ts";
import { probeGradients } from "../../../src/core/probe/probe_gradients.ts";
import { probeLoss } from "../../../src/core/probe/probe_loss.ts";
import { probeOverfit, probeStep } from "../../../src/core/probe/probe_step.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";
import { customLayer, wrongGradient } from "../../networks/trained_models.ts";
import { column as columnOf, unitLayer } from "./unit.ts";

const { tf } = await startEngine();
const MSE = { objective: "meanSquaredError" } as const;

const column = (...values: number[]) => columnOf(tf, ...values);

/** A unit without a bias, whose kernel is given, under layers that compute something. */
function unit(kernel: number[], ...above: ((x: Tensor) => Tensor)[]): LayersModel {
  return tf.sequential({
    layers: [
      unitLayer(tf, kernel),
      ...above.map((compute, i) => customLayer(tf, `above_${i}`, compute) as never),
    ],
  });
}

/** A model that only computes, of examples of this shape. */
function only(shape: (number | null)[], compute: (x: Tensor) => Tensor): LayersModel {
  const input = tf.input({ shape });
  const output = customLayer(tf, "only", compute).apply(input) as typeof input;
  return tf.model({ inputs: input, outputs: output });
}

Deno.test("probeGradients() has the derivatives of a parabola", async () => {
  // J = 2.5 w^2 at w = 2, along 1 or -1.
  const batch = { inputs: column(1, 2), targets: column(0, 0) };
  const { weights: [{ analytic, scale, differences }], ...facts } = await probeGradients(
    unit([2]),
    batch,
    MSE,
  );
  assertEquals([facts.resolution, facts.layers], [10 * 2 ** -23, ["Dense"]]);
  assertAlmostEquals(Math.abs(analytic), 10, 1e-5);
  assertAlmostEquals(scale, 5, 1e-5);
  assertEquals(differences.length, 1);
  const [{ step, numeric, forward, backward }] = differences;
  assertAlmostEquals(step, 0.2, 1e-6);
  assertAlmostEquals(numeric, analytic, 1e-4);
  // Half of the second derivative, 5, to either side.
  assertAlmostEquals(forward - numeric, 0.5, 1e-4);
  assertAlmostEquals(numeric - backward, 0.5, 1e-4);
});

Deno.test("probeGradients() takes eight ever smaller steps if none agrees, from 1 for a weight of 0", async () => {
  const wrong = unit([0], wrongGradient(tf, 3));
  const batch = { inputs: column(1, 2), targets: column(-20, 3) };
  const { resolution, weights } = await probeGradients(wrong, batch, MSE);
  const steps = weights[0].differences.map(({ step }) => step);
  assertEquals(steps, Array.from({ length: 8 }, (_, k) => 0.1 * (1 / 4) ** k));
  assertAlmostEquals(resolution, 204.5 * 2 ** -23, 1e-9);
  // Outputs may be larger than the loss.
  const near = { inputs: column(-30), targets: column(-60) };
  assertEquals((await probeGradients(unit([2]), near, MSE)).resolution, 60 * 2 ** -23);
});

Deno.test("probeGradients() goes along a direction that leans towards the gradient", async () => {
  const width = 2000;
  const model = unit(Array(width).fill(1));
  const inputs = tf.randomNormal([2, width], 0, 1, "float32", 1);
  const probe = await probeGradients(model, { inputs, targets: column(0, 0) }, MSE);
  const [{ analytic, scale }] = probe.weights;
  assert(analytic > 0.8 * scale && analytic < 1.2 * scale, `${analytic} ${scale}`);
});

Deno.test("probeInputDependence() rotates the examples of one input after the other", async () => {
  const inputs = ["a", "b"].map((name) => tf.input({ name, shape: [1] }));
  const joined = tf.layers.concatenate().apply(inputs);
  const weights = [column(2, 3)];
  const output = tf.layers.dense({ units: 1, useBias: false, weights }).apply(joined);
  const model = tf.model({ inputs, outputs: output as typeof inputs[0] });
  const probe = await probeInputDependence(model, { inputs: [column(1, 2, 4), column(5, 5, 5)] });
  assertEquals(probe.inputs, [
    { name: "a", alike: false, changes: [6] },
    { name: "b", alike: true, changes: [0] },
  ]);
  const two = await probeInputDependence(unit([1]), { inputs: column(1, 3) });
  assertEquals(two.inputs[0].changes, [2]);
  await assertRejects(
    () => probeInputDependence(unit([1]), { inputs: column(1) }),
    InputError,
    "batch has 1 example, expected 2 or more to trade places",
  );
});

Deno.test("probeBatchIndependence() keeps the first, the middle and the last example", async () => {
  const centred = (x: Tensor) => tf.sub(x, tf.mean(x, 0, true)) as Tensor;
  const inputs = tf.tensor2d([[1, 0], [2, 0], [3, 0], [4, 0], [15, 10]]);
  const { outputs: [output] } = await probeBatchIndependence(only([2], centred), { inputs });
  // From (-4, -2), (-2, -2) and (10, 8) to (0, 0).
  assertEquals(output.examples, [
    { example: 0, change: 4 },
    { example: 2, change: 2 },
    { example: 4, change: 10 },
  ]);
  assertEquals(output.rows, 5);
  assertAlmostEquals(output.rms, Math.sqrt((16 + 9 + 4 + 1 + 100 + 4 * 4 + 64) / 10), 1e-5);
  const two = { inputs: column(1, 3) };
  const kept = (await probeBatchIndependence(unit([2]), two)).outputs[0].examples;
  assertEquals(kept, [{ example: 0, change: 0 }, { example: 1, change: 0 }]);
  await assertRejects(
    () => probeBatchIndependence(unit([1]), { inputs: column(1) }),
    InputError,
    "batch has 1 example, expected 2 or more to tell them apart",
  );
});

Deno.test("probeCausality() cuts a sequence after each step, at 32 places at most", async () => {
  const sequence = (...values: number[]) => tf.tensor3d(values, [1, values.length, 1]);
  const mean = only([4, 1], (x) => tf.add(x, tf.mean(x, 1, true)) as Tensor);
  const { steps, outputs: [output] } = await probeCausality(mean, {
    inputs: sequence(1, 2, 3, 4),
  });
  assertEquals([steps, output.cuts], [4, [
    { step: 0, change: 1.5 },
    { step: 1, change: 0.75 },
    { step: 2, change: 0.25 },
  ]]);
  assertAlmostEquals(output.rms, Math.sqrt((3.5 ** 2 + 4.5 ** 2 + 5.5 ** 2 + 6.5 ** 2) / 4), 1e-5);
  // Later steps change, those before the cut do not; in the second example as in the first.
  const causal = only([3, 1], (x) => tf.cumsum(x, 1) as Tensor);
  const two = { inputs: tf.tensor3d([1, 2, 3, 4, 5, 6], [2, 3, 1]) };
  const { outputs: [sums] } = await probeCausality(causal, two);
  assertEquals(sums.cuts, [{ step: 0, change: 0 }, { step: 1, change: 0 }]);
  const late = only([2, 1], (x) => tf.mul(x, tf.mean(x, 1, true)) as Tensor);
  const pair = { inputs: tf.tensor3d([2, 2, 1, 3], [2, 2, 1]) };
  assertEquals((await probeCausality(late, pair)).outputs[0].cuts, [{ step: 0, change: 1 }]);
  const long = only([40, 1], (x) => x.clone());
  const { cuts } = (await probeCausality(long, { inputs: tf.zeros([1, 40, 1]) })).outputs[0];
  assertEquals([cuts.length, cuts[0].step, cuts[31].step], [32, 0, 38]);
});

Deno.test("probeCausality() refuses what has no steps", async () => {
  await assertRejects(
    () => probeCausality(unit([1]), { inputs: column(1, 2) }),
    InputError,
    "batch has no sequences, expected an input with a time axis of 2 steps or more",
  );
  const last = only([3, 1], (x) => tf.slice(x, [0, 0, 0], [-1, 1, -1]));
  await assertRejects(
    () => probeCausality(last, { inputs: tf.zeros([1, 3, 1]) }),
    InputError,
    "has the shape [1, 1, 1], expected 3 steps, as the inputs have",
  );
});

Deno.test("a probe says what was given instead of a batch, and refuses a seed that is none", async () => {
  const refuses = (batch: unknown, message: string, seed?: number) =>
    assertRejects(() => probeLoss(unit([1]), batch as never, { seed }), InputError, message);
  for (const [batch, kind] of [[null, "null"], [[], "an array"], [{}, "object"], [5, "number"]]) {
    await refuses(batch, `batch is ${kind}, expected an object with inputs`);
  }
  await refuses({ inputs: column(1) }, "options.seed is 0.5, expected a whole number", 0.5);
});

Deno.test("probeLoss() evaluates a batch, and two copies of it", async () => {
  const batch = { inputs: column(1, 2), targets: column(0, 0) };
  const { once, twice } = await probeLoss(unit([2]), batch, MSE);
  assertEquals([once, twice], [10, 10]);
  const sum = await probeLoss(unit([2]), { inputs: column(1, 2) }, { objective: "sum" });
  assertEquals([sum.once, sum.twice], [6, 12]);
});

Deno.test("probeOverfit() has the loss before each step, up to the target, penalties included", async () => {
  const batch = { inputs: column(1), targets: column(0) };
  // J = w^2, and each step halves w.
  const optimizer = tf.train.sgd(0.25);
  const losses = async (model: LayersModel, steps: number, targetLoss: number) =>
    (await probeOverfit(model, batch, { ...MSE, optimizer, steps, targetLoss })).losses;
  assertEquals(await losses(unit([2]), 2, 0), [4, 1, 0.25]);
  assertEquals(await losses(unit([2]), 2, 1), [4, 1]);
  assertEquals(await losses(unit([2]), 2, 5), [4]);
  const penalised = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 1,
        useBias: false,
        inputShape: [1],
        weights: [column(2)],
        kernelRegularizer: tf.regularizers.l2({ l2: 0.5 }),
      }),
    ],
  });
  assertEquals(await losses(penalised, 0, 0), [6]);
  const own = await probeOverfit(unit([2]), batch, { ...MSE, steps: 1, targetLoss: 0 });
  assertEquals(own.optimizer, "Adam");
  assertAlmostEquals(own.losses[1], 1.999 ** 2, 1e-5);
});

Deno.test("probeStep() has the sizes of each weight and of its change", async () => {
  // The second entry of the kernel has no gradient.
  const batch = { inputs: tf.tensor2d([[1, 0]]), targets: column(0) };
  const options = { ...MSE, optimizer: tf.train.sgd(0.25) };
  const { weights } = await probeStep(unit([2, -8]), batch, options);
  assertEquals(weights, [{
    layer: "unit",
    name: weights[0].name,
    shape: [2, 1],
    trainable: true,
    frozen: false,
    meanAbs: 5,
    meanAbsUpdate: 0.5,
    changed: 1,
    changedLater: null,
  }]);
  // A second step is taken if the first one moved nothing.
  const still = { inputs: tf.tensor2d([[0, 0]]), targets: column(1) };
  const [none] = (await probeStep(unit([2, -8]), still, options)).weights;
  assertEquals([none.changed, none.changedLater], [0, 0]);
  // A custom step names the objective, if it has a name.
  const named = async (train?: () => void) =>
    (await probeStep(unit([2, -8]), batch, { ...options, train })).objective.name;
  assertEquals(await named(), "meanSquaredError");
  assertEquals(await named(function ownStep() {}), "ownStep");
  assertEquals(await named((() => () => {})()), "meanSquaredError");
});
