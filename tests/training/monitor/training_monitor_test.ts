import {
  assert,
  assertEquals,
  AssertionError,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { healthMonitor } from "../../../src/training/monitor/health_monitor.ts";
import { LivePage } from "../../../src/training/monitor/live_page.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, Tensor } from "../../../src/engine/tensorflow.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { readTrainingLog } from "../../../src/training/read_training_log.ts";
import { withFolder } from "../../core/model/save_model.ts";
import { fit, objective, subject } from "./watched_training.ts";

const found = ({ history }: ReturnType<typeof healthMonitor>) => [
  ...new Set(
    history.flatMap(({ findings }) =>
      findings.filter(({ severity }) => severity === "error").map(({ rule }) => rule)
    ),
  ),
];

Deno.test("healthMonitor() keeps the signals of every step", async () => {
  await using engine = await startEngine();
  const { steps } = await fit(engine, engine.tf.train.sgd(0.05), { budget: 1 });
  assertEquals(steps.map(({ step }) => step), Array.from({ length: 41 }, (_, i) => i));
  for (
    const { step, loss, gradientNorm, updateRatio, decreaseRatio, largestInput } of steps.slice(1)
  ) {
    assert(loss! > 0 && gradientNorm! > 0 && updateRatio! > 0 && largestInput! > 1);
    // The loss of every second of the first 20 batches is computed once more, and nearly linear.
    if (step > 20 || step % 2 === 0) assertEquals(decreaseRatio, null);
    else assert(decreaseRatio! > 0.5 && decreaseRatio! < 1.1, `${step}: ${decreaseRatio}`);
  }
});

Deno.test("the signals of plain descent are those of its definition", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const slow = await fit(engine, tf.train.sgd(1e-4), {}, 1);
  const fast = await fit(engine, tf.train.sgd(1e-3), {}, 1);
  const a = slow.steps[1];
  const b = fast.steps[1];
  assertEquals(a.loss, b.loss);
  assertEquals(a.gradientNorm, b.gradientNorm);
  assert(Math.abs(b.updateRatio! / a.updateRatio! - 10) < 0.01);
});

Deno.test("healthMonitor() names a rate that is too low by step 10, and one that was tried", async () => {
  await using engine = await startEngine();
  const error = await assertRejects(
    () => fit(engine, engine.tf.train.sgd(1e-7), { onFinding: "throw" }),
    AssertionError,
  );
  assertStringIncludes(error.message, "After 10 batches, in epoch 3 of 10:");
  assertStringIncludes(error.message, "The learning rate of 1e-7 is too low");
  assertStringIncludes(error.message, "start again from the weights of step 5: tried there,");
});

Deno.test("healthMonitor() names the example whose input is NaN", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { model, batch, data: [inputs, targets], dispose } = subject(engine, tf.train.sgd(0.05));
  const values = inputs.dataSync<"float32">().slice();
  values[11 * 20] = NaN;
  const poisoned = tf.tensor(values, inputs.shape);
  const monitor = healthMonitor({ batch, objective, budget: 1 });
  const fitted = () =>
    model.fit(poisoned, targets, { batchSize: 8, shuffle: false, verbose: 0, callbacks: monitor });
  const { message } = await assertRejects(fitted, AssertionError);
  assertStringIncludes(message, "After 2 batches");
  assertStringIncludes(
    message,
    "Batch 2 of epoch 1 holds NaN or infinite entries in the example with index 3.",
  );
  poisoned.dispose();
  dispose();
});

Deno.test("healthMonitor() writes a log that can be judged afterwards, and a file for TensorBoard", async () => {
  await using engine = await startEngine();
  await withFolder(async (folder) => {
    const log = `${folder}/log.jsonl`;
    const tensorBoard = `${folder}/runs`;
    const { steps } = await fit(engine, engine.tf.train.sgd(0.05), { log, tensorBoard });
    const [{ name }, ...others] = [...Deno.readDirSync(tensorBoard)];
    assertEquals([name.startsWith("events.out.tfevents."), others.length], [true, 0]);
    assert((await Deno.stat(`${tensorBoard}/${name}`)).size > 100 * steps.length);
    const plain = (row: object) =>
      Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
    const read = readTrainingLog(await Deno.readTextFile(log));
    assert(read.at(-1)!.validationLoss! > 0);
    assertEquals(read.map(({ loss }) => loss), steps.map(({ loss }) => loss));
    assertEquals(Object.keys(plain(read[5])).toSorted(), Object.keys(plain(steps[5])).toSorted());
  });
});

