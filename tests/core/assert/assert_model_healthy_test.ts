import {
  assert,
  assertEquals,
  AssertionError,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  type AssertHealthyOptions,
  notInterrupted,
} from "../../../src/core/assert/assert_model_healthy.ts";
import { assertHealthy, assertOverfitsBatch } from "../../../src/core/assert/assertions.ts";
import { healthMatchers } from "../../../src/core/assert/expect.ts";
import { HEALTHY_DOCUMENTATION } from "../../../src/core/assert/health_message.ts";
import { EngineError } from "../../../src/engine/engine.ts";
import { runningEngine } from "../../../src/engine/running_engine.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel } from "../../../src/engine/tensorflow.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import type { Measurements } from "../../../src/core/measure/measurements.ts";
import type { Batch } from "../../../src/core/model/batches/batch.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { exerciseModel } from "../../../src/core/model/layers/exercise_model.ts";
import { getWeights } from "../../../src/core/model/weights/model_weights.ts";
import { RULES } from "../../../src/core/rules/rules.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";
import { type Fault, patient } from "../../networks/patients.ts";
import { assertRefused } from "../../assert_refused.ts";

/** The message of the assertion on a convolutional network, or `null` where it passes. */
async function failure(fault: Fault, options: AssertHealthyOptions = {}, msg?: string) {
  await using engine = await startEngine();
  const { tf } = engine;
  const { model, batch, objective } = patient(tf, fault);
  const weights = getWeights(model);
  const before = tf.memory().numTensors;
  try {
    await assertHealthy(model, batch, { objective, ...options }, msg);
    return null;
  } catch (error) {
    assert(error instanceof AssertionError, String(error));
    return error.message;
  } finally {
    assertEquals(tf.memory().numTensors, before);
    assertEquals(getWeights(model), weights);
    tf.dispose([batch.inputs, batch.targets!].flat());
    model.dispose();
  }
}

Deno.test("assertHealthy(model, batch) begins with the verdict, the cause, the tried fix and the trial", async () => {
  const message = await failure({ bias: -10 }, {}, "Mine.");
  const lines = message!.split("\n");
  assertMatch(lines[0], /^Model ".*" \(.*\) is SICK: 1 cause$/);
  assertMatch(lines[1], /^1\. The biases of conv1, conv2, fc1 are -10/);
  assertEquals(lines[2], "   Fix: Start the biases of conv1, conv2, fc1 at 0.");
  assertMatch(lines[3], /^ {3}Tried: the model is then HEALTHY; .* before, .* after\.$/);
  assertMatch(lines[4], /^ {3}As a result: .*vanishing gradients/);
  assertMatch(
    lines[5],
    /^Trial failed: 4 of 4 layers hardly change: in 40 steps of Adam at 3 rates, the loss stays at .*, which is no better than guessing/,
  );
  assertMatch(
    lines[6],
    /^Trial passed with the fixes: in \d+ steps of Adam .*, the loss falls from/,
  );
  assertEquals(lines.at(-1), "Mine.");
  assert(lines.length < 25);
});

Deno.test("assertHealthy(model, batch) passes a network that learns all the same, unless it may not try", async () => {
  const small = { std: 1e-3 };
  assertEquals(await failure(small), null);
  const untried = await failure(small, { trial: "off" });
  assertStringIncludes(untried!, "is SICK: 1 cause\n1. The kernels of");
  assertEquals(untried!.includes("Trial "), false);
});

Deno.test("assertHealthy(model, batch) trains also a network with nothing unusual, unless told otherwise", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { model, batch, objective } = patient(tf);
  let steps = 0;
  const { call } = model.layers[0];
  model.layers[0].call = function (inputs, settings) {
    if (settings.training) steps++;
    return call.call(this, inputs, settings);
  };
  await assertHealthy(model, batch, { objective, trial: "off" });
  assertEquals(steps, 0);
  await assertHealthy(model, batch, { objective });
  assert(steps > 0);
});

Deno.test("assertHealthy(model, batch) trains for as many steps as it is told", async () => {
  assertStringIncludes(
    (await failure({ bias: -10 }, { trial: 7 }))!,
    "in 7 steps of Adam",
  );
});

Deno.test("assertHealthy(model, batch) fails what only training shows, with trial: always", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { model, batch, objective } = patient(tf);
  model.compile({ optimizer: tf.train.sgd(1e4), loss: objective as string });
  // So that one pass only warns of the rate.
  const options = { learningRateFactor: 1e6 };
  await assertHealthy(model, batch, { ...options, trial: "off" });
  const { message } = await assertRejects(
    () => assertHealthy(model, batch, { ...options, trial: "always" }),
    AssertionError,
    "is SICK: 1 cause\n1. The network does not learn at a rate of 1e4; it does at 0.1.\n   Fix: Train " +
      "with a learning rate of 0.1 instead of 1e4.\n   Tried: the model is then HEALTHY.",
  );
  assertMatch(
    message,
    /\nTrial failed as compiled, passed at another rate: .*\n[^]*\nBroken rules: trial\.$/,
  );
});

