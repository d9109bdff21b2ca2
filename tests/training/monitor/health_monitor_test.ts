import {
  assertAlmostEquals,
  assertEquals,
  AssertionError,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  healthMonitor,
  type HealthMonitorOptions,
} from "../../../src/training/monitor/health_monitor.ts";
import { EngineError } from "../../../src/engine/engine.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { exerciseModel } from "../../../src/core/model/layers/exercise_model.ts";
import type { Finding } from "../../../src/core/rules/finding.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";
import { type Fault, patient } from "../../networks/patients.ts";

const OBJECTIVE = "meanSquaredError";

interface Training {
  options?: Partial<HealthMonitorOptions>;
  learningRate?: number;
  epochs?: number;
  create?: () => LayersModel;
}

/** Trains on 32 examples in batches of 8, with a monitor or without; checks that no tensor is left. */
async function train({ options, learningRate = 1e-3, epochs = 3, create }: Training) {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = create?.() ??
    exerciseModel({ depth: 3, std: 1 / Math.sqrt(20), seed: 5 });
  const batch = randomBatch(model, { objective: OBJECTIVE });
  const monitor = options && healthMonitor({ batch, objective: OBJECTIVE, budget: 1, ...options });
  model.compile({ optimizer: tf.train.sgd(learningRate), loss: OBJECTIVE });
  const before = tf.memory().numTensors;
  try {
    const { epoch } = await model.fit(batch.inputs, batch.targets!, {
      epochs,
      batchSize: 8,
      shuffle: false,
      verbose: 0,
      callbacks: monitor,
    });
    assertEquals(tf.memory().numTensors, before);
    const weights = model.getWeights().map((weight) => [...weight.dataSync()]);
    return { history: monitor?.history ?? [], epochs: epoch.length, weights };
  } finally {
    tf.dispose([batch.inputs, batch.targets!]);
    model.dispose();
  }
}

const steps = (history: readonly { step: number }[]) => history.map(({ step }) => step);

Deno.test("healthMonitor() measures as often as `every` says, over all epochs, and keeps it", async () => {
  const { history } = await train({ options: { every: 3 } });
  assertEquals(history.map(({ step, epoch }) => [step, epoch]), [
    [0, 0],
    [3, 1],
    [6, 2],
    [9, 3],
    [12, 3],
  ]);
  const losses = history.map(({ measurements }) => measurements.objective.value);
  assertEquals(losses, losses.toSorted((a, b) => b - a));
  assertEquals(history.every(({ milliseconds }) => milliseconds > 0), true);
  assertEquals(steps((await train({ options: { every: 12 } })).history), [0, 12]);
});

Deno.test("healthMonitor() measures the end of a training if the last batch was not measured", async () => {
  assertEquals(steps((await train({ options: { every: 13 } })).history), [0, 12]);
  assertEquals(steps((await train({ options: { every: 5 } })).history), [0, 5, 10, 12]);
  assertEquals(steps((await train({ options: {}, epochs: 0 })).history), [0]);
  await assertRejects(
    () => train({ options: { every: 100, rules: ["non-finite"] }, learningRate: 1e6 }),
    AssertionError,
    "After 12 batches, in epoch 3 of 3:",
  );
});

Deno.test("healthMonitor() measures the first steps closely unless it is told how often", async () => {
  const { history } = await train({ options: {}, epochs: 30 });
  assertEquals(steps(history), [0, 1, 2, 5, 10, 20, 50, 100, 120]);
});

Deno.test("healthMonitor() does not change what is learned", async () => {
  const watched = await train({ options: { every: 1 } });
  assertEquals(watched.history.length, 13);
  assertEquals(watched.weights, (await train({})).weights);
});

Deno.test("healthMonitor() throws an error by default, and says after how many batches", async () => {
  const { message } = await assertRejects(
    () => train({ options: { every: 2 }, learningRate: 1e6 }),
    AssertionError,
    "After 2 batches, in epoch 1 of 3:\nModel ",
  );
  assertMatch(
    message,
    /Broken rules: .*(saturated-activations|dead-units|vanishing-gradients|non-finite)/,
  );
});

