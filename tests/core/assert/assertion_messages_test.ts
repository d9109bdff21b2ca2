import { assertEquals, AssertionError, assertThrows } from "@std/assert";
import * as assertions from "../../../src/entry/assert.ts";
import {
  assertActivationsNotSaturated,
  assertBiasInit,
  assertHealthy,
  assertMatchesBaseline,
  assertNoDeadUnits,
  assertNoExplodingGradients,
  assertNoVanishingGradients,
} from "../../../src/entry/assert.ts";
import { vanishingGradients } from "../../../src/core/rules/signal/vanishing_gradients.ts";
import type { Measurements } from "../../../src/core/measure/measurements.ts";
import { goldenMeasurements } from "../../networks/golden_measurements.ts";
import { flat, makeMeasurements, makeWeight } from "../../networks/measurements.ts";
import { healthy, random } from "../../networks/dense_network.ts";
import { assertRefused } from "../../assert_refused.ts";

Deno.test("assertNoDeadUnits() refuses a threshold that its rule does not read, and names those that it reads", () => {
  assertRefused(
    () => assertions.assertNoDeadUnits(makeMeasurements(), { vanishingRatio: 0.1 } as never),
    {
      place: "options.vanishingRatio",
      found: "not a threshold of assertNoDeadUnits()",
      expected: "deadFraction, deadFractionWarning, minExamples",
    },
  );
  assertRefused(
    () => assertions.assertAllFinite(makeMeasurements(), { vanishingRatio: 0.1 } as never),
    {
      place: "options.vanishingRatio",
      found: "not a threshold of assertAllFinite()",
      expected: "none",
    },
  );
  const options = { vanishingRatio: undefined, deadFraction: 1 };
  assertions.assertNoDeadUnits(makeMeasurements(), options);
});

Deno.test("assertHealthy() cuts a long name in the middle and keeps its end", () => {
  const name = `${"encoder/".repeat(60)}dense_7`;
  const { message } = assertThrows(
    () => assertHealthy(makeMeasurements([{ name, saturatedFraction: 0.9 }, {}])),
    AssertionError,
    "dense_7 are stuck at -1 or 1",
  );
  assertEquals(message.includes(name), false);
});

Deno.test("assertHealthy() passes when every layer that it names is ignored", () => {
  const exercise = goldenMeasurements("seed_tanh_stddev_200");
  assertThrows(() => assertHealthy(exercise), AssertionError);
  assertHealthy(exercise, { ignore: [{ layer: /./, reason: "It is the exercise." }] });
});

Deno.test("assertNoDeadUnits() appends msg and keeps its own text", () => {
  const { message } = assertThrows(
    () => assertNoDeadUnits(goldenMeasurements("relu_dead_layer"), {}, "After the merge."),
    AssertionError,
    "dense_3",
  );
  assertEquals(message.endsWith("\nAfter the merge."), true);
});

Deno.test("assertActivationsNotSaturated() stays under 25 lines over 200 layers and names them", () => {
  const layers = Array.from({ length: 200 }, () => ({ saturatedFraction: 0.9 }));
  const { message } = assertThrows(
    () => assertActivationsNotSaturated(makeMeasurements(layers), {}, "Two hundred."),
    AssertionError,
    "and 196 more: dense_5 ... dense_200",
  );
  assertEquals(message.split("\n").length < 25, true);
});

Deno.test("assertNoVanishingGradients() throws above and passes at the threshold it is given", () => {
  const measurements = makeMeasurements([1, 2, 4].map((size) => ({
    preActivationGradients: flat(size, 640),
  })));
  assertNoVanishingGradients(measurements, { vanishingRatio: 0.25 });
  assertThrows(
    () => assertNoVanishingGradients(measurements, { vanishingRatio: 0.251 }),
    AssertionError,
    "expected >= 0.251 (vanishingRatio)",
  );
});

Deno.test("assertHealthy() counts causes, names every broken rule and stays under 25 lines", () => {
  const layers = Array.from({ length: 40 }, () => ({
    activations: flat(NaN, 640),
    saturatedFraction: 0.9,
    deadFraction: null,
    weights: [makeWeight({ values: flat(9, 400), duplicateUnits: 3, gradients: null })],
  }));
  const { message } = assertThrows(
    () => assertHealthy(makeMeasurements(layers), {}, "Everything at once."),
    AssertionError,
    "is SICK: 2 causes",
  );
  const lines = message.split("\n");
  assertEquals(lines.length < 25, true);
  assertEquals(
    lines.find((line) => line.startsWith("Broken rules: ")),
    "Broken rules: symmetry, non-finite, gradients-flow, saturated-activations, init-scale.",
  );
});

Deno.test("the assertions of what only warns throw, while assertHealthy() passes", () => {
  const biased = random((layers) => layers[0].bias.fill(0.2));
  assertThrows(() => assertBiasInit(biased), AssertionError);
  assertHealthy(biased);
});

Deno.test("assertMatchesBaseline() throws a TypeError when the baseline is none", () => {
  assertRefused(
    () => assertMatchesBaseline(healthy(), [] as unknown as Measurements),
    { place: "baseline", found: "an array", expected: "what measure() returns (version 1)" },
  );
});

Deno.test("assertNoVanishingGradients() does not throw on what is only a warning", () => {
  const weights = [makeWeight({ gradients: flat(1e-8, 400) })];
  const measurements = makeMeasurements([{ weights }, { weights }]);
  assertEquals(vanishingGradients.run(measurements)[0].severity, "warning");
  assertNoVanishingGradients(measurements);
});

Deno.test("assertions about gradients throw where no gradient was sent, and there was nothing to judge", () => {
  const zero = flat(0, 640);
  const silent = { activationGradients: zero, preActivationGradients: zero };
  const measurements = makeMeasurements([silent, silent]);
  for (const assertion of [assertNoVanishingGradients, assertNoExplodingGradients]) {
    assertThrows(() => assertion(measurements), AssertionError, "gave nothing to judge");
    const ignore = [{ layer: /dense/, reason: "it is known" }];
    assertion(measurements, { ignore });
  }
});

Deno.test("assertions about gradients throw on a delta of NaN, and pass where they do not apply", () => {
  const delta = { ...flat(0.1, 640), nonFinite: 3 };
  const broken = makeMeasurements([{ preActivationGradients: delta }, {}]);
  for (const assertion of [assertNoVanishingGradients, assertNoExplodingGradients]) {
    assertThrows(() => assertion(broken), AssertionError, "NaN or infinite");
  }
  const shallow = makeMeasurements([{}]);
  assertNoVanishingGradients(shallow);
  assertNoExplodingGradients(shallow);
  assertNoDeadUnits(shallow);
  assertActivationsNotSaturated(
    makeMeasurements([{ activation: "relu", saturatedFraction: null }]),
  );
});

Deno.test("assertHalfPrecision() judges exponents of activations or of their gradients alone", () => {
  const exponents = { zeros: 0, nonFinite: 0, under: 0, from: 0, counts: [640], over: 0 };
  const counted = { ...flat(1, 640), exponents };
  const { assertHalfPrecision } = assertions;
  assertHalfPrecision(makeMeasurements([{}, { activations: counted }]));
  assertHalfPrecision(makeMeasurements([{ activationGradients: counted }, {}]));
  const uncounted = makeMeasurements([{}, { activations: null, activationGradients: null }]);
  assertThrows(() => assertHalfPrecision(uncounted), AssertionError, "were not counted");
});
