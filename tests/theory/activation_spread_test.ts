import { InputError } from "../../src/words/input_error.ts";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { gain } from "../../src/theory/criticality.ts";
import { activationSpread } from "../../src/theory/mean_field.ts";
import { measureDense, randomNetwork } from "../networks/dense_network.ts";

const critical = (activation: string, width: number, depth: number) =>
  Array(depth).fill({ activation, weightVariance: gain(activation)! ** 2, width });

Deno.test("activationSpread() is sqrt(5 depth / width) / 2 for relu and sqrt(2 depth / width) / 2 for linear", () => {
  for (const [activation, excess] of [["relu", 5], ["linear", 2]] as const) {
    activationSpread(critical(activation, 50, 12)).forEach((spread, i) => {
      assertAlmostEquals(spread, Math.sqrt(excess * (i + 1) / 50) / 2, 1e-5);
    });
  }
});

Deno.test("activationSpread() grows more slowly where the activation pulls the scale back", () => {
  const [tanh] = activationSpread(critical("tanh", 20, 30)).slice(-1);
  const [linear] = activationSpread(critical("linear", 20, 30)).slice(-1);
  assert(tanh < 0.7 * linear, `${tanh} and ${linear}`);
  // What the weights do to the scale is soon forgotten beside biases.
  const withBiases = activationSpread(
    critical("tanh", 20, 30).map((layer) => ({ ...layer, biasVariance: 1 })),
  );
  assert(withBiases[29] < 0.5 * tanh);
});

for (const activation of ["tanh", "relu", "selu"]) {
  Deno.test(`activationSpread() is how far random ${activation} networks wander`, () => {
    const depth = 8;
    const width = 24;
    const seeds = 400;
    const logarithms = Array.from({ length: depth }, (): number[] => []);
    for (let seed = 1; seed <= seeds; seed++) {
      const sigma = gain(activation)!;
      const { layers, inputs } = randomNetwork({ depth, width, activation, sigma, seed });
      const example = inputs(1);
      const rms = Math.sqrt(example.reduce((sum, x) => sum + x * x, 0) / width);
      measureDense(layers, example.map((x) => x / rms)).layers.slice(0, depth).forEach(
        ({ activations }, i) => {
          logarithms[i].push(Math.log(activations!.rms));
        },
      );
    }
    const expected = activationSpread(critical(activation, width, depth));
    logarithms.forEach((list, i) => {
      const mean = list.reduce((sum, x) => sum + x) / seeds;
      const deviation = Math.sqrt(list.reduce((sum, x) => sum + (x - mean) ** 2, 0) / seeds);
      const ratio = deviation / expected[i];
      assert(ratio > 0.8 && ratio < 1.2, `layer ${i + 1}: ${deviation}, expected ${expected[i]}`);
    });
  });
}

Deno.test("activationSpread() of a layer that gives nothing is what it inherits", () => {
  const off = { value: () => 0, derivative: () => 0, kinks: [] };
  assertEquals(activationSpread([{ activation: off, weightVariance: 1, width: 5 }]), [0]);
  const relu = { activation: "relu", weightVariance: 2, width: 5 };
  const [first, second] = activationSpread([relu, { ...relu, activation: off }]);
  assertAlmostEquals(first, 0.5, 1e-5);
  assertEquals(second, first);
});

Deno.test("activationSpread() forgets what came before a layer whose weights are all 0", () => {
  const layers = [
    { activation: "relu", weightVariance: 2, width: 5 },
    { activation: "sigmoid", weightVariance: 0, width: 5 },
  ];
  const [first, second] = activationSpread(layers);
  assertAlmostEquals(first, 0.5, 1e-5);
  assertAlmostEquals(second, 0, 1e-6);
});

Deno.test("activationSpread() is a number where z does not vary, or hardly", () => {
  const layers = (activation: string) => critical("tanh", 20, 3).map((l) => ({ ...l, activation }));
  for (const activation of ["sigmoid", "softplus", "hardSigmoid", "tanh", "relu"]) {
    for (const inputMeanSquare of [0, 1e-300, 1e-30, 1e-10]) {
      const spreads = activationSpread(layers(activation), inputMeanSquare);
      assert(spreads.every((s) => s >= 0), `${activation} at ${inputMeanSquare}: ${spreads}`);
    }
    const still = layers(activation).map((layer) => ({ ...layer, weightVariance: 0 }));
    activationSpread(still).forEach((s) => assertAlmostEquals(s, 0, 1e-6));
  }
});

Deno.test("activationSpread() throws when an argument makes no sense", () => {
  const layer = { activation: "tanh", weightVariance: 1, width: 0 };
  assertEquals(activationSpread([{ ...layer, width: 1 }]).length, 1);
  assertThrows(
    () => activationSpread([layer]),
    InputError,
    "expected a number above 0",
  );
  assertThrows(
    () => activationSpread([{ ...layer, width: NaN }]),
    InputError,
    "layers[0].width is NaN, expected a number above 0",
  );
});
