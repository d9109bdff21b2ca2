import {
  expect as ownExpect,
  type HealthExpected,
  healthMatchers,
} from "../../../src/core/assert/expect.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { exerciseModel } from "../../../src/core/model/layers/exercise_model.ts";
import type { Measurements } from "../../../src/core/measure/measurements.ts";
import { flat, makeMeasurements, makeWeight } from "../../networks/measurements.ts";
import { assertEquals, AssertionError, assertRejects, assertThrows } from "@std/assert";
import { expect as stdExpect, type Expected as StdExpected } from "@std/expect";
import { assertRefused } from "../../assert_refused.ts";

interface Expected<IsAsync = false> extends StdExpected<IsAsync>, HealthExpected<IsAsync> {
  not: IsAsync extends true ? Expected<true> : Expected<false>;
  resolves: Expected<true>;
}

stdExpect.extend(healthMatchers);
const expect = stdExpect<Expected>;

const vanishing = () =>
  makeMeasurements([{ preActivationGradients: flat(1e-5, 640) }, {}], {
    model: { name: "deep", source: null, parameters: 1, layers: 3 },
  });

/**
 * Changes that break exactly the rule of a matcher; other rules have theirs in testBrokenNetwork().
 */
const BROKEN: Partial<Record<keyof Omit<HealthExpected, "toMatchBaseline">, () => Measurements>> = {
  toBeHealthy: vanishing,
  toBeFinite: () => makeMeasurements([{ activations: flat(NaN, 640) }]),
  toHaveFlowingGradients: () => makeMeasurements([{ weights: [makeWeight({ gradients: null })] }]),
  toHaveNoVanishingGradients: vanishing,
  toHaveNoExplodingGradients: () =>
    makeMeasurements([{ preActivationGradients: flat(1e4, 640) }, {}]),
  toHaveGradientRatioNearTheory: () => wide([{ preActivationGradients: flat(9, 2048) }, {}]),
  toHaveBalancedGradients: () => wide([{ preActivationGradients: flat(99, 2048) }, {}]),
  toHaveNoSaturatedActivations: () => makeMeasurements([{ saturatedFraction: 0.6 }]),
  toHaveNoDeadUnits: () => makeMeasurements([{ deadFraction: 0.6 }]),
  toHaveActivationScale: () => makeMeasurements([{ activations: flat(0.01, 640) }]),
  toHaveInitScale: () => makeMeasurements([{ weights: [makeWeight({ values: flat(9, 400) })] }]),
  toHaveBrokenSymmetry: () => makeMeasurements([{ weights: [makeWeight({ duplicateUnits: 1 })] }]),
  toHaveBiasInit: () =>
    makeMeasurements([{
      weights: [makeWeight(), makeWeight({ name: "d/bias", shape: [20], values: flat(1, 20) })],
    }]),
  toHaveInitialLoss: () => loss(99),
  toHaveNormalizedInputs: () => {
    const { batch, ...rest } = makeMeasurements();
    const perInput = [{ ...batch.perInput[0], values: flat(99, 640) }];
    return { ...rest, batch: { ...batch, perInput } };
  },
  toHaveMatchingHead: () => ({
    ...makeMeasurements(),
    objective: { name: "binaryCrossentropy", value: 0.7 },
  }),
};

function wide(layers: Parameters<typeof makeMeasurements>[0]): Measurements {
  const weights = [makeWeight({ shape: [64, 64], values: flat(1 / 8, 4096) })];
  return makeMeasurements(layers!.map((layer) => ({
    shape: [32, 64],
    weights,
    preActivationGradients: flat(0.1, 2048),
    ...layer,
  })));
}

function loss(value: number): Measurements {
  const { batch, ...rest } = makeMeasurements();
  const targets = [{ name: "y", shape: [32, 1], values: flat(1, 32), unitMeans: [0] }];
  return { ...rest, objective: { name: "meanSquaredError", value }, batch: { ...batch, targets } };
}

for (
  const [name, broken] of Object.entries(BROKEN) as [keyof typeof BROKEN, () => Measurements][]
) {
  Deno.test(`expect(measurements).${name}() passes on a healthy network and throws on a broken one`, () => {
    const healthy = wide([{}, {}, {}]);
    expect(healthy)[name]();
    const { message } = assertThrows(() => expect(broken())[name](), AssertionError);
    assertEquals(message.startsWith('Model "'), true);
    expect(broken()).not[name]();
    assertThrows(
      () => expect(healthy).not[name](),
      AssertionError,
      "expected that it does not",
    );
  });
}