Deno.test("healthMonitor() finds nothing in a training that learns", async () => {
  await using engine = await startEngine();
  assertEquals(found(await fit(engine, engine.tf.train.sgd(0.05), {}, 40)), []);
  assertEquals(found(await fit(engine, engine.tf.train.adam(1e-3), {}, 40)), []);
});

Deno.test("healthMonitor() serves the page of a running training on the loopback alone", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const optimizer = tf.train.sgd(0.05);
  const { model, batch, data: [inputs, targets], dispose } = subject(engine, optimizer);
  const onFinding = "keep";
  const budget = 1; // so that the second step has a full pass, which is news
  const monitor = healthMonitor({ batch, objective, model, onFinding, budget, live: true });
  assertEquals(monitor.url, null);
  const step = async () => {
    const predicted = () => model.apply(inputs, { training: true }) as Tensor;
    const loss = optimizer.minimize(() => tf.losses.meanSquaredError(targets, predicted()), true)!;
    await monitor.step({ loss });
    loss.dispose();
  };
  await step();
  const url = monitor.url!;
  const get = async (path: string) => (await fetch(`${url}${path}`)).text();
  assertStringIncludes(await get("/"), 'new EventSource("/events")');
  assertStringIncludes(await get("/page"), "exercise: training");
  const news = await fetch(`${url}/events`);
  const reader = news.body!.getReader();
  await step();
  assertEquals(new TextDecoder().decode((await reader.read()).value), "data: new\n\n");
  await reader.cancel();
  const missing = await fetch(`${url}/etc`);
  await missing.body?.cancel();
  assertEquals(missing.status, 404);
  await monitor.end();
  assertEquals(monitor.url, null);
  dispose();
});

Deno.test("a live page has news once a second, less often if it is slow to draw", async () => {
  await using engine = await startEngine();
  const { history, steps } = await fit(engine, engine.tf.train.sgd(0.01), {}, 1);
  let time = 0;
  let each = 0;
  const charged: number[] = [];
  const charge = (milliseconds: number) => void charged.push(milliseconds);
  const page = new LivePage({ history, steps, charge, now: () => time += each });
  const url = `http://127.0.0.1:${page.port}`;
  const news = await fetch(`${url}/events`);
  const tickAt = (...times: number[]) => {
    for (const one of times) {
      time = one;
      page.tick();
    }
  };
  tickAt(999, 1000, 1999, 2000);
  each = 40; // Drawing takes 40 ms, 2 % of 2 s.
  await (await fetch(`${url}/page`)).body!.cancel();
  each = 0;
  tickAt(3999, 4000, 5999);
  assertEquals(charged, [40]);
  await page.close();
  const [last, ...before] = (await news.text()).split("\n\n").reverse().slice(1);
  assertEquals(before, Array(3).fill("data: new"));
  // The end holds the page, since the server has gone when a reader could ask for it.
  const [, drawn] = last.match(/^event: end\ndata: (.*)$/)!;
  assertStringIncludes(JSON.parse(drawn), "exercise: training");
});

Deno.test("a live page has news at a finding, without a full pass", async () => {
  await using engine = await startEngine();
  const { model, batch, dispose } = subject(engine, engine.tf.train.sgd(0.01));
  const options = { batch, objective, model, every: 1000, live: true } as const;
  const monitor = healthMonitor({ ...options, onFinding: "keep" });
  await monitor.step({ loss: 1 });
  const news = await fetch(`${monitor.url}/events`);
  const reader = news.body!.getReader();
  await monitor.step({ loss: NaN });
  assertEquals(new TextDecoder().decode((await reader.read()).value), "data: new\n\n");
  assertEquals(monitor.history.length, 1);
  assertStringIncludes(await (await fetch(`${monitor.url}/page`)).text(), "The loss is NaN");
  await reader.cancel();
  await monitor.end();
  dispose();
});

Deno.test("healthMonitor() names the example whose target is NaN, in `fit` and in a loop", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { model, batch, data: [inputs, targets], dispose } = subject(engine, tf.train.sgd(0.05));
  const values = targets.dataSync<"float32">().slice();
  values[13 * (values.length / targets.shape[0])] = NaN;
  const poisoned = tf.tensor(values, targets.shape);
  const monitor = healthMonitor({ batch, objective, budget: 1 });
  const fitted = () =>
    model.fit(inputs, poisoned, { batchSize: 8, shuffle: false, verbose: 0, callbacks: monitor });
  const { message } = await assertRejects(fitted, AssertionError);
  assertStringIncludes(
    message,
    "Batch 2 of epoch 1 holds NaN or infinite entries in the example with index 5.",
  );
  const looped = healthMonitor({ batch, objective, model, onFinding: "keep" });
  await looped.step({ loss: NaN, inputs, targets: poisoned });
  assertEquals(looped.steps.at(-1)!.badExamples, [13]);
  await looped.end();
  poisoned.dispose();
  dispose();
});

