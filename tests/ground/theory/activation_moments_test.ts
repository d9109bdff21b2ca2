import { assertEquals } from "@std/assert";
import {
  activate,
  activationMoments,
  pairMoments,
} from "../../../src/ground/theory/activation_moments.ts";
import { gaussianMean } from "../../../src/ground/theory/gaussian_mean.ts";
import {
  assertFigures,
  assertNear,
  makeGradient,
  makeSignal,
  normalMean,
  normalPairMean,
} from "./rule_kit.ts";

/** Activations and their derivatives, written apart from those under test. */
const CURVES: Record<string, [(z: number) => number, (z: number) => number]> = {
  tanh: [Math.tanh, (z) => 1 - Math.tanh(z) ** 2],
  sigmoid: [(z) => 1 / (1 + Math.exp(-z)), (z) => Math.exp(-z) / (1 + Math.exp(-z)) ** 2],
  softplus: [(z) => Math.log(1 + Math.exp(z)), (z) => 1 / (1 + Math.exp(-z))],
  relu: [(z) => Math.max(0, z), (z) => z > 0 ? 1 : z === 0 ? 0.5 : 0],
  "leakyRelu(0.2)": [(z) => Math.max(0.2 * z, z), (z) => z > 0 ? 1 : z === 0 ? 0.6 : 0.2],
  linear: [(z) => z, () => 1],
};

/** Returns the moments for z ~ N(mean, variance), by another quadrature and by differences. */
function reference(name: string, mean: number, variance: number) {
  const [value, slope] = CURVES[name];
  const over = (f: (z: number) => number, v = variance) => normalMean(f, mean, v);
  const square = (v = variance) => over((z) => value(z) ** 2, v);
  const slopeSquare = over((z) => slope(z) ** 2);
  const step = 1e-3;
  return {
    mean: over(value),
    meanSquare: square(),
    kurtosis: over((z) => value(z) ** 4) / square() ** 2,
    stretch: Math.log(square(variance * (1 + step)) / square(variance * (1 - step))) / (2 * step),
    slopeSquare,
    slopeKurtosis: over((z) => slope(z) ** 4) / slopeSquare ** 2,
    lean: over((z) => slope(z) * (z - mean) / Math.sqrt(variance)) ** 2,
  };
}

Deno.test("activationMoments() gives what another quadrature gives, at any mean and variance", () => {
  for (const name of Object.keys(CURVES)) {
    for (const [mean, variance] of [[0, 1], [0.4, 1.7], [-0.8, 0.3], [3, 30]]) {
      const of = `${name} ${mean} ${variance}`;
      const found = activationMoments(name, mean, variance)!;
      // A kink is between two points of the reference's grid.
      assertFigures(found, reference(name, mean, variance), 4e-3, of);
    }
  }
});

Deno.test("activationMoments() depends on five digits alone, and on nothing that was asked before", () => {
  const found = activationMoments("tanh", 0.1234512, 1.7654321)!;
  const mean = gaussianMean((z) => Math.tanh(z + 0.12345), 1.7654, { kinks: [] });
  assertEquals(found.mean, mean);
  assertEquals(activationMoments("tanh", 0.1234533, 1.7654499), found);
});

Deno.test("activationMoments() of no variance is the value there, and no number where there is none", () => {
  assertFigures(activationMoments("tanh", 0.5, 0)!, {
    mean: Math.tanh(0.5),
    meanSquare: Math.tanh(0.5) ** 2,
    kurtosis: 1,
    stretch: 0,
    slopeSquare: (1 - Math.tanh(0.5) ** 2) ** 2,
    slopeKurtosis: 1,
    lean: 0,
  });
  // Off for certain: no slope, and no share of a mean square of 0.
  assertEquals(activationMoments("relu", -1, 0), {
    mean: 0,
    meanSquare: 0,
    kurtosis: 0,
    stretch: 0,
    slopeSquare: 0,
    slopeKurtosis: 0,
    lean: 0,
  });
  const { kurtosis, stretch } = activationMoments("linear", 0, 0)!;
  assertEquals({ kurtosis, stretch }, { kurtosis: 0, stretch: 0 });
  assertEquals(activationMoments("softmax", 0, 1), null);
  assertEquals(activationMoments("tanh", NaN, 1), null);
  assertEquals(activationMoments("tanh", 0, Infinity), null);
});

Deno.test("pairMoments() gives what a quadrature over both variables gives", () => {
  for (const [name, [value, slope]] of Object.entries(CURVES)) {
    for (const [mean, variance] of [[0, 2.5], [0.6, 1.7]]) {
      for (const correlation of [0, 0.3, 0.85]) {
        const at = { mean, variance, correlation };
        const found = pairMoments(name, mean, variance, correlation);
        const of = `${name} ${mean} ${variance} ${correlation}`;
        const tolerance = name.includes("elu") ? 5e-3 : 1e-3;
        assertNear(found.product, normalPairMean(value, at), tolerance, of);
        assertNear(found.slopeProduct, normalPairMean(slope, at), tolerance, of);
      }
    }
  }
});

