import {
  assert,
  assertAlmostEquals,
  assertEquals,
  AssertionError,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  healthMonitor,
  type HealthMonitorOptions,
} from "../../../src/training/monitor/health_monitor.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { Tensor } from "../../../src/engine/tensorflow.ts";
import { readTrainingLog } from "../../../src/training/read_training_log.ts";
import { objective, subject } from "./watched_training.ts";

Deno.test("healthMonitor() judges a loop without fit, as fit", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const optimizer = tf.train.sgd(0.05);
  const loop = async (given: Partial<HealthMonitorOptions>) => {
    const { model, batch, data: [inputs, targets], dispose } = subject(engine, optimizer);
    const monitor = healthMonitor({
      batch,
      objective,
      model,
      onFinding: "keep",
      budget: 1,
      ...given,
    });
    // Measured before the first update, which may already blow up.
    const [{ measurements }] = monitor.history;
    const untrained = tf.tidy(() =>
      tf.losses.meanSquaredError(targets, model.predict(inputs) as Tensor).dataSync()[0]
    );
    assertAlmostEquals(measurements.objective.value / untrained, 1, 1e-5);
    for (let step = 0; step < 12; step++) {
      const loss = optimizer.minimize(
        () =>
          tf.losses.meanSquaredError(targets, model.apply(inputs, { training: true }) as Tensor),
        true,
      )!;
      await monitor.step({ loss, inputs });
      loss.dispose();
    }
    await monitor.end();
    dispose();
    return monitor;
  };
  const watched = await loop({});
  assertEquals(watched.steps.length, 13);
  assertEquals(watched.history.map(({ step }) => step), [0, 1, 2, 5, 10, 12]);
  assert(watched.steps[1].gradientNorm! > 0);
  const last = watched.steps.at(-1)!;
  assert(last.gradientNorm! > 0 && last.updateRatio! > 0 && last.largestInput! > 1);
});

Deno.test("healthMonitor() needs the model of a loop, and a loss", async () => {
  await using engine = await startEngine();
  const { model, batch, dispose } = subject(engine, engine.tf.train.sgd(0.05));
  const wrong = async (options: Partial<HealthMonitorOptions>, step: unknown, says: string) => {
    const monitor = healthMonitor({ batch, objective, ...options });
    await assertRejects(() => monitor.step(step as never), TypeError, says);
  };
  await wrong({}, { loss: 1 }, "options.model is missing");
  await wrong({ model }, {}, "step.loss is undefined");
  await wrong({ model }, { loss: 1, optimizer: "sgd" }, "step.optimizer is");
  assertThrows(() => healthMonitor({ batch, budget: 2 }), TypeError, "options.budget is 2");
  dispose();
});

/**
 * Trains by `minimize` until the monitor says stop; returns the numbers of the steps, and of the
 * step that stopped it.
 */
async function loop(
  { tf }: Engine,
  rate: number,
  { isKnown = true, ...options }: Partial<HealthMonitorOptions> & { isKnown?: boolean },
) {
  const optimizer = tf.train.sgd(rate);
  const { model, batch, data: [inputs, targets], dispose } = subject({ tf } as Engine, optimizer);
  if (!isKnown) model.optimizer = undefined as never;
  const monitor = healthMonitor({ batch, objective, model, budget: 1, ...options });
  try {
    for (let step = 1; step <= 30; step++) {
      const predicted = () => model.apply(inputs, { training: true }) as Tensor;
      const loss = optimizer.minimize(
        () => tf.losses.meanSquaredError(targets, predicted()),
        true,
      )!;
      const { stop } = await monitor.step({ loss, inputs, targets });
      loss.dispose();
      if (stop) return { monitor, stopped: step };
    }
    return { monitor, stopped: null };
  } finally {
    await monitor.end();
    dispose();
  }
}

Deno.test("step() says if a loop is to stop, and rejects if an error throws", async () => {
  await using engine = await startEngine();
  assertEquals((await loop(engine, 1e-7, { onFinding: "stop" })).stopped, 10);
  assertEquals((await loop(engine, 0.05, { onFinding: "stop" })).stopped, null);
  assertEquals((await loop(engine, 1e-7, { onFinding: "keep" })).stopped, null);
  const { message } = await assertRejects(() => loop(engine, 1e-7, {}), AssertionError);
  assert(message.startsWith("After 10 batches:"), message);
  const { monitor, stopped } = await loop(engine, 1e4, { onFinding: "lower" });
  const [{ backTo, from, to }] = monitor.lowerings;
  assertEquals([stopped, backTo, from], [null, 0, 1e4]);
  assertEquals(monitor.steps.at(-1)!.learningRate, to);
});

Deno.test("a loop whose optimizer is not known has the updates of its steps, and no gradients", async () => {
  await using engine = await startEngine();
  const known = await loop(engine, 0.05, { onFinding: "keep" });
  const other = await loop(engine, 0.05, { onFinding: "keep", isKnown: false });
  const updates = ({ monitor }: typeof known) =>
    monitor.steps.map(({ updateRatio }) => updateRatio);
  assertEquals(updates(other), updates(known));
  const norms = ({ monitor }: typeof known) =>
    monitor.steps.slice(1).every(({ gradientNorm }) => gradientNorm! > 0);
  assertEquals([norms(known), norms(other)], [true, false]);
  assertEquals(other.monitor.steps.at(-1)!.learningRate, null);
});

