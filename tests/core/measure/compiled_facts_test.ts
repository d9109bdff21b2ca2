import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { LayersModel, Tensor } from "../../../src/engine/mod.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { TensorFlow } from "../../../src/engine/tensorflow.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import type { MeasureOptions } from "../../../src/core/measure/measure_options.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";

const network = (tf: TensorFlow) =>
  tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] })] });

Deno.test("measure() says which optimizer a model was compiled with, and at which rate", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const inputs = tf.ones([8, 4]);
  const model = network(tf);
  assertEquals("optimizer" in await measure(model, { inputs }), false);
  for (
    const [optimizer, name, rate, settings] of [
      [tf.train.adam(0.02), "Adam", 0.02, undefined],
      [tf.train.momentum(0.5, 0.9), "Momentum", 0.5, { momentum: 0.9 }],
      [tf.train.momentum(0.5, 0.9, true), "Momentum", 0.5, { momentum: 0.9, nesterov: true }],
      [tf.train.rmsprop(0.5, 0.8), "RMSProp", 0.5, { rho: 0.8 }],
      ["sgd", "SGD", 0.01, undefined],
    ] as const
  ) {
    model.compile({ optimizer, loss: "meanSquaredError" });
    const { optimizer: measured } = await measure(model, { inputs });
    const expected = { name, learningRate: rate };
    assertEquals(measured, settings === undefined ? expected : { ...expected, settings });
  }
  model.dispose();
  inputs.dispose();
});

Deno.test("measure() draws classes for a compiled loss on logits, and bits for one on single logits", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const inputs = tf.ones([8, 4]);
  for (
    const [loss, isOneOfThree] of [["softmaxCrossEntropy", true], [
      "sigmoidCrossEntropy",
      false,
    ]] as const
  ) {
    const model = network(tf);
    model.compile({ optimizer: "sgd", loss: tf.losses[loss] });
    const { batch, objective } = await measure(model, { inputs });
    assertEquals([objective.name, objective.randomTargets], [loss, true]);
    const { mean, rms } = batch.targets![0].values;
    // Every target is 0 or 1, and in each row of three classes one is 1.
    assertAlmostEquals(rms ** 2, mean, 1e-6);
    if (isOneOfThree) assertAlmostEquals(mean, 1 / 3, 1e-6);
    model.dispose();
  }
  inputs.dispose();
});

const EXAMPLES = 16;
const UNITS = 3;
const LABELS = Array.from({ length: EXAMPLES }, (_, i) => (i * i + i) % UNITS);
const ONE_HOT = LABELS.map((label) => Array.from({ length: UNITS }, (_, i) => Number(i === label)));

type Head = [name: string, units: number, activation: "softmax" | "sigmoid" | "linear"];

function metricNetwork(tf: TensorFlow, heads: Head[]): LayersModel {
  const input = tf.input({ shape: [5] });
  const outputs = heads.map(([name, units, activation], i) =>
    tf.layers.dense({
      name,
      units,
      activation,
      kernelInitializer: tf.initializers.glorotNormal({ seed: i + 1 }),
    }).apply(input) as typeof input
  );
  return tf.model({ inputs: input, outputs });
}

type Metrics = Parameters<LayersModel["compile"]>[0]["metrics"];

interface Case {
  heads: Head[];
  loss: string | string[];
  metrics: Metrics;
  targets: (tf: TensorFlow) => Tensor[];
  options?: MeasureOptions;
}

