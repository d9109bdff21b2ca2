import { assertEquals, AssertionError, assertMatch, assertThrows } from "@std/assert";
import { assertActivationsNotSaturated } from "../../src/assert/assert_activations_not_saturated.ts";
import { assertAllFinite } from "../../src/assert/assert_all_finite.ts";
import { assertNoDeadUnits } from "../../src/assert/assert_no_dead_units.ts";
import { assertNoExplodingGradients } from "../../src/assert/assert_no_exploding_gradients.ts";
import { assertNoVanishingGradients } from "../../src/assert/assert_no_vanishing_gradients.ts";
import type { CheckOptions } from "../../src/checks/check_options.ts";
import type { Measurements } from "../../src/measure/measurements.ts";
import { goldenMeasurements } from "../checks/golden_measurements.ts";
import { flat, makeMeasurements } from "../checks/make_measurements.ts";

type Assertion = (measurements: Measurements, options?: CheckOptions, msg?: string) => void;

/** Each assertion with a network that breaks its rule, and the layer the message must name. */
const BROKEN: [Assertion, () => Measurements, string][] = [
  [
    assertAllFinite,
    () => makeMeasurements([{}, { preActivations: flat(NaN, 640), activations: flat(NaN, 640) }]),
    "dense_2",
  ],
  [assertNoVanishingGradients, () => goldenMeasurements("seed_tanh_stddev_200"), "dense_10"],
  [assertNoVanishingGradients, () => goldenMeasurements("seed_tanh_small"), "dense_1"],
  [assertNoVanishingGradients, () => goldenMeasurements("sigmoid_vanishing"), "dense_1"],
  [assertNoExplodingGradients, () => goldenMeasurements("relu_exploding"), "dense_1"],
  [assertActivationsNotSaturated, () => goldenMeasurements("seed_tanh_stddev_200"), "dense_2"],
  [assertNoDeadUnits, () => goldenMeasurements("relu_dead_layer"), "dense_3"],
];

const HEALTHY = ["relu_he", "seed_tanh_critical", "seed_tanh_critical_mse"];

for (const assertion of new Set(BROKEN.map(([assertion]) => assertion))) {
  Deno.test(`${assertion.name}() passes on the healthy golden networks`, () => {
    for (const name of HEALTHY) assertion(goldenMeasurements(name));
  });

  Deno.test(`${assertion.name}() throws a TypeError or a RangeError when an argument is wrong`, () => {
    const measurements = makeMeasurements();
    assertThrows(() => assertion(undefined as unknown as Measurements), TypeError, "measure()");
    assertThrows(() => assertion(measurements, { deadFraction: -1 }), RangeError, "from 0 to 1");
    assertThrows(
      () => assertion(measurements, {}, 1 as unknown as string),
      TypeError,
      "msg must be a string, got number",
    );
  });
}

for (const [assertion, measure, layer] of BROKEN) {
  const { model: { name } } = measure();
  Deno.test(`${assertion.name}() throws when ${name} breaks its rule`, async (t) => {
    const measurements = measure();
    const { message } = assertThrows(() => assertion(measurements), AssertionError);
    assertMatch(message, new RegExp(`^Model "${name}" \\(seed .*\\n- .*${layer}`));
    assertEquals(message.split("\n").length < 25, true);
    await t.assertSnapshot(message);
  });

  Deno.test(`${assertion.name}() passes when the layers of ${name} are ignored`, () => {
    assertion(measure(), { ignore: [{ layer: /./, reason: "Known." }] });
  });
}

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

Deno.test("assertNoVanishingGradients() does not throw on what is only a warning", () => {
  const zero = flat(0, 640);
  const silent = { activationGradients: zero, preActivationGradients: zero };
  assertNoVanishingGradients(makeMeasurements([silent, silent]));
});