Deno.test("healthMonitor() stops the training, or goes on, as it is told", async () => {
  const stopped = await train({ options: { every: 2, onFinding: "stop" }, learningRate: 1e6 });
  assertEquals([steps(stopped.history), stopped.epochs], [[0, 2], 1]);
  const kept = await train({ options: { every: 2, onFinding: "keep" }, learningRate: 1e6 });
  assertEquals([kept.history.length, kept.epochs], [7, 3]);
  assertEquals(kept.history[1].findings.some(({ severity }) => severity === "error"), true);
});

Deno.test("healthMonitor() asks about each error and each warning, and does as it is answered", async () => {
  const asked: [string, number][] = [];
  const onFinding = (finding: Finding, { step }: { step: number }) => {
    asked.push([finding.severity, step]);
    return step === 6 ? "stop" as const : undefined;
  };
  const { history } = await train({ options: { every: 2, onFinding }, learningRate: 1e6 });
  assertEquals(steps(history), [0, 2, 4, 6]);
  assertEquals(new Set(asked.map(([, step]) => step)), new Set([2, 4, 6]));
  assertEquals(asked.some(([severity]) => severity === "note"), false);
  await assertRejects(
    () => train({ options: { every: 4, onFinding: () => "throw" }, learningRate: 1e6 }),
    AssertionError,
    "After 4 batches",
  );
});

Deno.test("healthMonitor() checks the chosen rules, and takes the network for a trained one", async () => {
  const create = () => exerciseModel({ depth: 3, std: 5 / Math.sqrt(20), seed: 5 });
  const options = { every: 12, rules: ["init-scale"] };
  const noted = await train({ create, options });
  assertEquals([...new Set(noted.history[1].findings.map(({ severity }) => severity))], ["note"]);
  await assertRejects(
    () => train({ create, options: { ...options, trained: false } }),
    AssertionError,
    "init-scale",
  );
  await train({ create, options: { ...options, trained: false, initScaleFactor: 20 } });
});

Deno.test("healthMonitor() records step 0, and how each kernel moved since", async () => {
  const { history } = await train({ options: { every: 5 } });
  const [start, ...later] = history;
  assertEquals([start.step, start.epoch, start.progress, start.cause], [0, 0, [], null]);
  // Three hidden layers and the head; the end of the training, which is known beforehand, included.
  for (const { progress, cause } of later) {
    assertEquals(progress.map(({ weight }) => weight), [
      "dense_1/kernel",
      "dense_2/kernel",
      "dense_3/kernel",
      "dense_4/kernel",
    ]);
    for (const { growth, updateRatio } of progress) {
      assertEquals(Math.abs(growth! - 1) < 0.1, true);
      assertEquals(updateRatio! > 0 && updateRatio! < 0.1, true);
    }
    assertEquals(cause, null);
  }
  assertNotEquals(later[0].progress, later[1].progress);
});

Deno.test("healthMonitor() measures the update of the latest batch as a share of the kernel", async () => {
  const small = await updateAt(1e-4);
  const large = await updateAt(1e-3);
  assertAlmostEquals(large / small, 10, 0.01);
});

/** The update ratio of the first kernel after one step. */
async function updateAt(learningRate: number): Promise<number> {
  await using engine = await startEngine();
  const model = exerciseModel({ depth: 2, std: 1 / Math.sqrt(20), seed: 5 });
  const batch = randomBatch(model, { objective: OBJECTIVE });
  const monitor = healthMonitor({ batch, objective: OBJECTIVE, budget: 1 });
  model.compile({ optimizer: engine.tf.train.sgd(learningRate), loss: OBJECTIVE });
  await model.fit(batch.inputs, batch.targets!, { epochs: 1, verbose: 0, callbacks: monitor });
  engine.tf.dispose([batch.inputs, batch.targets!]);
  model.dispose();
  return monitor.history[1].progress[0].updateRatio!;
}