Deno.test("step() rejects a disposed loss and a call that does not wait, and skips disposed batches", async () => {
  await using engine = await startEngine();
  const { model, batch, data: [inputs, targets], dispose } = subject(
    engine,
    engine.tf.train.sgd(0.05),
  );
  const monitor = healthMonitor({ batch, objective, model, onFinding: "keep" });
  const loss = engine.tf.scalar(1);
  loss.dispose();
  await assertRejects(() => monitor.step({ loss }), TypeError, "step.loss is a tensor that was");
  const gone = [inputs.clone(), targets.clone()];
  engine.tf.dispose(gone);
  await monitor.step({ loss: 1, inputs: gone[0], targets: gone[1] });
  const first = monitor.step({ loss: 1 });
  await assertRejects(() => monitor.step({ loss: 1 }), TypeError, "step() is called before");
  await first;
  assertEquals(monitor.steps.length, 3);
  await monitor.end();
  dispose();
});

Deno.test("healthMonitor() measures the end of a loop into its last row and into the log", async () => {
  await using engine = await startEngine();
  const { model, batch, dispose } = subject(engine, engine.tf.train.sgd(0.05));
  const log = await Deno.makeTempFile();
  const monitor = healthMonitor({ batch, objective, model, onFinding: "keep", every: 5, log });
  for (let step = 1; step <= 7; step++) await monitor.step({ loss: 1 });
  assertEquals(monitor.steps.at(-1)!.validationLoss, undefined);
  await monitor.end();
  const held = monitor.history.at(-1)!.measurements.objective.value;
  assertEquals(monitor.steps.map(({ step }) => step), [0, 1, 2, 3, 4, 5, 6, 7]);
  assertEquals(monitor.steps.at(-1)!.validationLoss, held);
  const read = readTrainingLog(await Deno.readTextFile(log));
  assertEquals([read.length, read.at(-1)!.validationLoss], [8, held]);
  await Deno.remove(log);
  dispose();
});

Deno.test("a monitor that throws leaves no tensor, no trace in the optimizer, and no page", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const optimizer = tf.train.sgd(0.05);
  const { model, batch, data: [, targets], dispose } = subject(engine, optimizer);
  const before = tf.memory().numTensors;
  const prototype = Object.getPrototypeOf(optimizer);
  const isShadowed = () => Object.getPrototypeOf(optimizer) !== prototype;
  const wrong = { inputs: batch.inputs, targets: targets.slice(1) };
  assertThrows(
    () => healthMonitor({ batch: wrong, objective, model }),
    TypeError,
    "32 and 31 examples",
  );
  wrong.targets.dispose();
  assertEquals([tf.memory().numTensors, isShadowed()], [before, false]);
  const monitor = healthMonitor({ batch, objective, model, live: true });
  assertEquals(isShadowed(), true);
  await assertRejects(() => monitor.step({ loss: NaN }), AssertionError, "The loss is NaN");
  assertEquals([tf.memory().numTensors, isShadowed()], [before, false]);
  assertEquals(monitor.url, null);
  dispose();
});

Deno.test("healthMonitor() says once that it sees no update of the optimizer that was named", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const said = async (isNamed: boolean) => {
    const used = tf.train.sgd(0.05);
    const { model, batch, data: [inputs, targets], dispose } = subject(engine, used);
    const optimizer = isNamed ? used : tf.train.sgd(0.05);
    const monitor = healthMonitor({ batch, objective, model, optimizer, onFinding: "keep" });
    const { error } = console;
    const lines: string[] = [];
    console.error = (line: string) => void lines.push(line);
    try {
      for (let step = 0; step < 25; step++) {
        const predicted = () => model.apply(inputs) as Tensor;
        const loss = used.minimize(() => tf.losses.meanSquaredError(targets, predicted()), true)!;
        await monitor.step({ loss });
        loss.dispose();
      }
      await monitor.end();
    } finally {
      console.error = error;
      dispose();
    }
    return lines;
  };
  assertEquals(await said(true), []);
  assertEquals(await said(false), [
    "healthMonitor, after 20 batches: no update by the optimizer was seen; name the one that " +
    "trains the model (optimizer).",
  ]);
});

Deno.test("onFinding must return a response, and not a promise of one", async () => {
  await using engine = await startEngine();
  const { model, batch, dispose } = subject(engine, engine.tf.train.sgd(0.05));
  const expected = '"keep", "stop", "throw", "lower" or nothing';
  for (const response of ["halt", Promise.resolve("stop")]) {
    const onFinding = () => response as never;
    const monitor = healthMonitor({ batch, objective, model, onFinding });
    const { message } = await assertRejects(() => monitor.step({ loss: NaN }), TypeError);
    assert(message.startsWith("options.onFinding returns "), message);
    assert(message.endsWith(`, expected ${expected}`), message);
  }
  dispose();
});
