import { InputError } from "../../../src/ground/words/input_error.ts";
import { assertEquals, AssertionError, assertMatch, assertThrows } from "@std/assert";
import * as assertions from "../../../src/entry/assert.ts";
import {
  assertActivationScale,
  assertActivationsNotSaturated,
  assertAllFinite,
  assertBiasInit,
  assertGradientBalance,
  assertGradientRatioNear,
  assertGradientsFlow,
  assertHealthy,
  assertInitialLoss,
  assertInitScale,
  assertInputNormalized,
  assertMatchesBaseline,
  assertNoDeadUnits,
  assertNoExplodingGradients,
  assertNoVanishingGradients,
  assertOutputHead,
  assertSymmetryBroken,
} from "../../../src/entry/assert.ts";
import type { RuleOptions } from "../../../src/core/rules/rule.ts";
import { BASELINE_RULE } from "../../../src/core/rules/matches_baseline.ts";
import { RULES } from "../../../src/core/rules/rules.ts";
import type { Thresholds } from "../../../src/core/rules/thresholds.ts";
import type { Measurements } from "../../../src/core/measure/measurements.ts";
import type { DenseLayer } from "../../networks/dense_network.ts";
import { goldenMeasurements } from "../../networks/golden_measurements.ts";
import { flat, makeHead, makeMeasurements, makeWeight } from "../../networks/measurements.ts";
import { healthy, random } from "../../networks/dense_network.ts";
import { assertRefused } from "../../assert_refused.ts";
import { snapshotOf } from "../../snapshot_of.ts";

type Assertion = (measurements: Measurements, options?: RuleOptions, msg?: string) => void;

function logitsUnderCrossEntropy(): Measurements {
  const objective = { name: "categoricalCrossentropy", value: 2 };
  const head = makeHead({
    depth: 2,
    shape: [32, 10],
    weights: [makeWeight({ name: "head/kernel", shape: [20, 10] })],
  });
  const { layers, ...rest } = makeMeasurements([{}]);
  return { ...rest, objective, layers: [layers[0], head] };
}

/** As the others are called, against the healthy network. */
function assertMatchesHealthy(measurements: Measurements, options?: RuleOptions, msg?: string) {
  assertMatchesBaseline(measurements, healthy(), options, msg);
}

/** Saturates half of the units of the second layer, and lets the third read no others. */
function saturateWhatIsRead([, second, third]: DenseLayer[]): void {
  const units = second.bias.length;
  second.bias.fill(5, 0, units / 2);
  third.kernel.fill(0, third.kernel.length / 2);
}

/** Each assertion with a network that breaks its rule, and what the message must name. */
const BROKEN: [Assertion, () => Measurements, string][] = [
  [
    assertAllFinite,
    () => makeMeasurements([{}, { preActivations: flat(NaN, 640), activations: flat(NaN, 640) }]),
    "dense_2",
  ],
  [assertGradientsFlow, () => random((layers) => layers[1].kernel.fill(0)), "dense_1"],
  [assertNoVanishingGradients, () => goldenMeasurements("seed_tanh_stddev_200"), "dense_10"],
  [assertNoVanishingGradients, () => goldenMeasurements("seed_tanh_small"), "dense_1"],
  [assertNoVanishingGradients, () => goldenMeasurements("sigmoid_vanishing"), "dense_1"],
  [assertNoExplodingGradients, () => goldenMeasurements("relu_exploding"), "dense_1"],
  [assertGradientRatioNear, () => random(saturateWhatIsRead), "dense_2"],
  [assertGradientBalance, () => random(() => {}, { activation: "relu", sigma: 8 }), "dense_1"],
  [assertActivationsNotSaturated, () => goldenMeasurements("seed_tanh_stddev_200"), "dense_2"],
  [assertNoDeadUnits, () => goldenMeasurements("relu_dead_layer"), "dense_3"],
  [assertActivationScale, () => random(() => {}, { sigma: 0.4 }), "dense_2"],
  [assertInitScale, () => random(() => {}, { sigma: 2.1 }), "dense_1"],
  [assertSymmetryBroken, () => random((layers) => layers[2].kernel.fill(0.1)), "dense_3"],
  [assertBiasInit, () => random((layers) => layers[0].bias.fill(0.5)), "dense_1"],
  [
    assertInitialLoss,
    () => random(() => {}, { targets: Float64Array.from({ length: 32 }, (_, i) => i % 2 / 1e3) }),
    "meanSquaredError",
  ],
  [assertInputNormalized, () => random((_, x) => x.forEach((v, i) => x[i] = 100 * v)), "input"],
  [assertOutputHead, logitsUnderCrossEntropy, "head"],
  [assertMatchesHealthy, () => random(() => {}, { sigma: 2.1 }), "dense_1"],
  [assertHealthy, () => goldenMeasurements("seed_tanh_stddev_200"), "dense_10"],
];

