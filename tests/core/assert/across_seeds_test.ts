import { InputError } from "../../../src/ground/words/input_error.ts";
import {
  assertEquals,
  AssertionError,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import * as digits from "../../../examples/digits.ts";
import type { ModelModule } from "../../../src/load/load_model_module.ts";
import { acrossSeeds, type AcrossSeedsOptions } from "../../../src/core/assert/across_seeds.ts";
import {
  assertHealthy,
  assertInitScale,
  assertWeightsChange,
} from "../../../src/core/assert/assertions.ts";
import type { CreateModel } from "../../../src/core/assert/create_model.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { TensorFlow } from "../../../src/engine/tensorflow.ts";
import type { Measurements } from "../../../src/core/measure/measurements.ts";
import { exerciseModel } from "../../../src/core/model/layers/exercise_model.ts";
import { NoModelError } from "../../../src/core/model/require_model.ts";
import { assertRefusedLater } from "../../assert_refused.ts";
import { snapshotOf } from "../../snapshot_of.ts";

/** Kernels of the wrong scale under every fifth seed. */
const create: CreateModel = ({ seed }) =>
  exerciseModel({ depth: 3, std: (seed % 5 === 4 ? 5 : 1) / Math.sqrt(20), seed });

/** Runs it on an engine, and fails if a tensor is left. */
async function run(
  seeds: number | number[],
  options?: AcrossSeedsOptions & { over?: "measurements" },
) {
  await using engine = await startEngine();
  const before = engine.tf.memory().numTensors;
  try {
    return await acrossSeeds(create, assertInitScale, { seeds, ...options });
  } finally {
    assertEquals(engine.tf.memory().numTensors, before);
  }
}

Deno.test("acrossSeeds() passes at the rate that is asked for and throws above it", async () => {
  const { passed, failed, interval } = await run(10, { passRate: 0.8 });
  assertEquals({ passed, failed }, { passed: 8, failed: [4, 9] });
  assertEquals(interval.map((rate) => rate.toFixed(3)), ["0.490", "0.943"]);
  await assertRejects(() => run(10, { passRate: 0.81 }), AssertionError, "expected >= 81 %");
  await assertRejects(() => run(10), AssertionError, "expected >= 100 %");
  assertEquals((await run([0, 1, 2, 3])).failed, []);
});

Deno.test("acrossSeeds() names the seeds, the rate, its interval, and the first failure", async (t) => {
  const { message } = await assertRejects(
    () => run([3, 4, 5, 9, 14], { msg: "After the merge." }),
    AssertionError,
  );
  assertMatch(message, /^Model "exercise" fails assertInitScale under 3 of 5 seeds: 4, 9, 14\.\n/);
  assertMatch(message, /\n40 % pass, 95 % interval 11\.8 % \.\. 76\.9 %; expected >= 100 %/);
  assertMatch(message, /\nUnder seed 4:\nModel "exercise" \(seed 4, .*\n- .*dense_2\/kernel/);
  assertEquals(message.split("\n").length < 25, true);
  await t.assertSnapshot(message, snapshotOf(import.meta));
});

Deno.test("acrossSeeds() names twenty seeds and counts the others, and cuts the first failure to 19 lines", async () => {
  const one: CreateModel = ({ seed }) => exerciseModel({ depth: 1, width: 2, seed });
  await using _engine = await startEngine();
  const fails = () => {
    throw new AssertionError(Array.from({ length: 30 }, (_, i) => `line ${i + 1}`).join("\n"));
  };
  const messageFor = async (seeds: number) =>
    (await assertRejects(() => acrossSeeds(one, fails, { seeds, msg: "Mine." }), AssertionError))
      .message;
  assertStringIncludes(await messageFor(23), "18, 19 and 3 more.");
  const message = await messageFor(20);
  assertStringIncludes(message, "18, 19.\n");
  assertEquals(message.split("\n").slice(3).map((line) => line.replace("line ", "")), [
    ...Array.from({ length: 19 }, (_, i) => String(i + 1)),
    "Mine.",
  ]);
});

Deno.test("acrossSeeds() hands a model and a batch to an assertion over the model", async () => {
  await using engine = await startEngine();
  const before = engine.tf.memory().numTensors;
  const seen: number[] = [];
  const verdict = await acrossSeeds(create, async (model, batch) => {
    seen.push([batch.inputs].flat()[0].shape[0], batch.seed!);
    await assertWeightsChange(model, batch);
  }, { seeds: 2, over: "model" });
  assertEquals(verdict.passed, 2);
  assertEquals(seen, [32, 0, 32, 1]);
  assertEquals(engine.tf.memory().numTensors, before);
});

Deno.test("acrossSeeds() says the seed of a model that an assertion over the model fails", async () => {
  const bad: CreateModel = ({ seed }) => exerciseModel({ depth: 2, std: 1e6, seed });
  await using _engine = await startEngine();
  for (const assertion of [assertWeightsChange, assertHealthy]) {
    await assertRejects(
      () =>
        acrossSeeds(bad, (model, batch) => assertion(model, batch), { seeds: [7], over: "model" }),
      AssertionError,
      "(seed 7, 32 examples of seed 7",
    );
  }
});

Deno.test("acrossSeeds() measures under the seed, the objective and the batch that it is given", async () => {
  await using engine = await startEngine();
  const before = engine.tf.memory().numTensors;
  const measured: Measurements[] = [];
  const keep = (measurements: Measurements) => void measured.push(measurements);
  await acrossSeeds(create, keep, { seeds: [7], objective: "meanSquaredError" });
  const createBatch = ({ tf, seed }: { tf: TensorFlow; seed: number }) => ({
    inputs: tf.fill([9, 20], seed),
  });
  await acrossSeeds(create, keep, { seeds: [7], createBatch });
  const about = measured.map((
    { seed, objective, batch },
  ) => [seed, objective.name, batch.examples]);
  assertEquals(about, [[7, "meanSquaredError", 32], [7, "sum", 9]]);
  assertEquals(measured[1].batch.inputs.mean, 7);
  assertEquals(engine.tf.memory().numTensors, before);
});

Deno.test("acrossSeeds() takes the functions of a module, and asks for as many examples as report", async () => {
  await using _engine = await startEngine();
  // As a module declares what it exports.
  const { createModel, createBatch, objective }: ModelModule = digits;
  const sizes: number[] = [];
  const count = ({ batch }: Measurements) => void sizes.push(batch.examples);
  await acrossSeeds(createModel, count, { seeds: 2, createBatch, objective });
  assertEquals(sizes, [32, 32]);
});

Deno.test("acrossSeeds() calls a model that nobody named what its first failure calls it", async () => {
  await using _engine = await startEngine();
  const unnamed: CreateModel = ({ tf }) =>
    tf.sequential({ layers: [tf.layers.dense({ units: 9, inputShape: [9] })] });
  const fails = ({ model }: Measurements) => {
    throw new AssertionError(`it is ${model.name}`);
  };
  const { message } = await assertRejects(() => acrossSeeds(unnamed, fails), AssertionError);
  assertMatch(message, /^Model "(sequential_\d+)" fails [^]*\nit is \1$/);
});

Deno.test("acrossSeeds() rethrows other errors than failed assertions, and disposes the draw", async () => {
  await using engine = await startEngine();
  const before = engine.tf.memory().numTensors;
  const broken = () => {
    throw new TypeError("not a matter of seeds");
  };
  await assertRejects(() => acrossSeeds(create, broken), TypeError, "not a matter of seeds");
  const createBatch = () => Promise.reject(new RangeError("no batch"));
  const options = { createBatch };
  await assertRejects(
    () => acrossSeeds(create, assertInitScale, options),
    RangeError,
    "no batch",
  );
  assertEquals(engine.tf.memory().numTensors, before);
});

Deno.test("acrossSeeds() says how to hand a model to an assertion that takes one", async () => {
  for (
    const [assertion, name] of [
      [assertWeightsChange, "assertWeightsChange"],
      [(model: never, batch: never) => assertWeightsChange(model, batch), "The assertion"],
    ] as const
  ) {
    const error = await assertRejects(() => acrossSeeds(create, assertion as never), InputError);
    assertEquals([error.place, error.found], [name, "measurements"]);
    assertStringIncludes(error.expected, 'a model and a batch: write { over: "model" }');
  }
  // Something else that was taken for a model is the assertion's own mistake.
  const own = () => assertWeightsChange("dense" as never, {} as never);
  const { found, given } = await assertRejects(() => acrossSeeds(create, own), NoModelError);
  assertEquals([found, given], ['"dense"', "dense"]);
});

Deno.test("acrossSeeds() throws an InputError when an argument is wrong", async () => {
  for (const seeds of [0, -1, 1.5, NaN, 1e7, [], [1, 1], [0.5], "3" as unknown as number]) {
    await assertRejects(() => run(seeds), InputError, "expected a whole number from 1");
  }
  await assertRejects(() => run(1, { passRate: 1.1 }), InputError, "expected a number from 0 to 1");
  await assertRefusedLater(
    () => run(1, { over: "batch" } as never),
    { place: "options.over", found: '"batch"', expected: '"measurements" or "model"' },
  );
  await assertRefusedLater(
    () => acrossSeeds(null as never, assertInitScale),
    { place: "create", found: "null", expected: "a function" },
  );
  await assertRefusedLater(
    () => acrossSeeds(create, 3 as never),
    { place: "assertion", found: "3", expected: "a function" },
  );
  const wrong: [unknown, string][] = [
    [null, "options is null, expected an object"],
    ["x", 'options is "x", expected an object'],
    [{ pasRate: 0.5 }, 'unknown key "pasRate"; did you mean "passRate"?'],
    [{ draws: 5 }, 'unknown key "draws", expected one of seeds, passRate, over'],
    [{ objective: "mse" }, "expected a function or one of sum, meanSquaredError"],
    [{ createBatch: 3 }, "options.createBatch is 3, expected a function"],
  ];
  for (const [options, text] of wrong) {
    await assertRejects(
      () => acrossSeeds(create, assertInitScale, options as never),
      TypeError,
      text,
    );
  }
  const none = (() => null) as unknown as CreateModel;
  await using _engine = await startEngine();
  await assertRefusedLater(
    () => acrossSeeds(none, assertInitScale, { seeds: [7] }),
    { place: "create", found: "null", expected: "a layers model of TensorFlow.js" },
  );
});