Deno.test("healthMonitor() names the layer in which NaN arises, forward and backward", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const breaking = async (break_: (x: Tensor) => Tensor) => {
    class Breaks extends tf.layers.Layer {
      static className = "Breaks";
      override call(inputs: Tensor | Tensor[]) {
        return break_([inputs].flat()[0]);
      }
    }
    const dense = (name: string) => tf.layers.dense({ name, units: 4 });
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ name: "first", units: 4, inputShape: [3] }),
        new Breaks({ name: "breaks" }) as never,
        dense("last"),
      ],
    });
    model.compile({ optimizer: tf.train.sgd(0.01), loss: "meanSquaredError" });
    const inputs = tf.ones([8, 3]);
    const targets = tf.ones([8, 4]);
    const held = { inputs: tf.zeros([2, 3]), targets: tf.ones([2, 4]) };
    const monitor = healthMonitor({ batch: held, onFinding: "keep", budget: 1 });
    await model.fit(inputs, targets, { batchSize: 8, verbose: 0, callbacks: monitor });
    tf.dispose([inputs, targets, held.inputs, held.targets]);
    model.dispose();
    return monitor.steps.at(-1)!.nonFinite;
  };
  // log(x) of negative numbers breaks forward; the slope of sqrt at 0 is infinite.
  const log = (x: Tensor) => tf.log(tf.sub(tf.mul(x, 0), 1));
  assertEquals(await breaking(log), { layer: "breaks", pass: "forward" });
  const root = (x: Tensor) => tf.sqrt(tf.mul(x, 0));
  assertEquals(await breaking(root), { layer: "first", pass: "backward" });
});

Deno.test("healthMonitor() knows the loss of the best constant answer while it trains", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const draw = (seed: number) => tf.randomNormal([64, 4], 0, 1, "float32", seed);
  const inputs = tf.mul(draw(1), 1e-3);
  const targets = draw(2);
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 4, inputShape: [4], kernelInitializer: "zeros" })],
  });
  // The inputs are too small to matter: only the bias can learn.
  model.compile({ optimizer: tf.train.sgd(0.05), loss: "meanSquaredError" });
  const shifted = tf.add(targets, 3) as Tensor;
  const batch = { inputs, targets: shifted };
  const monitor = healthMonitor({ batch, onFinding: () => "keep" });
  await model.fit(inputs, shifted, { epochs: 200, batchSize: 64, verbose: 0, callbacks: monitor });
  const constant = monitor.history.flatMap(({ findings }) => findings)
    .find(({ rule, kind }) => rule === "not-learning" && kind === "constant");
  const guess = tf.tidy(() => tf.moments(shifted, 0).variance.mean().dataSync()[0]);
  assertStringIncludes(constant!.message, "that of the best constant answer");
  assertStringIncludes(constant!.message, `(${guess.toPrecision(3)})`);
  tf.dispose([inputs, targets, shifted]);
  model.dispose();
});

Deno.test("healthMonitor() compares gradients with Adam's second moment", async () => {
  await using engine = await startEngine();
  const { steps } = await fit(engine, engine.tf.train.adam(1e-3), { budget: 1 });
  const ratios = steps.flatMap(({ secondMomentRatio }) => secondMomentRatio ?? []);
  assertEquals(ratios.length, 4);
  assert(ratios.every((ratio) => ratio > 0 && ratio < 10), String(ratios));
  const others = await fit(engine, engine.tf.train.sgd(1e-3), {});
  assert(others.steps.every(({ secondMomentRatio }) => (secondMomentRatio ?? null) === null));
});

Deno.test("healthMonitor() watches fitDataset(), whose length it does not know", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const watch = async (rate: number) => {
    const { model, batch, data: [inputs, targets], dispose } = subject(engine, tf.train.sgd(rate));
    const dataset = tf.data.zip({
      xs: tf.data.array(inputs.arraySync() as number[][]),
      ys: tf.data.array(targets.arraySync() as number[][]),
    }).batch(8);
    const monitor = healthMonitor({ batch, objective, onFinding: "stop", budget: 1 });
    await model.fitDataset(dataset as never, { epochs: 10, verbose: 0, callbacks: monitor });
    dispose();
    return monitor;
  };
  const healthy = await watch(0.05);
  assertEquals(healthy.steps.length, 41);
  assertEquals(healthy.history.map(({ step }) => step), [0, 1, 2, 5, 10, 20, 40]);
  assertEquals(healthy.history.at(-1)!.epoch, 10);
  const slow = await watch(1e-7);
  assertEquals(slow.steps.at(-1)!.step, 10);
  assertStringIncludes(slow.history.at(-1)!.cause!.message, "The learning rate of 1e-7 is too low");
});

