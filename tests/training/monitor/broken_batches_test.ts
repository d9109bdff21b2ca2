import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  healthMonitor,
  type HealthMonitorOptions,
} from "../../../src/training/monitor/health_monitor.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import type { Tensor } from "../../../src/engine/tensorflow.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { causeOf, judgeTraining } from "../../../src/training/judge_training.ts";
import { healthyLog } from "../sick_logs.ts";
import { objective, subject } from "./watched_training.ts";

/** Batch of each epoch whose entries are 1e4 times as large. */
const HUGE = 8;
const BATCH = 32;

/** Trains a regression of which one batch is in raw units. */
async function fitRaw(
  { tf }: Engine,
  { of = "inputs", rate = 0.01, ...options }: Pick<HealthMonitorOptions, "onFinding"> & {
    of?: "inputs" | "targets" | "none";
    rate?: number;
  },
) {
  const inputs = tf.randomNormal([1088, 8], 0, 1, "float32", 1);
  const targets = tf.sum(inputs, 1, true);
  const raw = (tensor: typeof inputs, which: string) => {
    const values = tensor.dataSync<"float32">().slice();
    const [first, last] = [HUGE, HUGE + 1].map((i) => i * BATCH * tensor.shape[1]!);
    if (of === which) { for (let i = first; i < last; i++) values[i] *= 1e4; }
    return tf.tensor(values, tensor.shape).slice(0, 1024);
  };
  const dense = (units: number, seed: number, inputShape?: number[]) =>
    tf.layers.dense({
      units,
      inputShape,
      activation: units === 1 ? undefined : "relu",
      kernelInitializer: tf.initializers.heNormal({ seed }),
    });
  const model = tf.sequential({ layers: [dense(32, 2, [8]), dense(32, 4), dense(1, 3)] });
  model.compile({ optimizer: tf.train.sgd(rate), loss: "meanSquaredError" });
  const monitor = healthMonitor({
    batch: { inputs: inputs.slice(1024), targets: targets.slice(1024) },
    ...options,
  });
  await model.fit(raw(inputs, "inputs"), raw(targets, "targets"), {
    epochs: 2,
    batchSize: BATCH,
    shuffle: false,
    verbose: 0,
    callbacks: monitor,
  });
  return monitor;
}

for (const  of of["inputs", "targets"] as const) {
  Deno.test(`a batch whose ${of} are 1e4 times as large is the cause, not the rate`, async () => {
    await using engine = await startEngine();
    const monitor = await fitRaw(engine, { of, onFinding: "stop" });
    const { kind, severity, message, fixes } = monitor.history.at(-1)!.cause!;
    assertEquals([kind, severity], ["spike", "error"]);
    assertStringIncludes(message, `The largest ${of.slice(0, -1)} of batch 9 of epoch 1`);
    assertStringIncludes(JSON.stringify(fixes), `Scale the ${of} of this batch`);
    engine.tf.disposeVariables();
  });
}

Deno.test("`lower` goes back before a broken batch, and keeps the rate", async () => {
  await using engine = await startEngine();
  const monitor = await fitRaw(engine, { onFinding: "lower" });
  assertEquals(monitor.lowerings.map(({ from, to }) => to / from), [1, 1]);
  assertEquals(monitor.steps.at(-1)!.learningRate, monitor.steps[1].learningRate);
  engine.tf.disposeVariables();
});

Deno.test("`lower` lowers a rate that is too high", async () => {
  await using engine = await startEngine();
  const monitor = await fitRaw(engine, { of: "none", rate: 10, onFinding: "lower" });
  assert(monitor.lowerings[0].to < monitor.lowerings[0].from);
  engine.tf.disposeVariables();
});

Deno.test("class numbers without an output are found in `fit` and in a loop", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 3, inputShape: [4], kernelInitializer: "zeros" }),
      tf.layers.softmax(),
    ],
  });
  model.compile({ optimizer: "sgd", loss: "sparseCategoricalCrossentropy" });
  const inputs = tf.randomNormal([16, 4], 0, 1, "float32", 1);
  const labels = (last: number) =>
    tf.tensor2d([...Array(15).keys()].map((i) => i % 3).concat(last), [16, 1]);
  const batch = { inputs, targets: labels(2) };
  for (const [last, expected] of [[2, undefined], [3, [15]], [-1, [15]]] as const) {
    const monitor = healthMonitor({ batch, onFinding: "stop" });
    await model.fit(inputs, labels(last), { shuffle: false, verbose: 0, callbacks: monitor });
    assertEquals(monitor.steps.at(-1)!.badClasses, expected);
    const objective = "sparseCategoricalCrossentropy";
    const looped = healthMonitor({ batch, model, objective, onFinding: "stop" });
    await looped.step({ loss: 1, inputs, targets: labels(last) });
    assertEquals(looped.steps.at(-1)!.badClasses, expected);
    await looped.end();
  }
  const [found] = judgeTraining([{ step: 1, loss: 1, badClasses: [15], batch: 0, epoch: 1 }]);
  assertEquals([found.rule, found.severity, found.message], [
    "not-finite",
    "error",
    "Batch 1 of epoch 1 holds class numbers without an output in the example with index 15.",
  ]);
  engine.tf.disposeVariables();
});

Deno.test("of few batches a jump must be 10 times as large", () => {
  const rules = (step: number, largestInput: number) =>
    judgeTraining(healthyLog(30, (row) => row.step === step ? { largestInput } : {}))
      .map(({ rule, kind }) => `${rule} ${kind}`);
  assertEquals(rules(4, 3e5), []);
  assertEquals(rules(5, 299), []);
  assertEquals(rules(5, 301), ["spike batch"]);
  assertEquals(rules(16, 299), []);
  assertEquals(rules(17, 31), ["spike batch"]);
});

Deno.test("a warning that explains an error is as grave as that", () => {
  const rows = healthyLog(60, ({ step }) => ({
    ...step === 40 ? { largestInput: 3e4 } : {},
    ...step > 40 ? { loss: 4 } : {},
  }));
  const findings = judgeTraining(rows);
  assertEquals(findings[0].severity, "warning");
  const { rule, severity } = causeOf(findings)!;
  assertEquals([rule, severity], ["spike", "error"]);
});

Deno.test("a rate that broke the training is no fix for itself, although it trains elsewhere", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const rate = 0.01;
  const { model, batch, data, dispose } = subject(engine, tf.train.sgd(rate));
  const monitor = healthMonitor({ batch, objective, onFinding: "stop", budget: 1 });
  let steps = 0;
  const { optimizer } = model;
  const apply = optimizer.applyGradients.bind(optimizer);
  // A gradient scaled by the user goes wrong once. From the weights before, 0.03 trains.
  optimizer.applyGradients = (gradients) => {
    if (steps++ !== 10) return apply(gradients);
    const scaled = (gradients as { name: string; tensor: Tensor }[]).map(({ name, tensor }) => ({
      name,
      tensor: tf.mul(tensor, 1e25) as Tensor,
    }));
    apply(scaled);
    tf.dispose(scaled.map(({ tensor }) => tensor));
  };
  await model.fit(...data, {
    epochs: 20,
    batchSize: 8,
    shuffle: false,
    verbose: 0,
    callbacks: monitor,
  });
  const { kind, fixes } = monitor.history.at(-1)!.cause!;
  assertEquals(kind, "rate-too-high");
  const { what } = fixes[0] as { what: string };
  assertStringIncludes(what, "Lower the learning rate by a factor of 3 to 10");
  dispose();
  tf.disposeVariables();
});
