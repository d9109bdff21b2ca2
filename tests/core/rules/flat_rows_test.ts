import type { LayerMeasurements, Measurements } from "../../../src/core/measure/measurements.ts";
import { flatRowsBetween } from "../../../src/core/rules/network/normalizing.ts";
import { networkOf } from "../../../src/core/rules/network/network.ts";
import type { RuleOptions } from "../../../src/core/rules/rule.ts";
import { explodingGradients } from "../../../src/core/rules/signal/exploding_gradients.ts";
import { flat, makeMeasurements } from "../../networks/measurements.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";

/** A layer normalisation that multiplies the gradient of a flat row by 16. */
const norm = (name: string, flatRows?: number): Partial<LayerMeasurements> => ({
  name,
  className: "LayerNormalization",
  activation: null,
  weights: [],
  settings: { epsilon: 1 / 256 },
  ...flatRows === undefined ? {} : { flatRows },
});

/** Two layers with normalisations between them; the lower one receives this many times as much. */
const network = (
  ratio: number,
  norms: Partial<LayerMeasurements>[],
  given: Partial<Measurements> = {},
) =>
  makeMeasurements([
    { preActivationGradients: flat(ratio, 1024) },
    ...norms,
    { preActivationGradients: flat(1, 1024) },
  ], given);

const found = (measurements: Measurements, options?: RuleOptions) =>
  explodingGradients.run(measurements, options)
    .map(({ severity, kind }) => `${severity} ${kind}`);

Deno.test("explodingGradients blames flat rows up to the very factor that they explain", () => {
  const options = { explodingRatioWarning: 128 };
  const both = [norm("a", 0.5), norm("b", 0.5)];
  // 16 times 128, and 16 times that for two of them.
  assertEquals(found(network(2048, [norm("a", 0.5)]), options), ["warning flat-rows"]);
  assertEquals(found(network(2050, [norm("a", 0.5)]), options), ["error path-ratio"]);
  assertEquals(found(network(32768, both), options), ["warning flat-rows"]);
  assertEquals(found(network(32800, both), options), ["error path-ratio"]);
  for (const none of [norm("a"), norm("a", 0)]) {
    assertEquals(found(network(1001, [none]), options), ["error path-ratio"]);
  }
});

Deno.test("explodingGradients fails flat rows under an optimizer that takes the gradient as it is", () => {
  const by = (name: string, ratio: number) =>
    found(
      network(ratio, [norm("a", 0.5)], { optimizer: { name, learningRate: 0.01 } }),
    );
  assertEquals(by("SGD", 1001), ["error flat-rows"]);
  assertEquals(by("Momentum", 1001), ["error flat-rows"]);
  assertEquals(by("Adam", 1001), ["warning flat-rows"]);
  assertEquals(by("SGD", 999), ["warning flat-rows"]);
});

Deno.test("flatRowsBetween() has the normalisations between two layers that are fed rows which do not vary", () => {
  const { layers, ...rest } = makeMeasurements([
    norm("first", 1),
    {},
    norm("a", 0.25),
    norm("none"),
    { ...norm("b", 0.5), settings: undefined },
    {},
    norm("last", 1),
  ]);
  const whole = networkOf({ ...rest, layers });
  const between = (from: number | null, to: number | null) => {
    const at = (index: number | null) => index === null ? null : layers[index];
    const flat = flatRowsBetween(at(from), at(to), whole);
    return flat && [flat.factor, ...flat.normalizations.map(({ name }) => name)];
  };
  // Without an epsilon nothing is enlarged.
  assertEquals(between(1, 5), [16, "a", "b"]);
  assertEquals(between(null, 5), [256, "first", "a", "b"]);
  assertEquals(between(1, null), [256, "a", "b", "last"]);
  assertEquals(between(null, null), [4096, "first", "a", "b", "last"]);
  assertEquals(between(2, 4), null);
});

Deno.test("explodingGradients advises to mask flat rows, and says how many they are", () => {
  const [{ fix }] = explodingGradients.run(network(999, [norm("a", 0.25)]));
  assertStringIncludes(fix, "25 % of the rows that a normalises do not vary, and it multiplies");
  assertStringIncludes(fix, "their gradient by up to 16: mask rows that are padding");
});