Deno.test("healthMonitor() throws an InputError when an option is wrong", async () => {
  await using engine = await startEngine();
  const batch = { inputs: engine.tf.ones([8, 20]) };
  const wrong: [Partial<HealthMonitorOptions>, typeof TypeError | typeof InputError, string][] = [
    [
      { batch: undefined },
      TypeError,
      "options.batch has no inputs, expected the batch to measure on",
    ],
    [{ every: 0 }, InputError, "options.every is 0, expected a whole number of at least 1"],
    [{ every: 1.5 }, InputError, "options.every is 1.5, expected a whole number of at least 1"],
    [{ onFinding: "warn" as never }, TypeError, 'options.onFinding is "warn", expected "keep"'],
    [{ rules: "symmetry" as never }, TypeError, "expected an array of names"],
    [{ evry: 1 } as never, TypeError, 'unknown key "evry"; did you mean "every"?'],
    [
      { zzzzzzzz: 1 } as never,
      TypeError,
      "expected one of batch, every, rules, objective, onFinding",
    ],
    [{ satratedFraction: 1 } as never, TypeError, 'unknown key "satratedFraction"'],
    [{ saturatedFraction: 2 }, InputError, "saturatedFraction is 2, expected a number from 0 to 1"],
    [{ objective: "mse" as never }, TypeError, "expected a function or one of sum"],
    [{ rules: ["dead"] }, TypeError, 'rules has "dead", expected one of non-finite'],
    [{ rules: ["dead-unit"] }, TypeError, 'has "dead-unit"; did you mean "dead-units"?'],
    [{ rules: [3 as never] }, TypeError, "rules has 3, expected one of non-finite"],
  ];
  for (const [options, type, text] of wrong) {
    assertThrows(() => healthMonitor({ batch, ...options } as HealthMonitorOptions), type, text);
  }
  assertThrows(() => healthMonitor(undefined as never), TypeError, "expected an object");
  batch.inputs.dispose();
});

Deno.test("healthMonitor() throws an EngineError when no engine runs", () => {
  assertThrows(
    () => healthMonitor({ batch: {} as never }),
    EngineError,
    "No engine runs: start the engine first, with await startEngine()",
  );
});

/** A network of two layers, given as a chain or as a graph. */
async function named(create: (tf: TensorFlow) => LayersModel): Promise<string[]> {
  await using engine = await startEngine();
  const model = create(engine.tf);
  const batch = randomBatch(model, { objective: OBJECTIVE });
  model.compile({ optimizer: engine.tf.train.sgd(1e30), loss: OBJECTIVE });
  const monitor = healthMonitor({ batch, objective: OBJECTIVE, budget: 1, rules: ["non-finite"] });
  try {
    const { message } = await assertRejects(
      () => model.fit(batch.inputs, batch.targets!, { epochs: 9, verbose: 0, callbacks: monitor }),
      AssertionError,
    );
    return message.split("\n");
  } finally {
    engine.tf.dispose([batch.inputs, batch.targets!]);
    model.dispose();
  }
}

Deno.test("healthMonitor() calls a model by its own name, and blames the learning rate for NaN first", async () => {
  const chain = await named((tf) =>
    tf.sequential({
      name: "mine",
      layers: [
        tf.layers.dense({ name: "h1", units: 8, inputShape: [4] }),
        tf.layers.dense({ units: 1 }),
      ],
    })
  );
  assertMatch(chain[1], /^Model "mine" /);
  assertMatch(chain[2], /^1\. The learning rate of 1e30 is too high: /);
  const fix = chain.filter((line) => line.startsWith("   Fix:"));
  assertEquals(fix.length, 1);
  assertMatch(
    fix[0],
    /^ {3}Fix: Set the learning rate to 0\.\d+, and start again .*: tried there, /,
  );
  const graph = await named((tf) => {
    const inputs = tf.input({ shape: [4] });
    const hidden = tf.layers.dense({ units: 8 }).apply(inputs) as typeof inputs;
    const outputs = tf.layers.dense({ units: 1 }).apply(hidden) as typeof inputs;
    return tf.model({ name: "my_model", inputs, outputs });
  });
  assertMatch(graph[1], /^Model "my_model" /);
});

