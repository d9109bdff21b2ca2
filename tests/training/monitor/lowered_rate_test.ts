import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  healthMonitor,
  type HealthMonitorOptions,
} from "../../../src/training/monitor/health_monitor.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, Optimizer } from "../../../src/engine/tensorflow.ts";
import { fit, objective, subject } from "./watched_training.ts";

Deno.test("healthMonitor() goes back to healthy weights at a lower rate, and then learns", async () => {
  await using engine = await startEngine();
  const monitor = await fit(engine, engine.tf.train.sgd(1e4), { onFinding: "lower" });
  const [{ from, to, backTo }, ...others] = monitor.lowerings;
  assertEquals([from, backTo, others.length], [1e4, 0, 0]);
  assert(to < 1);
  const start = monitor.history[0];
  const end = monitor.history.at(-1)!;
  assert(end.measurements.objective.value < 0.5 * start.measurements.objective.value);
  // Moments of the broken steps are gone, too.
  const adam = await fit(engine, engine.tf.train.adam(100), { onFinding: "lower" });
  assert(adam.lowerings.length >= 1);
  const losses = adam.history.map(({ measurements }) => measurements.objective.value);
  assert(losses.at(-1)! < losses[0], losses.join(" "));
});

/** Sets the rate of an optimizer before each batch. */
function scheduled(
  { tf }: Engine,
  optimizer: Optimizer,
  rateOf: (step: number, before: number) => number,
) {
  const own = optimizer as unknown as {
    learningRate: number;
    setLearningRate?: (rate: number) => void;
  };
  let step = 0;
  return new class extends tf.Callback {
    override setModel() {}
    override onBatchBegin(): Promise<void> {
      own.learningRate = rateOf(step++, own.learningRate);
      own.setLearningRate?.(own.learningRate);
      return Promise.resolve();
    }
  }();
}

Deno.test("a lowered rate stays lowered under a schedule, which goes on", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const schedules = {
    absolute: (start: number) => (step: number) => start / (1 + step / 20),
    relative: () => (_: number, before: number) => 0.99 * before,
  };
  for (
    const [name, create] of [["sgd", () => tf.train.sgd(1e4)], [
      "adam",
      () => tf.train.adam(100),
    ]] as const
  ) {
    for (const [kind, schedule] of Object.entries(schedules)) {
      const optimizer: Optimizer = create();
      const { model, batch, data, dispose } = subject(engine, optimizer);
      const monitor = healthMonitor({ batch, objective, onFinding: "lower", budget: 1 });
      const rates = schedule(name === "sgd" ? 1e4 : 100);
      await model.fit(...data, {
        epochs: 20,
        batchSize: 8,
        shuffle: false,
        verbose: 0,
        callbacks: [scheduled(engine, optimizer, rates), monitor],
      });
      const { at, to } = monitor.lowerings.at(-1)!;
      const later = monitor.steps.filter(({ step }) => step > at);
      const first = later[0].learningRate!;
      const last = later.at(-1)!.learningRate!;
      assert(first <= to && first > 0.8 * to, `${name} ${kind}: ${first} after ${to}`);
      assert(last < first, `${name} ${kind}: ${last} after ${first}`);
      const losses = monitor.history.map(({ measurements }) => measurements.objective.value);
      assert(losses.at(-1)! < losses[0], `${name} ${kind}: ${losses.join(" ")}`);
      dispose();
    }
  }
});

