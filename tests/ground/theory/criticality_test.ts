import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { resolveActivation } from "../../../src/ground/theory/activation_moments.ts";
import {
  criticalGain,
  criticalWeightVariance,
  gain,
} from "../../../src/ground/theory/criticality.ts";
import { depthScale } from "../../../src/ground/theory/mod.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";
import { assertNear, normalPairMean } from "./rule_kit.ts";

Deno.test("criticalGain() is the root of criticalWeightVariance() for selu", () => {
  assertAlmostEquals(criticalGain("selu")! ** 2, criticalWeightVariance("selu"), 1e-12);
});

Deno.test("criticalGain() is gain() for every other activation", () => {
  for (const name of ["tanh", "relu", "elu", "sigmoid", "softmax", "toString"]) {
    assertEquals(criticalGain(name), gain(name));
  }
});

Deno.test("criticalWeightVariance() gives the known value of tanh with biases", () => {
  assertAlmostEquals(criticalWeightVariance("tanh", 0.05), 1.761, 5e-5);
});

for (
  const activation of [
    "linear",
    "tanh",
    "softsign",
    "elu",
    "relu",
    "relu6",
    "leakyRelu",
    "softplus",
  ]
) {
  Deno.test(`criticalWeightVariance() agrees with the gain of ${activation}`, () => {
    assertAlmostEquals(Math.sqrt(criticalWeightVariance(activation)) / gain(activation)!, 1, 1e-6);
  });
}

Deno.test("criticalWeightVariance() finds where selu and sigmoid are critical", () => {
  // selu: 2 / (slope above^2 + slope below^2), for its layers tend to a variance of 0 there.
  const selu = 2 / (1.0507009873554805 ** 2 * (1 + 1.6732632423543772 ** 2));
  assertAlmostEquals(criticalWeightVariance("selu"), selu, 1e-6);
  assertAlmostEquals(Math.sqrt(criticalWeightVariance("sigmoid")), 10.149, 1e-3);
});

Deno.test("criticalWeightVariance() throws when chi jumps over 1", () => {
  for (const activation of ["swish", "gelu", "gelu_new", "mish"]) {
    assertThrows(() => criticalWeightVariance(activation), InputError, "critical weight variance");
  }
});

Deno.test("criticalWeightVariance() takes a function of one's own", () => {
  const half = { value: (z: number) => z / 2, derivative: () => 0.5, kinks: [] };
  assertAlmostEquals(criticalWeightVariance(half), 4, 1e-9);
});

Deno.test("criticalWeightVariance() throws an InputError when its arguments make no sense", () => {
  assertThrows(() => criticalWeightVariance("tanh", -1), InputError, "biasVariance");
  assertThrows(
    () => criticalWeightVariance("sine"),
    InputError,
    'activation is "sine", expected linear, tanh, sigmoid, hardSigmoid, softsign, relu, relu6, leakyRelu, elu,',
  );
});

Deno.test("depthScale() finds where correlations tend to in the chaotic phase, with biases and without", () => {
  const cases: [activation: string, weights: number, biases: number][] = [
    ["tanh", 1.05, 0],
    ["tanh", 3, 0],
    ["selu", 1, 0],
    ["tanh", 1.3, 1e-3],
    ["selu", 1, 0.01],
    ["selu", 0.95, 0.05],
    ["elu", 1.2, 0],
    ["tanh", 1.77, 0.05],
    ["hardTanh", 2, 1e-3],
  ] as [string, number, number][];
  for (const [activation, weights, biases] of cases) {
    const of = `${activation} ${weights} ${biases}`;
    const found = depthScale(activation, weights, { biasVariance: biases });
    const { variance } = found;
    const phi = resolveActivation(activation);
    const at = (f: (z: number) => number, correlation: number) =>
      weights * normalPairMean(f, { mean: 0, variance, correlation });
    // The difference between two inputs grows below the fixed point and falls above it.
    const excess = (c: number) => (at(phi.value, c) + biases) / variance - c;
    const near = 0.01;
    assert(excess(Math.min(0.999, found.correlation + near)) < 0, of);
    assert(found.correlation < near || excess(found.correlation - near) > 0, of);
    assertNear(found.slope, at(phi.derivative, found.correlation), 0.01, of);
    assert(found.slope < 1, of);
  }
});

Deno.test("depthScale() of an odd activation without biases tends to no correlation at all", () => {
  for (const activation of ["tanh", "softsign"]) {
    for (const weights of [1.2, 1.3, 2, 5]) {
      const { correlation } = depthScale(activation, weights);
      assertAlmostEquals(correlation, 0, 1e-5, `${activation} ${weights}`);
    }
  }
});

Deno.test("depthScale() tells correlations close to 1 apart", () => {
  const found = [1.7625, 1.765, 1.77, 1.8].map((weights) =>
    depthScale("tanh", weights, { biasVariance: 0.05 }).correlation
  );
  assertEquals(found, found.toSorted((a, b) => b - a));
  assert(found[0] < 0.998 && found[2] > 0.98, `${found}`);
});

Deno.test("depthScale() on the edge of chaos tends to inputs that are all but alike", () => {
  for (const [activation, biasVariance] of [["elu", 0.05], ["elu", 0.5]] as const) {
    const critical = criticalWeightVariance(activation, biasVariance);
    const above = depthScale(activation, critical * 1.001, { biasVariance });
    assertEquals(above.correlation, 0.999);
    assertAlmostEquals(above.slope, 1, 0.02);
    assertEquals(depthScale(activation, critical * 0.999, { biasVariance }).correlation, 1);
  }
});

Deno.test("depthScale() of a smooth activation gives figures that can be, under any variances", () => {
  const activation = fc.constantFrom("tanh", "softsign", "sigmoid");
  const variance = fc.double({ min: 0.01, max: 20, noNaN: true });
  fc.assert(
    fc.property(activation, variance, variance, (activation, weights, biasVariance) => {
      const found = depthScale(activation, weights, { biasVariance });
      assert(found.variance >= biasVariance && found.variance < Infinity);
      assert(found.correlation >= 0 && found.correlation <= 1);
      assert(found.slope > 0 && found.slope < 1 + 1e-2);
      assert(found.scale > 0);
      assertEquals(found.carries, 6 * found.scale);
    }),
    { numRuns: 60 },
  );
});