Deno.test("pairMoments() of one variable twice are its moments, and none are below no correlation", () => {
  for (const name of ["tanh", "softplus", "relu", "leakyRelu(0.2)", "linear"]) {
    for (const mean of [0, 0.6]) {
      const { meanSquare, slopeSquare, mean: middle } = activationMoments(name, mean, 1.7)!;
      for (const most of [1, 1.2]) {
        const { product, slopeProduct } = pairMoments(name, mean, 1.7, most);
        assertNear(product, meanSquare, 5e-3, name);
        assertNear(slopeProduct, slopeSquare, 5e-3, name);
      }
      assertNear(pairMoments(name, mean, 1.7, -0.4).product, middle ** 2, 5e-3, name);
    }
  }
});

/** Returns what remains of a spread over 6 examples of this similarity. */
const left = (aligned: number) => aligned + (1 - aligned) / 6;

Deno.test("activate() gives every figure of a signal and of a gradient, for z off the middle", () => {
  for (const name of ["tanh", "softplus", "relu", "leakyRelu(0.2)"]) {
    for (const vague of [false, true]) {
      const z = makeSignal({ vague });
      const gradient = makeGradient();
      const [value, slope] = CURVES[name];
      const variance = 2.3 - 0.7 ** 2;
      const at = (product: number) => ({
        mean: 0.7,
        variance,
        correlation: (product - 0.49) / variance,
      });
      const one = reference(name, 0.7, variance);
      const alike = normalPairMean(value, at(1.1));
      const aligned = Math.max(0.31, (alike / one.meanSquare) ** 2);
      const normal = { activation: name, mean: 0.7, variance };
      const found = activate(name, z, 5, 6)!;
      const isKinked = name.includes("elu");
      assertFigures(
        found.a,
        {
          meanSquare: one.meanSquare,
          mean: one.mean,
          alike,
          near: normalPairMean(value, at(1.6)),
          entries: 30,
          spread: one.stretch ** 2 * 0.3 + (one.kurtosis - 1) / 5 * left(vague ? 1 : aligned),
          aligned,
          vague,
          normal: { ...normal, near: (1.6 - 0.49) / variance },
        },
        isKinked ? 5e-3 : 2e-3,
        name,
      );
      const kept = normalPairMean(slope, at(1.1)) / one.slopeSquare;
      const keptNear = normalPairMean(slope, at(1.6)) / one.slopeSquare;
      assertFigures(
        found.back(gradient),
        {
          square: 7 * one.slopeSquare,
          alike: 1.3 * one.slopeSquare * kept,
          near: 2.9 * one.slopeSquare * keptNear,
          along: (1.3 + (2.9 - 1.3) / 6) * one.lean,
          spread: 0.17 + (3 * one.slopeKurtosis - 1) / 5 * left(0.23 * kept ** 2),
          aligned: 0.23 * kept ** 2,
          through: { ...normal, slopeSquare: one.slopeSquare },
        },
        isKinked ? 7e-3 : 3e-3,
        name,
      );
      // The gradient to the largest entry of a window already has its slope.
      assertNear(found.back({ ...gradient, chosen: 0.9 }).square, 7 * 0.9);
    }
  }
});

Deno.test("activate() takes examples of one value for wholly alike, and knows no softmax", () => {
  const z = makeSignal({ meanSquare: 0.25, mean: 0.5, alike: 0.1, near: 0.2 });
  const { a, back } = activate("tanh", z, 5, 6)!;
  assertNear(a.alike, a.meanSquare, 1e-5);
  assertNear(a.near, Math.tanh(0.5) ** 2, 1e-5);
  assertNear(a.normal!.near, 1);
  assertNear(back(makeGradient()).aligned, 0.23, 1e-5);
  assertEquals(activate("softmax", z, 5, 6), null);
  // A relu that is off sends nothing, shares nothing, and keeps the spread of z.
  const off = activate("relu", makeSignal({ meanSquare: 1, mean: -1 }), 5, 6)!;
  assertEquals([off.a.meanSquare, off.a.spread, off.a.aligned], [0, 0.3, 0.31]);
  const { square, aligned, along, spread } = off.back(makeGradient());
  assertEquals([square, aligned, along, spread], [0, 0, 0, 0.17]);
});

Deno.test("activate() lets neither correlation leave the range from 0 to 1", () => {
  const { a } = activate("tanh", makeSignal({ mean: 0, alike: -1, near: 9 }), 5, 6)!;
  assertNear(a.alike, 0, 1e-6);
  assertNear(a.near, a.meanSquare, 1e-4);
  assertEquals(a.normal!.near, 1);
});
