import { InputError } from "../../src/words/input_error.ts";
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { ACTIVATION_FUNCTIONS, resolveActivation } from "../../src/theory/activation_functions.ts";
import { criticalWeightVariance, gain } from "../../src/theory/criticality.ts";
import { leakyRelu, slopeOf } from "../../src/traits/activations.ts";

const show = ({ value, derivative }: ReturnType<typeof leakyRelu>) =>
  [-2, -1e-3, 0, 3].flatMap((z) => [value(z), derivative(z)]);

Deno.test("leakyRelu() has its slope below 0, and slope 1 above", () => {
  assertEquals(show(leakyRelu(0.25)), [-0.5, 0.25, -0.00025, 0.25, 0, 0.25, 3, 1]);
  assertEquals(show(ACTIVATION_FUNCTIONS.leakyRelu), show(leakyRelu(0.3)));
  assertEquals(show(leakyRelu(1)), show(ACTIVATION_FUNCTIONS.linear));
});

Deno.test("the theory knows a leaky relu by the name that a measurement gives it", () => {
  for (const slope of [0.01, 0.2, 1, -0.5, 1e-7]) {
    const name = `leakyRelu(${slope})`;
    assertEquals(slopeOf(name), slope);
    assertEquals(show(resolveActivation(name)), show(leakyRelu(slope)));
    assertAlmostEquals(gain(name)! ** 2, criticalWeightVariance(leakyRelu(slope)), 1e-5);
  }
  for (const name of ["leakyRelu", "leakyRelu()", "leakyRelu(x)", "leakyRelu(0.1", "relu(0.1)"]) {
    assertEquals(slopeOf(name), null);
  }
  assertEquals(gain("leakyRelu(x)"), null);
  assertThrows(
    () => resolveActivation("leakyRelu(x)"),
    InputError,
    'activation is "leakyRelu(x)", expected linear, tanh, sigmoid, hardSigmoid, softsign, relu, relu6, leakyRelu,',
  );
});