/** Measures a model, and gives what it puts out; nothing stays on the heap. */
async function measured({ heads, loss, metrics, targets, options }: Case) {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = metricNetwork(tf, heads);
  model.compile({ optimizer: "sgd", loss, metrics });
  const { inputs } = randomBatch(model, { examples: EXAMPLES, seed: 1 });
  const given = targets(tf);
  const before = tf.memory().numTensors;
  const measurements = await measure(model, { inputs, targets: given }, options);
  assertEquals(tf.memory().numTensors, before);
  const outputs = [model.predict(inputs) as Tensor | Tensor[]].flat();
  // TensorFlow.js takes no whole numbers for some losses.
  const goals = given.map((one) => tf.cast(one, "float32"));
  const evaluated = [model.evaluate(inputs as Tensor, goals)].flat()
    .map((value) => value.dataSync()[0]);
  return {
    measurements,
    evaluated,
    outputs: outputs.map((output) => output.arraySync() as number[][]),
    metrics: measurements.objective.metrics,
  };
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const largest = (row: readonly number[]) => row.indexOf(Math.max(...row));

Deno.test("measure() evaluates the metrics of a classifier, as float64 and model.evaluate() do", async () => {
  for (const isSparse of [false, true]) {
    const { metrics, outputs: [rows], evaluated } = await measured({
      heads: [["digit", UNITS, "softmax"]],
      loss: isSparse ? "sparseCategoricalCrossentropy" : "categoricalCrossentropy",
      metrics: ["accuracy", isSparse ? "crossentropy" : "mae"],
      targets: (tf) => [isSparse ? tf.tensor1d(LABELS, "int32") : tf.tensor2d(ONE_HOT)],
    });
    const accuracy = mean(rows.map((row, i) => Number(largest(row) === LABELS[i])));
    const other = isSparse
      ? mean(rows.map((row, i) => -Math.log(row[LABELS[i]])))
      : mean(rows.flatMap((row, i) => row.map((share, j) => Math.abs(share - ONE_HOT[i][j]))));
    assertEquals(metrics!.map(({ name }) => name), ["accuracy", isSparse ? "crossentropy" : "mae"]);
    assertAlmostEquals(metrics![0].value!, accuracy, 1e-7);
    assertAlmostEquals(metrics![1].value!, other, 1e-6);
    assertEquals(metrics!.map(({ value }) => value), evaluated.slice(-2));
  }
});

Deno.test("measure() evaluates metrics output by output, and says which is whose", async () => {
  const goals = LABELS.map((label) => label / 2 - 0.3);
  const { metrics, outputs: [digits, sizes], evaluated } = await measured({
    heads: [["even", 1, "sigmoid"], ["size", 1, "linear"]],
    loss: ["binaryCrossentropy", "meanSquaredError"],
    metrics: { even: ["acc", "mse"], size: "mae" } as unknown as Metrics,
    targets: (tf) => [tf.tensor1d(LABELS.map((label) => label % 2), "int32"), tf.tensor1d(goals)],
  });
  assertEquals(metrics!.map(({ name, output }) => [name, output]), [
    ["acc", "even"],
    ["mse", "even"],
    ["mae", "size"],
  ]);
  const isRight = ([share]: number[], i: number) => Number(share > 0.5) === LABELS[i] % 2;
  assertAlmostEquals(
    metrics![0].value!,
    mean(digits.map((row, i) => Number(isRight(row, i)))),
    1e-7,
  );
  const squares = digits.map(([share], i) => (share - LABELS[i] % 2) ** 2);
  assertAlmostEquals(metrics![1].value!, mean(squares), 1e-6);
  const off = sizes.map(([size], i) => Math.abs(size - goals[i]));
  assertAlmostEquals(metrics![2].value!, mean(off), 1e-6);
  assertEquals(metrics!.map(({ value }) => value), evaluated.slice(-3));
});

const regression = (metrics: Metrics, options?: MeasureOptions): Case => ({
  heads: [["size", 1, "linear"]],
  loss: "meanSquaredError",
  metrics,
  options,
  targets: (tf) => [tf.tensor1d(LABELS)],
});

Deno.test("measure() names a metric that cannot be evaluated, and why", async () => {
  const broken = () => {
    throw new Error("The labels are no words.");
  };
  const nothing = (() => 5) as unknown as typeof broken;
  await using engine = await startEngine();
  const model = metricNetwork(engine.tf, [["size", 1, "linear"]]);
  model.compile({ optimizer: "sgd", loss: "meanSquaredError", metrics: [broken, "mse", nothing] });
  const batch = randomBatch(model, { objective: "meanSquaredError" });
  const { objective } = await measure(model, batch);
  assertEquals(objective.metrics!.map(({ name, reason }) => [name, reason]), [
    ["broken", "The labels are no words"],
    ["mse", undefined],
    ["nothing", "The metric returned number, expected a tensor"],
  ]);
  assertEquals(objective.metrics!.map(({ value }) => value), [null, objective.value, null]);
});

Deno.test("measure() differentiates the same with metrics as without, even one that differentiates", async () => {
  const of = async (metrics: Metrics) => (await measured(regression(metrics))).measurements;
  const slope = (targets: Tensor, outputs: Tensor) => {
    const { size } = outputs;
    const square = (x: Tensor) => x.square().sum().div(2 * size).asScalar();
    return gradOf(square)(outputs.sub(targets));
  };
  await using engine = await startEngine();
  const gradOf = engine.tf.grad;
  const plain = await of([]);
  const measuring = await of([slope, "mae"]);
  assertEquals("metrics" in plain.objective, false);
  assertEquals(measuring.layers, plain.layers);
  assertEquals(measuring.objective.metrics!.map(({ name }) => name), ["slope", "mae"]);
  assertEquals(Number.isFinite(measuring.objective.metrics![0].value), true);
});

Deno.test("measure() evaluates no metric beside an objective that was asked for", async () => {
  const { metrics } = await measured(regression(["mae"], { objective: "meanAbsoluteError" }));
  assertEquals(metrics, undefined);
});
