import { assertEquals } from "@std/assert";
import {
  activationSpread,
  depthScale,
  forwardSlope,
  halfPrecisionFit,
  meanField,
  reluOffFractions,
  wilsonInterval,
} from "../../../src/ground/theory/mod.ts";
import { fixedPoint } from "../../../src/ground/theory/criticality.ts";
import { gaussianMean } from "../../../src/ground/theory/gaussian_mean.ts";
import { resolveActivation } from "../../../src/ground/theory/activation_moments.ts";
import { widthSpread } from "../../../src/ground/theory/mean_field.ts";
import { assertNear, normalMean, normalPairMean } from "./rule_kit.ts";

const slopeOfTanh = (z: number) => 1 - Math.tanh(z) ** 2;
const square = (variance: number) => normalMean((z) => Math.tanh(z) ** 2, 0, variance);

/** d ln f / d ln x. */
function growth(f: (x: number) => number, x: number): number {
  const step = 1e-4;
  return Math.log(f(x * (1 + step)) / f(x * (1 - step))) / (2 * step);
}

Deno.test("meanField() and activationSpread() follow another quadrature through unlike layers with biases", () => {
  const layers = [
    { activation: "tanh", weightVariance: 1.7, biasVariance: 0.3, width: 12 },
    { activation: "tanh", weightVariance: 0.8, biasVariance: 0.1, width: 40 },
    { activation: "tanh", weightVariance: 2.9, width: 7 },
  ];
  const states = meanField(layers, 1.6);
  const spreads = activationSpread(layers, 1.6);
  let below = 1.6;
  let variance = 0;
  layers.forEach(({ weightVariance, biasVariance = 0, width }, i) => {
    const q = weightVariance * below + biasVariance;
    const kurtosis = normalMean((z) => Math.tanh(z) ** 4, 0, q) / square(q) ** 2;
    const slope = growth(square, q) * weightVariance * below / q;
    variance = slope ** 2 * variance + (kurtosis - 1) / width;
    below = square(q);
    assertNear(states[i].preActivationVariance, q, 1e-6);
    assertNear(states[i].activationMeanSquare, below, 1e-6);
    assertNear(states[i].activationStd, Math.sqrt(below), 1e-6);
    const above = layers[i + 1]?.weightVariance ?? weightVariance;
    assertNear(states[i].chi, above * normalMean((z) => slopeOfTanh(z) ** 2, 0, q), 1e-6);
    assertNear(spreads[i], Math.sqrt(variance) / 2, 1e-4);
  });
  // An activation of one sign has a mean: the deviation is less than the rms.
  const [{ activationStd }] = meanField([{ activation: "sigmoid", weightVariance: 2 }]);
  const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
  const mean = normalMean(sigmoid, 0, 2);
  assertNear(activationStd ** 2, normalMean((z) => (sigmoid(z) - mean) ** 2, 0, 2), 1e-6);
});

Deno.test("forwardSlope() is the growth of the mean square with the variance", () => {
  for (const variance of [0.2, 1, 7]) {
    assertNear(forwardSlope("tanh", variance), growth(square, variance), 1e-6);
  }
  // Deviation of the variance at which gelu has the mean square 1.
  const geluSquare = (variance: number) => {
    const { value } = resolveActivation("gelu");
    return normalMean((z) => value(z) ** 2, 0, variance);
  };
  let low = 0.1;
  let high = 10;
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (geluSquare(middle) < 1) low = middle;
    else high = middle;
  }
  assertNear(forwardSlope("gelu"), growth(geluSquare, low), 1e-5);
});