Deno.test("assertHealthy(model, batch) judges by the given thresholds, layers and rules", async () => {
  const ignore = [{ layer: /./, reason: "known" }];
  assertEquals(await failure({ bias: -10 }, { ignore, trial: "off" }), null);
  // No layer of it is wrong any more, but training fails all the same.
  assertStringIncludes((await failure({ bias: -10 }, { ignore }))!, "does not learn its batch");
  assertEquals(
    await failure({ std: 1e-3 }, { trial: "off", initScaleFactor: 1e6 }) === null,
    false,
  );
});

Deno.test("assertHealthy(model, batch) says the seed that the model was made under", async () => {
  assertStringIncludes((await failure({ bias: -10 }, { seed: 7 }))!, "(seed 7, 32 examples");
});

Deno.test("assertHealthy(model) draws a batch of the model's seed, and names the file it is told", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const [healthy, sick] = [1 / Math.sqrt(20), 200].map((std) => exerciseModel({ std }));
  const before = tf.memory().numTensors;
  await assertHealthy(healthy);
  await assertHealthy(healthy, undefined, { objective: "meanSquaredError" });
  const messageOf = async (options: AssertHealthyOptions) =>
    (await assertRejects(() => assertHealthy(sick, undefined, options), AssertionError)).message;
  assertStringIncludes(
    await messageOf({ trial: "off" }),
    'Model "exercise" (32 examples of seed 0, ',
  );
  assertStringIncludes(
    await messageOf({ trial: "off", seed: 7, source: "nets/net.ts" }),
    'Model "exercise" from nets/net.ts (seed 7, 32 examples of seed 7, ',
  );
  assertEquals(tf.memory().numTensors, before);
  for (const model of [healthy, sick]) model.dispose();
});

Deno.test("assertHealthy(model, batch) rejects wrong arguments before anything runs", async () => {
  await using engine = await startEngine();
  const model = exerciseModel();
  const batch = randomBatch(model);
  const wrong: [Record<string, unknown>, typeof TypeError | typeof InputError, string][] = [
    [
      { trial: "never" },
      TypeError,
      'options.trial is "never", expected "auto", "always", "off" or a whole number from 1',
    ],
    [{ trial: 0 }, TypeError, "options.trial is 0, expected"],
    [{ trial: 1.5 }, TypeError, "options.trial is 1.5, expected"],
    [{ objective: "mse" }, TypeError, 'options.objective is "mse", expected'],
    [{ deadFractoin: 0.5 }, TypeError, "deadFractoin"],
    [{ deadFraction: 2 }, InputError, "deadFraction is 2"],
    [{ seed: 0.5 }, TypeError, "seed is 0.5"],
    [{ layers: ["nope"] }, InputError, "options.layers has nope"],
  ];
  for (const [options, type, text] of wrong) {
    await assertRejects(() => assertHealthy(model, batch, options), type, text);
  }
  await assertRejects(() => assertHealthy(model, batch, {}, 3 as never), TypeError, "msg is 3");
  await assertRejects(() => assertHealthy(model, null as never), TypeError, "batch is");
  engine.tf.dispose(batch.inputs);
  model.dispose();
});

/** A classifier whose targets are all of one class: a warning and nothing else. */
async function withWarning(
  run: (given: { model: LayersModel; batch: Batch }) => void | Promise<void>,
): Promise<string[]> {
  await using engine = await startEngine();
  const { tf } = engine;
  const kernelInitializer = tf.initializers.leCunNormal({ seed: 1 });
  const model = tf.sequential({
    name: "classifier",
    layers: [
      tf.layers.dense({ units: 3, activation: "softmax", inputShape: [8], kernelInitializer }),
    ],
  });
  model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy" });
  const batch = { ...randomBatch(model), targets: tf.fill([32, 1], 2) };
  const lines: string[] = [];
  const { warn } = console;
  console.warn = (line: string) => lines.push(line);
  try {
    await run({ model, batch });
  } finally {
    console.warn = warn;
    model.dispose();
    tf.dispose([batch.inputs, batch.targets].flat());
  }
  return lines;
}

const WARNING =
  /classifier.*: warning: All targets of .* are class 2: the batch cannot show whether the network learns\. Fix: .*\. \(assert_model_healthy_test\.ts:\d+:\d+\)/;

Deno.test("assertHealthy() prints a line for each warning, over a model and over measurements", async () => {
  const lines = await withWarning(async ({ model, batch }) => {
    await assertHealthy(model, batch, { trial: "off" });
    assertHealthy(await measure(model, batch), { failOn: "sick" });
  });
  assertEquals(lines.length, 2);
  for (const line of lines) assertMatch(line, WARNING);
});

