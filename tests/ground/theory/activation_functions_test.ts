import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  ACTIVATION_FUNCTIONS,
  activationMoments,
  pairMoments,
} from "../../../src/ground/theory/activation_moments.ts";
import { errorFunction } from "../../../src/ground/traits/activations.ts";

for (const [name, { value, derivative, kinks }] of Object.entries(ACTIVATION_FUNCTIONS)) {
  Deno.test(`ACTIVATION_FUNCTIONS.${name} has the derivative of its value`, () => {
    fc.assert(fc.property(fc.double({ min: -30, max: 30, noNaN: true }), (z) => {
      const step = 1e-5;
      fc.pre(kinks.every((kink) => Math.abs(z - kink) > step));
      const numeric = (value(z + step) - value(z - step)) / (2 * step);
      assertAlmostEquals(derivative(z), numeric, 1e-8);
    }));
  });
}

Deno.test("ACTIVATION_FUNCTIONS stay finite far out", () => {
  for (const [name, { value, derivative }] of Object.entries(ACTIVATION_FUNCTIONS)) {
    for (const z of [-1e4, 1e4]) {
      assert(Number.isFinite(value(z)) && Number.isFinite(derivative(z)), `${name} at ${z}`);
    }
  }
});

Deno.test("ACTIVATION_FUNCTIONS agree with known values", () => {
  const at = (name: string, z: number) => ACTIVATION_FUNCTIONS[name].value(z);
  assertAlmostEquals(at("gelu", 1), 0.8413447460685429, 1e-14);
  assertAlmostEquals(at("gelu_new", 1), 0.841192, 1e-6);
  assertAlmostEquals(at("mish", 1), 0.8650983882673103, 1e-14);
  assertAlmostEquals(at("swish", 1), 0.7310585786300049, 1e-14);
  assertAlmostEquals(at("selu", -1), -1.1113307378125625, 1e-14);
  assertAlmostEquals(at("softplus", 0), Math.LN2, 1e-15);
  assertEquals([-3, 0, 3].map((z) => at("hardSigmoid", z)), [0, 0.5, 1]);
  assertEquals([-1, 3, 7].map((z) => at("relu6", z)), [0, 3, 6]);
});

Deno.test("errorFunction() agrees with known values on both of its branches", () => {
  const known: [number, number][] = [
    [0, 0],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2.9, 0.9999589021219005],
    [3.1, 0.9999883513426328],
    [-2, -0.9953222650189527],
    [7, 1],
  ];
  for (const [x, value] of known) assertAlmostEquals(errorFunction(x), value, 1e-14);
});

const NAMES = ["tanh", "sigmoid", "softplus", "relu", "leakyRelu(0.2)", "linear"];

Deno.test("pairMoments() of no variance are the squares there, as of one z alone", () => {
  for (const activation of NAMES) {
    for (const mean of [2, -0.5]) {
      const { mean: value, slopeSquare } = activationMoments(activation, mean, 0)!;
      for (const correlation of [0, 0.4, 1]) {
        const { product, slopeProduct } = pairMoments(activation, mean, 0, correlation);
        const digits = (x: number) => Number(x.toPrecision(4));
        const of = `${activation} ${mean} ${correlation}`;
        assertEquals(digits(product), digits(value ** 2), of);
        assertEquals(digits(slopeProduct), digits(slopeSquare), of);
      }
    }
  }
});