Deno.test("fixedPoint() and depthScale() are where iterating the maps of a layer ends", () => {
  for (const [weights, biases] of [[3, 0.05], [1.3, 0.4]]) {
    let variance = 1;
    for (let step = 0; step < 300; step++) variance = weights * square(variance) + biases;
    const tanh = resolveActivation("tanh");
    assertNear(fixedPoint(tanh, weights, biases), variance, 1e-6);
    let correlation = 0.5;
    for (let step = 0; step < 60; step++) {
      const product = normalPairMean(Math.tanh, { mean: 0, variance, correlation });
      correlation = Math.min(1, (weights * product + biases) / variance);
    }
    const isOrdered = correlation > 0.99;
    const found = depthScale("tanh", weights, { biasVariance: biases });
    assertNear(found.variance, variance, 1e-6);
    assertNear(found.correlation, isOrdered ? 1 : correlation, 2e-3, `${weights} ${biases}`);
    const slope = weights * normalPairMean(slopeOfTanh, {
      mean: 0,
      variance,
      correlation: isOrdered ? 1 : correlation,
    });
    assertNear(found.slope, slope, 2e-3);
    assertNear(found.scale, Math.abs(1 / Math.log(found.slope)), 1e-9);
  }
});

Deno.test("reluOffFractions() follows the correlation of two examples layer by layer", () => {
  const relu = (z: number) => Math.max(0, z);
  let correlation = 0.35;
  for (const share of reluOffFractions(6, 2, { correlation })) {
    assertNear(share, 1 / 4 + Math.asin(correlation) / (2 * Math.PI), 2e-3);
    correlation = 2 * normalPairMean(relu, { mean: 0, variance: 1, correlation });
  }
});

Deno.test("gaussianMean() splits at kinks wherever they lie, and few pieces do", () => {
  for (const variance of [0.04, 1, 30]) {
    const deviation = Math.sqrt(variance);
    for (const kink of [-2.37, -0.3, 0.81, 1.9].map((t) => t * deviation)) {
      const above = gaussianMean((z) => z > kink ? 1 : 0, variance, { kinks: [kink] });
      const below = gaussianMean((z) => z < kink ? 1 : 0, variance, { kinks: [kink] });
      assertNear(above + below, 1, 1e-11);
      // The mean of z above a kink is the density there, times the variance.
      const density = Math.exp(-(kink ** 2) / variance / 2) / Math.sqrt(2 * Math.PI);
      const beyond = gaussianMean((z) => z > kink ? z : 0, variance, { kinks: [kink] });
      assertNear(beyond, density * deviation, 1e-10);
    }
    const cosine = gaussianMean((z) => Math.cos(z + 0.4), variance);
    const exact = Math.exp(-variance / 2) * Math.cos(0.4);
    assertEquals(Math.abs(cosine - exact) < 1e-11, true, `${cosine} and ${exact}`);
  }
  let calls = 0;
  gaussianMean(() => calls++, 1);
  assertEquals(calls, 16 * (20 + 2), "pieces between whole deviations, and at half of one");
});

Deno.test("halfPrecisionFit() knows both sides of each border of bf16, were there such exponents", () => {
  const of = (exponent: number) =>
    halfPrecisionFit({ zeros: 0, nonFinite: 0, under: 0, from: exponent, counts: [1], over: 0 })
      .bf16;
  assertEquals(of(127), { over: 0, subnormal: 0, under: 0 });
  assertEquals(of(128), { over: 1, subnormal: 0, under: 0 });
  assertEquals(of(-126), { over: 0, subnormal: 0, under: 0 });
  assertEquals([of(-127), of(-133)].map(({ subnormal }) => subnormal), [1, 1]);
  assertEquals(of(-134), { over: 0, subnormal: 0, under: 1 });
});

Deno.test("widthSpread() adds up unlike widths, and loses two deviations and half a variance", () => {
  const { variance, loss, inverseWidths } = widthSpread([4, 10, 50]);
  assertNear(inverseWidths, 0.37, 1e-12);
  assertNear(variance, 5 * 0.37, 1e-5);
  assertNear(loss, Math.exp(variance / 2 + 2 * Math.sqrt(variance)));
});

Deno.test("wilsonInterval() ends at 0 and at 1 where no trial or every one succeeded", () => {
  for (const trials of [1, 2, 7, 1000]) {
    const [low, high] = wilsonInterval(0, trials);
    assertEquals([low, wilsonInterval(trials, trials)[1]], [0, 1]);
    // The rate at which no success of this many is 1.96 standard errors away.
    assertNear(high, 1.959963984540054 * Math.sqrt(high * (1 - high) / trials), 1e-9);
    if (trials > 1) assertEquals(wilsonInterval(1, trials)[0] > 0, true);
  }
});