/** Trains at a rate that becomes far too high before a step; keeps the weights before each step. */
async function jumping(
  engine: Engine,
  at: number,
  { rate = 0.05, ...options }: Partial<HealthMonitorOptions> & { rate?: number } = {},
) {
  const { tf } = engine;
  const optimizer = tf.train.sgd(rate);
  const { model, batch, data, dispose } = subject(engine, optimizer);
  const monitor = healthMonitor({ batch, objective, onFinding: "lower", budget: 1, ...options });
  const weights: number[][] = [];
  const keep = (model: LayersModel) =>
    weights.push(model.getWeights().flatMap((weight) => [...weight.dataSync()]));
  const said: string[] = [];
  const { error } = console;
  console.error = (line: string) => void said.push(line);
  try {
    await model.fit(...data, {
      epochs: 10,
      batchSize: 8,
      shuffle: false,
      verbose: 0,
      callbacks: [
        scheduled(engine, optimizer, (step, before) => {
          keep(model);
          return step === at ? 1e4 : before;
        }),
        monitor,
      ],
    });
  } finally {
    console.error = error;
    dispose();
  }
  return { monitor, weights, said };
}

Deno.test("healthMonitor() goes back to the last healthy weights, and says so", async () => {
  await using engine = await startEngine();
  const { monitor, weights, said } = await jumping(engine, 25);
  const [{ at, backTo, from, to }, ...others] = monitor.lowerings;
  // Step 20 is the last full pass before the jump.
  assertEquals([backTo, from, others.length], [20, 1e4, 0]);
  assert(at > 25 && at < 40, `${at}`);
  assertEquals(weights[at], weights[20]);
  assert(weights[at - 1].some((weight, i) => weight !== weights[20][i]));
  assertEquals(monitor.steps[at + 1].learningRate, to);
  const record = monitor.history.find(({ step }) => step === at)!;
  const { fix } = record.findings.find(({ rule, severity }) =>
    rule === "rate-too-high" && severity === "error"
  )!;
  const [, tried] = fix.match(/^Set the learning rate to (\S+), .* the weights of step 20: tried/)!;
  assertEquals(Number(tried), to);
  const lines = said.join("\n");
  assertMatch(lines, /The learning rate of 1e4 is too high/);
  assertStringIncludes(
    lines,
    `healthMonitor, after ${at} batches: back to the weights of step 20, with a learning rate of ` +
      `${tried} instead of 1e4.`,
  );
});

Deno.test("healthMonitor() lowers a rate to a third if none can be tried", async () => {
  await using engine = await startEngine();
  const { inputs } = subject(engine, engine.tf.train.sgd(0.05)).batch;
  const { monitor } = await jumping(engine, 25, { batch: { inputs }, objective: undefined });
  const [{ backTo, from, to }] = monitor.lowerings;
  assertEquals([backTo, from, to], [20, 1e4, 1e4 / 3]);
});

Deno.test("healthMonitor() raises a rate that is too low to one that was tried", async () => {
  await using engine = await startEngine();
  const monitor = await fit(engine, engine.tf.train.sgd(1e-7), { onFinding: "lower" });
  const [{ at, backTo, from, to }] = monitor.lowerings;
  assertEquals([at, backTo, from], [10, 5, 1e-7]);
  assert(to > 1e-3, `${to}`);
  const losses = monitor.history.map(({ measurements }) => measurements.objective.value);
  assert(losses.at(-1)! < 0.9 * losses[0], losses.join(" "));
});

Deno.test("healthMonitor() keeps a rate that is too low if none can be tried, and says so once", async () => {
  await using engine = await startEngine();
  const { inputs } = subject(engine, engine.tf.train.sgd(0.05)).batch;
  const untried = { batch: { inputs }, objective: undefined, rate: 1e-7 };
  const { monitor, weights, said } = await jumping(engine, NaN, untried);
  assertEquals(monitor.lowerings.length, 0);
  assertEquals(new Set(monitor.steps.slice(1).map(({ learningRate }) => learningRate)).size, 1);
  assert(weights[10].some((weight, i) => weight !== weights[5][i]), "the weights went back");
  assertEquals(said.filter((line) => line.includes("stays")), [
    "healthMonitor, after 10 batches: the learning rate stays at 1e-7: it is too low, and no higher " +
    "one is known to train.",
  ]);
  // Later failures have their own cause.
  const [{ at, from, to }] = (await jumping(engine, 25, untried)).monitor.lowerings;
  assert(at > 25);
  assertEquals([from, to], [1e4, 1e4 / 3]);
});
