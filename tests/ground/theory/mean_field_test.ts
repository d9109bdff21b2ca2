import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { ACTIVATION_FUNCTIONS } from "../../../src/ground/theory/activation_moments.ts";
import { gaussianMean } from "../../../src/ground/theory/gaussian_mean.ts";
import { meanField } from "../../../src/ground/theory/mean_field.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";
import { measureDense, randomNetwork } from "../../networks/dense_network.ts";
import { deltaRatios } from "./delta_ratios.ts";
import { assertRefused } from "../../assert_refused.ts";

const chain = (activation: string, weightVariance: number, depth: number) =>
  meanField(Array.from({ length: depth }, () => ({ activation, weightVariance })));

Deno.test("meanField() gives the known chi of tanh under unit weight variance", () => {
  const known = [0.4644, 0.6365, 0.7267, 0.7818, 0.8188, 0.8453];
  chain("tanh", 1, 6).forEach(({ chi }, i) => assertAlmostEquals(chi, known[i], 5e-5));
});

Deno.test("meanField() gives the known limit of chi for sigmoid", () => {
  assertAlmostEquals(chain("sigmoid", 1, 30).at(-1)!.chi, 0.0557, 5e-5);
});

Deno.test("meanField() gives chi = sigma_w^2 / 2 for relu, whatever the variance of z", () => {
  for (const variance of [0.5, 2, 3]) {
    for (const { chi } of chain("relu", variance, 5)) assertAlmostEquals(chi, variance / 2, 1e-12);
  }
});

Deno.test("meanField() keeps the unit variance of selu under unit weight variance", () => {
  for (const state of chain("selu", 1, 20)) {
    assertAlmostEquals(state.preActivationVariance, 1, 1e-12);
    assertAlmostEquals(state.activationStd, 1, 1e-12);
    assertAlmostEquals(state.chi, 1.0716, 5e-5);
  }
});

Deno.test("meanField() takes chi from the weights above and q from those of the layer itself", () => {
  const [first, second] = meanField([
    { activation: "linear", weightVariance: 2, biasVariance: 0.5 },
    { activation: "linear", weightVariance: 3 },
  ], 4);
  assertAlmostEquals(first.preActivationVariance, 8.5, 1e-12);
  assertAlmostEquals(second.preActivationVariance, 25.5, 1e-12);
  assertAlmostEquals(first.chi, 3, 1e-12);
  assertAlmostEquals(second.chi, 3, 1e-12);
});

Deno.test("meanField() splits the integral at the kinks of a function of one's own", () => {
  // A step of 1 at z = 0.3: E[phi^2] is the share of a standard normal above 0.3.
  const step = { value: (z: number) => z > 0.3 ? 1 : 0, derivative: () => 0, kinks: [0.3] };
  const [state] = meanField([{ activation: step, weightVariance: 1 }]);
  assertAlmostEquals(state.activationMeanSquare, 0.38208857781104733, 1e-12);
});

for (const [activation, sigma] of [["tanh", 1], ["relu", Math.SQRT2], ["selu", 1]] as const) {
  Deno.test(`meanField() predicts the deltas and deviations of random ${activation} networks`, () => {
    const depth = 4;
    const width = 192;
    const seeds = 6;
    const states = chain(activation, sigma ** 2, depth);
    const ratios = Array<number>(depth - 1).fill(0);
    const deviations = Array<number>(depth).fill(0);
    for (let seed = 1; seed <= seeds; seed++) {
      const { layers, inputs } = randomNetwork({ depth, width, activation, sigma, seed });
      const { layers: rows } = measureDense(layers, inputs(32));
      for (let i = 0; i < depth; i++) {
        deviations[i] += rows[i].activations!.std / seeds;
        if (i === depth - 1) continue;
        const lower = rows[i];
        const upper = rows[i + 1];
        ratios[i] += (lower.preActivationGradients!.l2 / upper.preActivationGradients!.l2) ** 2 /
          seeds;
      }
    }
    for (let i = 0; i < depth - 1; i++) assertAlmostEquals(ratios[i] / states[i].chi, 1, 0.08);
    for (let i = 0; i < depth; i++) {
      assertAlmostEquals(deviations[i] / states[i].activationStd, 1, 0.05);
    }
  });
}

Deno.test("meanField() throws when a variance or an activation makes no sense", () => {
  assertThrows(() => chain("tanh", -1, 1), InputError, "layers[0].weightVariance");
  assertRefused(
    () => chain("tanh", NaN, 1),
    { place: "layers[0].weightVariance", found: "NaN", expected: "a number of at least 0" },
  );
  assertThrows(() => meanField([], -1), InputError, "inputMeanSquare");
  assertThrows(
    () => meanField([{ activation: "tanh", weightVariance: 1, biasVariance: -1 }]),
    InputError,
    "biasVariance",
  );
  assertThrows(
    () => chain("tanhh", 1, 1),
    InputError,
    'activation is "tanhh", expected linear, tanh, sigmoid, hardSigmoid, softsign, relu, relu6, leakyRelu, elu,',
  );
  assertThrows(
    () => chain("toString", 1, 1),
    InputError,
    'activation is "toString", expected linear, tanh, sigmoid, hardSigmoid, softsign, relu, relu6, leakyRelu, elu,',
  );
  assertRefused(() => meanField(null as never), {
    place: "layers",
    found: "null",
    expected: "an array",
  });
});

Deno.test("meanField() rounds no moment, of a name or of a function", () => {
  const { value, derivative, kinks } = ACTIVATION_FUNCTIONS.swish;
  const variance = 1.23456789;
  for (const activation of ["swish", ACTIVATION_FUNCTIONS.swish]) {
    const [state] = meanField([{ activation, weightVariance: variance }]);
    const mean = (f: (z: number) => number) => gaussianMean(f, variance, { kinks });
    assertEquals(state.preActivationVariance, variance);
    assertEquals(state.activationMeanSquare, mean((z) => value(z) ** 2));
    assertAlmostEquals(state.chi, variance * mean((z) => derivative(z) ** 2), 1e-15);
  }
});

Deno.test("meanField() is NaN where the signal overflows", () => {
  const states = chain("relu", 1e200, 3);
  assertEquals(states.map(({ activationMeanSquare }) => activationMeanSquare), [5e199, NaN, NaN]);
  assertEquals(states.map(({ chi }) => chi), [NaN, NaN, NaN]);
});

Deno.test("meanField() gives the delta ratios of the engine to 2 % in the mean over 40 seeds", async () => {
  await using engine = await startEngine();
  const seeds = Array.from({ length: 40 }, (_, i) => 100_000 + i);
  const control = { activation: "tanh" as const, sigma: 1, depth: 3, width: 512 };
  for (const ratios of deltaRatios(engine, control, seeds)) {
    assertAlmostEquals(ratios.reduce((sum, ratio) => sum + ratio / seeds.length, 0), 1, 0.02);
  }
});