Deno.test("the size of a large kernel is that of a sample, as large at each step as at the first", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 300, inputShape: [300] })] });
  model.compile({ optimizer: tf.train.sgd(1e-3), loss: objective });
  const batch = randomBatch(model, { objective });
  const monitor = healthMonitor({ batch, objective, onFinding: "keep", budget: 1 });
  const [inputs, targets] = [batch.inputs, batch.targets] as [Tensor, Tensor];
  await model.fit(inputs, targets, { epochs: 8, batchSize: 8, verbose: 0, callbacks: monitor });
  const sizes = monitor.steps.flatMap(({ growth }) => growth ?? []);
  assert(sizes.length > 20, `${sizes.length}`);
  assert(sizes.every((size) => Math.abs(size - 1) < 0.03), `${sizes}`);
  assert(
    monitor.history.every(({ findings }) =>
      findings.every(({ rule }) => rule !== "weights-shrink")
    ),
  );
  tf.dispose([inputs, targets]);
  model.dispose();
});

Deno.test("what is found at a step without a full pass is in the next record", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const optimizer = tf.train.sgd(0.01);
  const { model, batch, data: [inputs, targets], dispose } = subject(engine, optimizer);
  const monitor = healthMonitor({ batch, objective, model, onFinding: "keep", budget: 1 });
  const large = tf.mul(inputs, 100) as Tensor;
  for (let step = 1; step <= 50; step++) {
    const given = step === 33 ? large : inputs;
    const predicted = () => model.apply(inputs, { training: true }) as Tensor;
    const loss = optimizer.minimize(() => tf.losses.meanSquaredError(targets, predicted()), true)!;
    await monitor.step({ loss, inputs: given });
    loss.dispose();
  }
  await monitor.end();
  const spikes = monitor.history.flatMap(({ step, findings }) =>
    findings.filter(({ rule }) => rule === "spike").map(({ message }) => ({ step, message }))
  );
  assertEquals(spikes.map(({ step }) => step), [50]);
  assertStringIncludes(spikes[0].message, "Step 33: The largest input of the batch is 100 times");
  large.dispose();
  dispose();
});

Deno.test("healthMonitor() puts off by itself what 5 % of the training's time do not pay for", async () => {
  await using engine = await startEngine();
  const { now } = performance;
  /** Trains while each look at the clock takes some milliseconds. */
  const seen = async (look: number, budget?: number) => {
    let time = 0;
    performance.now = () => time += look;
    try {
      const { history, steps } = await fit(engine, engine.tf.train.sgd(0.05), { budget });
      const measured = (of: "updateRatio" | "decreaseRatio") =>
        steps.filter(({ [of]: value }) => typeof value === "number").map(({ step }) => step);
      const passes = history.map(({ step }) => step);
      return {
        passes,
        updates: measured("updateRatio").length,
        again: measured("decreaseRatio"),
      };
    } finally {
      performance.now = now;
    }
  };
  const odd = Array.from({ length: 10 }, (_, i) => 2 * i + 1);
  const all = { passes: [0, 1, 2, 5, 10, 20, 40], updates: 40, again: odd };
  assertEquals(await seen(0), all);
  // A pass of 100 ms is more than 5 % of the 40 steps; the first 20 steps are always looked at.
  assertEquals(await seen(100), { passes: [0, 40], updates: 20, again: [] });
  assertEquals(await seen(100, 1), all);
});

Deno.test("a pass that the budget does not pay for yet is put off, and made as soon as it does", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { now } = performance;
  /** Trains for 160 steps of some milliseconds, while each look at the clock takes one. */
  const watch = async (milliseconds: number) => {
    let time = 0;
    performance.now = () => ++time;
    const { model, batch, data, dispose } = subject(engine, tf.train.sgd(0.05));
    const monitor = healthMonitor({ batch, objective, onFinding: "keep" });
    const work = new tf.CustomCallback({
      onBatchBegin: () => void (time += milliseconds),
    });
    try {
      const options = { epochs: 40, batchSize: 8, shuffle: false, verbose: 0 } as const;
      await model.fit(...data, { ...options, callbacks: [work, monitor] });
    } finally {
      performance.now = now;
      dispose();
    }
    return monitor.history.map(({ step }) => step);
  };
  assertEquals(await watch(200), [0, 1, 2, 5, 10, 20, 50, 100, 160]);
  assertEquals(await watch(110), [0, 1, 4, 6, 10, 20, 158, 160]);
  const passes = await watch(100);
  assert(passes.length > 2 && passes.length < 9, `${passes}`);
});

