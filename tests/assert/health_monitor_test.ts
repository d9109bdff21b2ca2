import { InputError } from "../../src/words/input_error.ts";
import {
  assertAlmostEquals,
  assertEquals,
  AssertionError,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { healthMonitor, type HealthMonitorOptions } from "../../src/assert/health_monitor.ts";
import type { Finding } from "../../src/rules/finding.ts";
import { EngineError } from "../../src/engine/engine.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { LayersModel } from "../../src/engine/tensorflow.ts";
import { exerciseModel } from "../../src/model/layers/exercise_model.ts";
import { randomBatch } from "../../src/model/batches/random_batch.ts";

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
  const monitor = options && healthMonitor({ batch, objective: OBJECTIVE, ...options });
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
    () => train({ options: { every: 100 }, learningRate: 1e6 }),
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
  const monitor = healthMonitor({ batch, objective: OBJECTIVE });
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
