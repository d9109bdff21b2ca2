import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, Tensor } from "../../../src/engine/tensorflow.ts";
import { healthy, tried } from "./tried.ts";
import { column as columnOf, unitModel } from "./unit.ts";

const { tf } = await startEngine();
const MSE = { objective: "meanSquaredError" } as const;

const column = (...values: number[]) => columnOf(tf, ...values);

/** Two weights of one unit, of which the second has no gradient: J = (w - 3)^2. */
const pair = (first: number, options: object = {}) => unitModel(tf, [first, 8], options);

const batch = { inputs: tf.tensor2d([[1, 0], [-1, 0]]), targets: column(3, -3) };

Deno.test("tryTraining() has the figures of each layer, and the loss before each step", async () => {
  // Each step halves w - 3, from -9.
  const optimizer = tf.train.sgd(0.25);
  const { attempts, guess } = await tried(pair(-6), batch, { ...MSE, optimizer, steps: 2 });
  assertAlmostEquals(guess!, 9, 1e-5);
  const [{ steps, losses, loss, layers, penalty, nonFiniteStep, ...own }] = attempts;
  assertEquals([steps, own.verdict, own.cut], [3, "learns", undefined]);
  const expected = [81, 20.25, 5.0625, 1.265625];
  losses.forEach((value, i) => assertAlmostEquals(value, expected[i], 1e-4));
  assertEquals([loss.first, loss.last, loss.least], [losses[0], losses[3], losses[3]]);
  assertAlmostEquals(own.fit!, 1 - 1.265625 / 9, 1e-5);
  assertEquals([penalty.first, penalty.last, penalty.gradientRatio], [0, 0, null]);
  assertEquals(nonFiniteStep, null);
  const [{ layer, updateRatio, growth, moved, nonFiniteGradient }] = layers;
  assertEquals([layer, moved, nonFiniteGradient], ["unit", 0.5, null]);
  assertAlmostEquals(updateRatio!, 4.5 / 10, 1e-6);
  assertAlmostEquals(growth!, Math.hypot(1.875, 8) / 10, 1e-6);
});

Deno.test("tryTraining() compares the gradient of penalties with that of the loss", async () => {
  const kernelRegularizer = tf.regularizers.l2({ l2: 0.1 });
  const optimizer = tf.train.sgd(0.25);
  const [{ penalty }] = (await tried(pair(-6, { kernelRegularizer }), batch, {
    ...MSE,
    optimizer,
    steps: 1,
  })).attempts;
  assertAlmostEquals(penalty.first, 10, 1e-4);
  // Norms of (-1.2, 1.6) and of (-18, 0).
  assertAlmostEquals(penalty.gradientRatio!, 2 / 18, 1e-5);
});

Deno.test("tryTraining() says after how many steps the loss is not finite", async () => {
  const model = pair(-6);
  const optimizer = tf.train.sgd(1e30);
  const [{ nonFiniteStep, layers, loss, steps, losses }] =
    (await tried(model, batch, { ...MSE, optimizer, steps: 4 })).attempts;
  // The square of the first update overflows float32.
  assertEquals([nonFiniteStep, losses[0], steps], [1, 81, 2]);
  assertEquals([loss.first, loss.least], [81, 81]);
  assertEquals(layers[0].nonFiniteGradient, null);
  const broken = pair(NaN);
  const [at] = (await tried(broken, batch, { ...MSE, steps: 4 })).attempts;
  assertEquals([at.nonFiniteStep, at.steps, at.losses.length], [0, 0, 1]);
});

Deno.test("tryTraining() looks at a network with batch normalisation on the statistics of the batch", async () => {
  const model = tf.sequential({ layers: [tf.layers.batchNormalization({ inputShape: [1] })] });
  const inputs = column(99, 101, 99, 101);
  const [{ loss }] = (await tried(model, { inputs, targets: column(-1, 1, -1, 1) }, {
    ...MSE,
    steps: 1,
  })).attempts;
  // On the moving statistics, 0 and 1, it is about 10000.
  assert(loss.first < 1e-4, `${loss.first}`);
});

Deno.test("tryTraining() takes no step of a network that knows its batch but one", async () => {
  const optimizer = tf.train.sgd(0.25);
  const { verdict, attempts } = await tried(pair(2.5), batch, { ...MSE, optimizer, steps: 4 });
  assertEquals([verdict, attempts[0].steps], ["learns", 1]);
});

Deno.test("tryTraining() names the output that is behind", async () => {
  const input = tf.input({ shape: [2] });
  const head = (name: string, first: number) =>
    tf.layers.dense({ name, units: 1, useBias: false, weights: [column(first, 8)] })
      .apply(input) as typeof input;
  const model = tf.model({ inputs: input, outputs: [head("right", 3), head("wrong", -6)] });
  const targets = [batch.targets, batch.targets] as Tensor[];
  const { attempts } = await tried(model, { inputs: batch.inputs, targets }, {
    ...MSE,
    optimizer: tf.train.sgd(1e-6),
    steps: 1,
  });
  assertEquals([attempts[0].behind, attempts[0].verdict], ["wrong", "fails"]);
});

Deno.test("tryTraining() blames a network for drawn targets that its weights could fit", async () => {
  const inputs = tf.randomNormal([32, 20], 0, 1, "float32", 1);
  const first = async (model: LayersModel) =>
    (await tried(model, { inputs }, { ...MSE, optimizer: tf.train.sgd(1e-4), steps: 1 }))
      .attempts[0].verdict;
  assertEquals(await first(healthy()), "fails");
  const small = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [20] })] });
  assertEquals(await first(small), "undecided");
});