Deno.test("assertHealthy() fails on warnings where that is asked for", async () => {
  const lines = await withWarning(async ({ model, batch }) => {
    const error = await assertRejects(
      () => assertHealthy(model, batch, { trial: "off", failOn: "weak" }, "Mine."),
      AssertionError,
      "is WEAK: 1 warning\n1. All targets of ",
    );
    assertEquals(error.message.split("\n").at(-1), "Mine.");
    const measurements = await measure(model, batch);
    assertThrows(() => assertHealthy(measurements, { failOn: "weak" }), AssertionError);
    assertRefused(
      () => assertHealthy(measurements, { failOn: "warning" as "weak" }),
      { place: "options.failOn", found: '"warning"', expected: '"sick" or "weak"' },
    );
  });
  assertEquals(lines, []);
});

Deno.test("toBeHealthy() refuses a model, whose examination nobody would wait for", async () => {
  await using _engine = await startEngine();
  const model = exerciseModel({ width: 4, depth: 1 });
  for (const isNot of [false, true]) {
    assertThrows(
      () => healthMatchers.toBeHealthy({ value: model as unknown as Measurements, isNot }),
      TypeError,
      "expected what measure() returns",
    );
  }
  model.dispose();
});

for (const assertion of [assertHealthy, assertOverfitsBatch]) {
  Deno.test(`${assertion.name}() says that an await is missing if its engine is stopped, or its model disposed`, async () => {
    const engine = await startEngine();
    const model = exerciseModel({ depth: 2 });
    const batch = randomBatch(model, { objective: "meanSquaredError" });
    const options = { objective: "meanSquaredError" } as const;
    const begun = assertion(model, batch, options);
    model.dispose();
    await engine.stop();
    const error = await assertRejects(() => begun, EngineError, "is an `await` missing?");
    assertEquals(error.cause instanceof Error, true);
    assertEquals(error.message.includes(`while ${assertion.name} was measuring`), true);
  });
}

Deno.test("notInterrupted() explains an error if the engine or the model is gone since, and no other", async () => {
  const broken = new RangeError("broken");
  const errorOf = async ({ before = () => {}, within = () => {} }: {
    before?: (model: LayersModel) => unknown;
    within?: (model: LayersModel) => unknown;
  }) => {
    await using _engine = await startEngine();
    const model = exerciseModel({ depth: 1, width: 2 });
    await before(model);
    const error = await assertRejects(() =>
      notInterrupted("assertX", model, async () => {
        await within(model);
        throw broken;
      })
    );
    if (error === broken) return "broken";
    assertEquals([error instanceof EngineError, (error as Error).cause], [true, broken]);
    return (error as Error).message;
  };
  const stop = () => runningEngine()!.stop();
  const dispose = (model: LayersModel) => model.dispose();
  const explained = (what: string) =>
    `${what} while assertX was measuring: is an \`await\` missing?`;
  assertEquals(await errorOf({}), "broken");
  assertEquals(await errorOf({ within: stop }), explained("The engine was stopped"));
  assertEquals(await errorOf({ within: dispose }), explained("The model was disposed"));
  assertEquals(await errorOf({ before: dispose }), "broken");
  assertEquals(await errorOf({ before: stop }), "broken");
  assertEquals(
    await errorOf({ before: dispose, within: stop }),
    explained("The engine was stopped"),
  );
});

Deno.test("an assertion that is awaited fails as it always did", async () => {
  await using engine = await startEngine();
  const model = exerciseModel({ depth: 2 });
  const inputs = engine.tf.zeros([8, 3]);
  await assertRejects(() => assertHealthy(model, { inputs }), InputError);
  inputs.dispose();
  model.dispose();
  await assertRejects(() => assertHealthy(model, { inputs }), TypeError, "disposed");
});

Deno.test("what is written down of assertHealthy() names every rule, and how often it fails a healthy network", () => {
  const { formula, falsePositives } = HEALTHY_DOCUMENTATION;
  for (const { name } of RULES) assertMatch(formula, new RegExp(`[ ]${name}[,.]`));
  // Its rate follows from those of its rules: no rule fails a control, and one warns of some.
  const clean = RULES.filter(({ falsePositives }) =>
    // A rule without a rate cannot be broken by the networks that rates are counted on.
    falsePositives === undefined ||
    falsePositives.startsWith("Not measured: it judges nothing unless it is asked to.") ||
    falsePositives.includes(" 0 errors (") && falsePositives.includes(" 0 warnings.")
  );
  const others = RULES.filter((rule) => !clean.includes(rule));
  assertEquals(others.map(({ name }) => name), ["initial-loss"]);
  const rate = (text: string) => text.match(/On 1600 healthy networks .*? warnings \(.*? %\)/)![0];
  assertEquals(rate(falsePositives!), rate(others[0].falsePositives!));
});