Deno.test("the matchers hand on options and messages", () => {
  expect(vanishing()).toHaveNoVanishingGradients({ vanishingRatio: 1e-6 });
  assertThrows(
    () => expect(vanishing()).toHaveNoVanishingGradients({}, "After the merge."),
    AssertionError,
    "After the merge.",
  );
});

Deno.test("the matchers throw a TypeError on values that are not measurements, negated or not", () => {
  assertRefused(
    () => expect(3).toBeHealthy(),
    { place: "measurements", found: "a number", expected: "what measure() returns (version 1)" },
  );
  assertRefused(
    () => expect(3).not.toBeHealthy(),
    { place: "measurements", found: "a number", expected: "what measure() returns (version 1)" },
  );
});

Deno.test("expect(measurements).toMatchBaseline() compares with earlier measurements", () => {
  const now = makeMeasurements();
  expect(now).toMatchBaseline(makeMeasurements());
  const moved = makeMeasurements([{ activations: flat(9, 640) }, {}, {}]);
  assertThrows(() => expect(moved).toMatchBaseline(now), AssertionError, "std(a) of dense_1");
});

Deno.test("expect(promise).resolves takes the matchers", async () => {
  await expect(Promise.resolve(makeMeasurements())).resolves.toHaveNoDeadUnits();
  await assertRejects(
    () => expect(Promise.resolve(vanishing())).resolves.toHaveNoVanishingGradients(),
    AssertionError,
    'Model "deep"',
  );
});

Deno.test("the entry point expect imports nothing of @std/expect", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", new URL("../../../src/core/assert/expect.ts", import.meta.url).href],
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout));
  const found = modules.map(({ specifier }: { specifier: string }) => specifier);
  assertEquals(found.some((one: string) => one.endsWith("src/core/assert/expect.ts")), true);
  assertEquals(found.filter((one: string) => /expect\/(mod|expect)\.js|std\/expect/.test(one)), []);
});

Deno.test("expect(model).toBeHealthy() draws a batch, or takes one, and is negated", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const [healthy, sick] = [1 / Math.sqrt(20), 200].map((std) => exerciseModel({ std }));
  const before = tf.memory().numTensors;
  await ownExpect(healthy).toBeHealthy();
  await ownExpect(sick).not.toBeHealthy();
  assertEquals(tf.memory().numTensors, before);
  const { message } = await assertRejects(
    () => ownExpect(sick).toBeHealthy({ trial: "off" }, "Mine."),
    AssertionError,
    "is SICK: 1 cause",
  );
  assertEquals(message.split("\n").at(-1), "Mine.");
  await assertRejects(
    () => ownExpect(healthy).not.toBeHealthy(),
    AssertionError,
    'Model "exercise" is healthy; expected that it is not.',
  );
  const batch = randomBatch(sick, { examples: 7 });
  await assertRejects(
    () => ownExpect(sick).toBeHealthy({ batch, trial: "off" }),
    AssertionError,
    "7 examples",
  );
  await assertRejects(
    () => ownExpect(healthy).not.toBeHealthy({ failOn: "never" as never }),
    TypeError,
    "options.failOn",
  );
  tf.dispose(batch.inputs);
  for (const model of [healthy, sick]) model.dispose();
});

Deno.test("expect(measurements) has the matchers, and fails at the place of its call", () => {
  ownExpect(makeMeasurements()).toBeHealthy();
  ownExpect(vanishing()).not.toHaveNoVanishingGradients();
  for (
    const run of [
      () => ownExpect(vanishing()).toBeHealthy(),
      () => ownExpect(makeMeasurements()).not.toBeHealthy(),
    ]
  ) {
    const { message, stack } = assertThrows(run, AssertionError);
    assertEquals(message.startsWith('Model "'), true);
    const place = stack!.split("\n").find((line) => line.includes("    at "));
    assertEquals(place?.includes("expect_test"), true, stack);
  }
});

Deno.test("expect() says what it takes, and that of @std/expect that it cannot await a model", async () => {
  await using _engine = await startEngine();
  const own = ownExpect as (value: unknown) => unknown;
  assertRefused(
    () => own(3),
    { place: "measurements", found: "a number", expected: "what measure() returns (version 1)" },
  );
  const model = exerciseModel({ depth: 1, width: 2 });
  assertThrows(
    () => expect(model).toBeHealthy(),
    TypeError,
    "measurements is a model, expected what measure() returns: await expect(model).toBeHealthy()",
  );
  model.dispose();
});