Deno.test("healthMonitor() leaves the learning rate alone where the held batch is not finite", async () => {
  await using engine = await startEngine();
  const model = exerciseModel({ depth: 2, std: 1 / Math.sqrt(20) });
  const good = randomBatch(model, { objective: OBJECTIVE });
  const held = { ...good, inputs: engine.tf.fill([8, 20], NaN), targets: engine.tf.zeros([8, 1]) };
  const monitor = healthMonitor({ batch: held, objective: OBJECTIVE, onFinding: "keep" });
  model.compile({ optimizer: engine.tf.train.sgd(1e-3), loss: OBJECTIVE });
  await model.fit(good.inputs, good.targets!, { verbose: 0, callbacks: monitor });
  assertEquals(monitor.history.map(({ cause }) => cause), [null, null]);
  assertEquals(monitor.history[1].findings[0].fix.startsWith("Clean the batch"), true);
  engine.tf.dispose([good.inputs, good.targets!, held.inputs, held.targets]);
  model.dispose();
});

/** Trains a convolutional network by SGD, and says what it was stopped by. */
async function stoppedBy(learningRate: number, fault: Fault) {
  await using engine = await startEngine();
  const { model, batch, objective } = patient(engine.tf, fault);
  const { inputs, targets } = batch as { inputs: Tensor; targets: Tensor };
  model.compile({ optimizer: engine.tf.train.sgd(learningRate), loss: objective as string });
  const monitor = healthMonitor({ batch, every: 2, objective });
  const options = { batchSize: 8, epochs: 1, verbose: 0, callbacks: monitor } as const;
  const { message } = await assertRejects(
    () => model.fit(inputs, targets, options),
    AssertionError,
  );
  engine.tf.dispose([inputs, targets]);
  model.dispose();
  return { message, record: monitor.history.at(-1)! };
}

Deno.test("healthMonitor() names a learning rate of 50, and nothing of initialisation", async () => {
  const { message, record } = await stoppedBy(50, {});
  const lines = message.split("\n");
  assertMatch(lines[1], /is SICK: 1 cause$/);
  assertMatch(lines[2], /^1\. The learning rate of 50 is too high: .*kernel is .* times as large/);
  assertMatch(lines[3], /^ {3}Fix: Set the learning rate to 0\.\d+, .*: tried there, /);
  assertMatch(lines[4], /^ {3}As a result: /);
  assertEquals(/Multiply|Draw|nitializer/.test(message), false);
  assertEquals([record.cause?.kind, record.cause?.severity], ["rate-too-high", "error"]);
});

Deno.test("healthMonitor() prints the fix with an error that ends nothing", async () => {
  await using engine = await startEngine();
  const { model, batch, objective } = patient(engine.tf, {});
  const { inputs, targets } = batch as { inputs: Tensor; targets: Tensor };
  model.compile({ optimizer: engine.tf.train.sgd(50), loss: objective as string });
  const callbacks = healthMonitor({ batch, every: 2, objective, onFinding: "keep" });
  const { error } = console;
  const lines: string[] = [];
  console.error = (line: string) => void lines.push(line);
  try {
    await model.fit(inputs, targets, { batchSize: 8, epochs: 1, verbose: 0, callbacks });
  } finally {
    console.error = error;
    engine.tf.dispose([inputs, targets]);
    model.dispose();
  }
  assertMatch(
    lines[0],
    /^healthMonitor, after 2 batches: The learning rate of 50 is too high: .*\. Fix: Set the learning rate to 0\.\d+, .*: tried there, /,
  );
});

Deno.test("healthMonitor() gives no fix on initialisation once training has moved the weights", async () => {
  const fix = /Multiply .* or draw them with kernelInitializer/;
  // Both have kernels that are too large; those of the first pass no gradient, and stay what they were: they are
  // judged as before training.
  const unmoved = await stoppedBy(1e-3, { std: 5 });
  assertMatch(unmoved.message, /\n1\. The kernels of conv1 \.\.\. head are .* too large/);
  assertMatch(unmoved.message, fix);
  const moved = await stoppedBy(1e-3, { std: 1 });
  assertMatch(moved.message, /\n1\. The kernels of conv1, conv2, fc1 are .* too large/);
  assertEquals(/Multiply|Draw|nitializer|Start the bias/.test(moved.message), false);
  assertEquals([unmoved.record.cause, moved.record.cause], [null, null]);
});