Deno.test("healthMonitor() notes the held-out loss before training, and the share of its penalties", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const inputs = tf.ones([8, 4]) as Tensor;
  const targets = tf.fill([8, 1], 2) as Tensor;
  const first = async (l2: number, objective?: "sum" | "meanSquaredError") => {
    const model = tf.sequential({
      layers: [tf.layers.dense({
        name: "only",
        units: 1,
        inputShape: [4],
        kernelInitializer: "ones",
        kernelRegularizer: l2 === 0 ? undefined : tf.regularizers.l2({ l2 }),
      })],
    });
    model.compile({ optimizer: tf.train.sgd(0.01), loss: "meanSquaredError" });
    const monitor = healthMonitor({
      batch: { inputs, targets },
      objective,
      model,
      onFinding: "keep",
    });
    await monitor.end();
    const [{ step, validationLoss, penalty, layers }] = monitor.steps;
    model.dispose();
    return [step, validationLoss, penalty, layers!.map(({ layer }) => layer).join()];
  };
  // A prediction of 4 is off by 2, and the four weights of 1 cost l2 each.
  assertEquals(await first(0), [0, 4, 0, "only"]);
  assertEquals(await first(0.25), [0, 4, 0.2, "only"]);
  assertEquals(await first(0.25, "sum"), [0, undefined, undefined, "only"]);
  tf.dispose([inputs, targets]);
});

Deno.test("healthMonitor() calls a model as its user does, though fit trains an inner one", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const inputs = tf.ones([8, 4]) as Tensor;
  const targets = tf.zeros([8, 1]) as Tensor;
  const nameOf = async (model: LayersModel) => {
    model.compile({ optimizer: tf.train.sgd(0.01), loss: "meanSquaredError" });
    const monitor = healthMonitor({ batch: { inputs, targets }, onFinding: "keep" });
    await model.fit(inputs, targets, { epochs: 1, verbose: 0, callbacks: monitor });
    model.dispose();
    return monitor.history[0].measurements.model.name;
  };
  const layer = () => tf.layers.dense({ units: 1, inputShape: [4] });
  assertEquals(await nameOf(tf.sequential({ name: "mine", layers: [layer()] })), "mine");
  assertEquals(await nameOf(tf.sequential({ name: "my_model", layers: [layer()] })), "my_model");
  const input = tf.input({ shape: [4], name: "given" });
  const outputs = layer().apply(input) as never;
  assertEquals(await nameOf(tf.model({ name: "net_model", inputs: input, outputs })), "net_model");
  tf.dispose([inputs, targets]);
});

Deno.test("a loss that stands still is not another cause once a rate that is too low is known", async () => {
  await using engine = await startEngine();
  const { history } = await fit(engine, engine.tf.train.sgd(1e-7), {});
  const causes = history.flatMap(({ step, cause }) => cause === null ? [] : [[step, cause.kind]]);
  assertEquals(causes, [[10, "rate-too-low"]]);
  assertEquals(history.at(-1)!.step, 40);
});

Deno.test("two monitors of one training see its updates, and so do those of the next one", async () => {
  await using engine = await startEngine();
  const { model, batch, data, dispose } = subject(engine, engine.tf.train.sgd(0.05));
  for (let training = 0; training < 2; training++) {
    const callbacks = [1, 2].map(() => healthMonitor({ batch, objective, onFinding: "keep" }));
    await model.fit(...data, { batchSize: 8, verbose: 0, callbacks });
    for (const { steps } of callbacks) assert(steps.slice(1).every((row) => row.updateRatio! > 0));
  }
  dispose();
});

Deno.test("healthMonitor() names the layer whose weights an update breaks", async () => {
  await using engine = await startEngine();
  const { history, steps } = await fit(engine, engine.tf.train.sgd(NaN), { onFinding: "stop" });
  assertEquals(steps[1].nonFinite, { layer: "dense_1", pass: "update" });
  assertStringIncludes(
    history.at(-1)!.cause!.message,
    "A weight is NaN or infinite; it arose in `dense_1`, in the update of the weights",
  );
});