const HEALTHY = ["relu_he", "seed_tanh_critical", "seed_tanh_critical_mse"];

/** A threshold that an assertion's rule reads, or none. */
function ownThreshold(name: string): keyof Thresholds | undefined {
  if (name === "assertHealthy") return "deadFraction";
  const rules = [...RULES, { ...BASELINE_RULE, assertion: "assertMatchesHealthy" }];
  const { thresholds } = rules.find(({ assertion }) => assertion === name)!;
  return Object.keys(thresholds)[0] as keyof Thresholds | undefined;
}

/** Every assertion over measurements, those of rules that have no network here as well. */
const ALL: Assertion[] = [
  ...RULES.map(({ assertion }) => (assertions as unknown as Record<string, Assertion>)[assertion]),
  assertMatchesHealthy,
  assertHealthy,
];

for (const assertion of ALL) {
  // These measurements have no exponents; the rule's own test counts them.
  const judges = assertion !== assertions.assertHalfPrecision;
  Deno.test(`${assertion.name}() ${judges ? "passes on" : "does not judge"} healthy networks`, () => {
    if (!judges) return void assertThrows(() => assertion(healthy()), AssertionError, "No verdict");
    assertion(healthy());
    if (assertion === assertMatchesHealthy) return;
    for (const name of HEALTHY) assertion(goldenMeasurements(name));
  });

  Deno.test(`${assertion.name}() throws an InputError when an argument is wrong`, () => {
    const measurements = makeMeasurements();
    assertThrows(() => assertion(undefined as unknown as Measurements), TypeError, "measure()");
    const own = ownThreshold(assertion.name);
    if (own !== undefined) {
      assertThrows(
        () => assertion(measurements, { [own]: -100 }),
        InputError,
        `options.${own} is `,
      );
    }
    if (assertion !== assertHealthy) {
      const other = own === "deadFraction" ? "vanishingRatio" : "deadFraction";
      assertThrows(
        () => assertion(measurements, { [other]: 0.5 }),
        TypeError,
        `options.${other} is`,
      );
    }
    assertRefused(
      () => assertion(measurements, {}, 1 as unknown as string),
      { place: "msg", found: "1", expected: "a string" },
    );
  });
}

for (const [assertion, measure, named] of BROKEN) {
  const { model: { name } } = measure();
  Deno.test(`${assertion.name}() throws when ${name} breaks its rule`, async (t) => {
    const measurements = measure();
    const { message } = assertThrows(() => assertion(measurements), AssertionError);
    assertMatch(
      message,
      new RegExp(`^Model "${name}" \\((?:seed \\d+, )?\\d+ example.*\\n(- |1\\. ).*${named}`),
    );
    assertEquals(message.split("\n").length < 25, true);
    await t.assertSnapshot(message, snapshotOf(import.meta));
  });
}

/** The measurements under other names of layers, those in the names of weights included. */
function renamed(measurements: Measurements, rename: (name: string) => string): Measurements {
  return {
    ...measurements,
    model: { ...measurements.model, name: rename(measurements.model.name) },
    layers: measurements.layers.map((layer) => ({
      ...layer,
      name: rename(layer.name),
      weights: layer.weights.map((weight) => ({
        ...weight,
        name: weight.name.replace(layer.name, rename),
      })),
    })),
  };
}

