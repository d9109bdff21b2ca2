import { InputError } from "../../src/words/input_error.ts";
import { assertAlmostEquals, assertThrows } from "@std/assert";
import { criticalWeightVariance, gain } from "../../src/theory/criticality.ts";

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
    assertThrows(() => criticalWeightVariance(activation), InputError, "is critical");
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