/** The hidden layers over and over, until there are 200, under the same head. */
function deepened({ layers, ...rest }: Measurements): Measurements {
  const hidden = layers.filter(({ role }) => role === "hidden");
  const heads = layers.filter(({ role }) => role === "output");
  const many = Array.from({ length: 200 }, (_, i) => ({
    ...hidden[i % hidden.length],
    name: `layer_${i + 1}`,
    depth: i + 1,
  }));
  return { ...rest, layers: [...many, ...heads.map((head) => ({ ...head, depth: 201 }))] };
}

const messageOf = (assertion: Assertion, measurements: Measurements): string[] => {
  try {
    assertion(measurements, {}, "After the merge.");
    return [];
  } catch (error) {
    assertEquals(error instanceof AssertionError, true, String(error));
    return (error as Error).message.split("\n");
  }
};

for (const [assertion, measure] of BROKEN) {
  const { model: { name } } = measure();
  Deno.test(`${assertion.name}() keeps its message on ${name} short whatever layers are called`, () => {
    const plain = messageOf(assertion, measure());
    const hostile = (name: string) => `\x1b[31m${name}\r\n\u202e${name}`;
    const long = (name: string) => `${"encoder/".repeat(60)}${name}`;
    for (const rename of [hostile, long, (name: string) => long(hostile(name))]) {
      const lines = messageOf(assertion, renamed(measure(), rename));
      // A baseline knows layers by their names: renamed, they are new, and only noted.
      if (assertion === assertMatchesHealthy) {
        assertEquals(lines, []);
        continue;
      }
      assertEquals(lines.length, plain.length);
      for (const line of lines) {
        assertEquals(/[\p{Cc}\p{Cf}]/u.test(line), false, line);
        assertEquals(line.length < 900, true, line);
      }
    }
  });

  Deno.test(`${assertion.name}() stays under 25 lines on 200 layers as in ${name}`, () => {
    const measurements = deepened(measure());
    for (
      const rename of [(name: string) => name, (name: string) => `${"block/".repeat(80)}${name}`]
    ) {
      const lines = messageOf(assertion, renamed(measurements, rename));
      assertEquals(lines.length < 25, true, lines.join("\n"));
    }
  });
}

for (const [assertion, measure] of BROKEN) {
  const rule = RULES.find((rule) => rule.assertion === assertion.name);
  if (rule === undefined) continue;
  const { model: { name } } = measure();
  Deno.test(`${assertion.name}() leaves ignored and deselected layers of ${name} alone, and says why`, () => {
    const measurements = measure();
    const ofLayers = rule.run(measurements).filter(({ layer }) => layer !== null);
    const reason = "It is drawn like that on purpose.";
    const ignored = rule.run(measurements, { ignore: [{ layer: /./, reason }] });
    const notes = ignored.filter(({ layer }) => layer !== null);
    assertEquals(notes.length, ofLayers.length);
    for (const { severity, message } of notes) {
      assertEquals(severity, "note");
      assertEquals(message.endsWith(` Ignored: ${reason}`), true, message);
    }
    const named = new Set(ofLayers.map(({ layer }) => layer));
    const others = measurements.layers.map(({ name }) => name).filter((name) => !named.has(name));
    if (others.length === 0) return;
    const left = rule.run(measurements, { layers: others });
    assertEquals(left.filter(({ layer }) => layer !== null && named.has(layer)), []);
  });
}

Deno.test("assertions refuse measurements whose message cannot be written", () => {
  const sick = logitsUnderCrossEntropy();
  const odd = { ...sick, seed: Object.create(null) } as Measurements;
  assertThrows(() => assertOutputHead(odd), TypeError, "measurements.seed is an object, expected");
  const flat = { ...sick, layers: sick.layers.map((layer) => ({ ...layer, weights: [null] })) };
  assertThrows(() => assertOutputHead(flat as never), TypeError, "layers[0] is not a layer");
});
