import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../../src/core/model/batches/seeded_random.ts";
import { attentionSpread, freezingStd } from "../../../src/ground/theory/attention_spread.ts";
import { gain } from "../../../src/ground/theory/criticality.ts";
import { activationSpread, reluOffFractions } from "../../../src/ground/theory/mean_field.ts";
import { rowAlikeness } from "../../../src/ground/theory/row_alikeness.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";
import { measureDense, randomNetwork } from "../../networks/dense_network.ts";
import { assertRefused } from "../../assert_refused.ts";

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
  // The effect of the weights on the scale is soon lost beside biases.
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
  assertRefused(
    () => activationSpread([{ ...layer, width: NaN }]),
    { place: "layers[0].width", found: "NaN", expected: "a number above 0" },
  );
});

/**
 * Simulated figures: keys, the freezing point, the entropy at a deviation of 1, there and at twice
 * of it, and the sum of squares there. The simulation of 2048 keys is off by up to 0.008.
 */
const SIMULATED = [
  [8, 2.04, 0.828, 0.566, 0.304, 0.435],
  [16, 2.36, 0.850, 0.521, 0.264, 0.378],
  [64, 2.88, 0.886, 0.454, 0.208, 0.307],
  [128, 3.12, 0.900, 0.430, 0.182, 0.284],
  [512, 3.53, 0.920, 0.386, 0.155, 0.253],
  [2048, 3.91, 0.934, 0.366, 0.140, 0.218],
];

Deno.test("attentionSpread() has the figures that a simulation has", () => {
  for (const [keys, freezing, one, entropy, twice, squares] of SIMULATED) {
    const std = freezingStd(keys);
    assertAlmostEquals(std, freezing, 7e-3);
    assertAlmostEquals(attentionSpread(keys, 1).entropy, one, 1e-3);
    assertAlmostEquals(attentionSpread(keys, std).entropy, entropy, 8e-3);
    assertAlmostEquals(attentionSpread(keys, std).squares, squares, 8e-3);
    assertAlmostEquals(attentionSpread(keys, 2 * std).entropy, twice, 8e-3);
  }
});

Deno.test("attentionSpread() is 1 - std^2 / (2 ln keys) for small scores, and nearly uniform", () => {
  for (const keys of [2, 12, 100]) {
    const { entropy, squares } = attentionSpread(keys, 0.01);
    // Scores share their mean, which the softmax does not see: (keys - 1) / keys of the variance is left.
    const left = 1e-4 * (keys - 1) / keys;
    assertAlmostEquals(1 - entropy, left / (2 * Math.log(keys)), 1e-7);
    assertAlmostEquals(squares, (1 + left) / keys, 1e-7);
  }
});

Deno.test("attentionSpread() is what rows of random scores have, small and large", () => {
  const random = new SeededRandom(5, "attention");
  const keys = 10;
  const rows = 20_000;
  for (const std of [0.5, 3, 30]) {
    let entropies = 0;
    let squares = 0;
    for (let row = 0; row < rows; row++) {
      const scores = random.normals(keys, std);
      const most = Math.max(...scores);
      const powers = Array.from(scores, (z) => Math.exp(z - most));
      const sum = powers.reduce((total, power) => total + power, 0);
      for (const power of powers) {
        const weight = power / sum;
        squares += weight ** 2 / rows;
        if (weight > 0) entropies -= weight * Math.log(weight) / (rows * Math.log(keys));
      }
    }
    const spread = attentionSpread(keys, std);
    assertAlmostEquals(spread.entropy, entropies, 5e-3);
    assertAlmostEquals(spread.squares, squares, 5e-3);
  }
});

Deno.test("attentionSpread() and freezingStd() reject invalid numbers of keys and deviations", () => {
  for (const keys of [1, NaN, "8"]) {
    assertThrows(() => attentionSpread(keys as number, 1), TypeError, "keys is");
    assertThrows(() => freezingStd(keys as number), TypeError, "keys is");
  }
  for (const std of [0, -1, 101, NaN]) {
    assertThrows(() => attentionSpread(8, std), TypeError, "std is");
  }
});

const near = (actual: number, expected: number, by: number) =>
  assert(Math.abs(actual - expected) <= by, `${actual} is not ${expected} within ${by}`);

Deno.test("rowAlikeness() gives closed forms for a few rows", () => {
  assertEquals(rowAlikeness([1, 0, 0, 1], 2, 2), { cosine: 0, effectiveRank: 1 });
  assertEquals(rowAlikeness([1, 0, -2, 0], 2, 2)!.cosine, -1);
  // Corners of a regular simplex: as many directions as rows but one.
  const simplex = rowAlikeness([1, 0, 0, 0, 1, 0, 0, 0, 1], 3, 3)!;
  near(simplex.effectiveRank, 2, 1e-12);
  // The same row over and over leaves nothing where the mean is taken out.
  assertEquals(rowAlikeness([3, 4, 3, 4, 3, 4], 3, 2), { cosine: 1, effectiveRank: 0 });
});

Deno.test("rowAlikeness() leaves rows of zeros out, and says nothing of what is not finite", () => {
  assertEquals(rowAlikeness([1, 1, 0, 0, 2, 2], 3, 2)!.cosine, 1);
  assertEquals(rowAlikeness([1, 1, 0, 0], 2, 2), null);
  assertEquals(rowAlikeness([1, NaN, 1, 1], 2, 2), null);
  assertEquals(rowAlikeness([1, 1], 1, 2), null);
});

/** Means over draws of the outputs of this many He relu layers for 32 rows of noise. */
function reluLayers(depth: number, draws: number) {
  const rows = 32;
  const width = 128;
  const sums = Array.from({ length: depth }, () => ({ cosine: 0, effectiveRank: 0 }));
  for (let draw = 0; draw < draws; draw++) {
    const random = new SeededRandom(draw, "alikeness");
    let a = random.normals(rows * width, 1);
    for (const sum of sums) {
      const kernel = random.normals(width * width, Math.sqrt(2 / width));
      const next = new Float32Array(rows * width);
      for (let i = 0; i < rows; i++) {
        for (let k = 0; k < width; k++) {
          let z = 0;
          for (let j = 0; j < width; j++) z += a[i * width + j] * kernel[j * width + k];
          next[i * width + k] = Math.max(0, z);
        }
      }
      a = next;
      const { cosine, effectiveRank } = rowAlikeness(a, rows, width)!;
      sum.cosine += cosine / draws;
      sum.effectiveRank += effectiveRank / draws;
    }
  }
  return sums;
}

Deno.test("rowAlikeness() finds the cosines of relu layers, and noise of the rank that its shape allows", () => {
  const layers = reluLayers(5, 8);
  // From orthogonal rows, Cho and Saul (2009): 0.3183, 0.4937, 0.6048, ..., 0.7359 in the fifth layer.
  [0.3183, 0.4937, 0.6048].forEach((cosine, i) => near(layers[i].cosine, cosine, 0.02));
  near(layers[4].cosine, 0.7359, 0.03);
  assert(
    layers.every(({ effectiveRank }, i) => i === 0 || effectiveRank < layers[i - 1].effectiveRank),
  );
  const noise = rowAlikeness(new SeededRandom(3, "noise").normals(32 * 256, 1), 32, 256)!;
  // 1 / (1 / rows + 1 / width).
  near(noise.effectiveRank, 28.4, 1);
});

Deno.test("reluOffFractions() is 2^-n where examples are independent and 1/2 where they are alike", () => {
  for (const examples of [1, 2, 8]) {
    assertAlmostEquals(reluOffFractions(1, examples)[0], 2 ** -examples, 1e-12);
    for (const share of reluOffFractions(3, examples, { correlation: 1 })) {
      assertAlmostEquals(share, 0.5, 1e-12);
    }
  }
});

Deno.test("reluOffFractions() is 1/2 for one example and 1/4 + arcsin(c) / (2 pi) for two", () => {
  for (const c of [0, 0.3, 0.8, 0.99]) {
    assertAlmostEquals(reluOffFractions(1, 1, { correlation: c })[0], 0.5, 1e-9);
    const expected = 1 / 4 + Math.asin(c) / (2 * Math.PI);
    assertAlmostEquals(reluOffFractions(1, 2, { correlation: c })[0], expected, 1e-9);
  }
});

Deno.test("reluOffFractions() predicts the dead units of random He networks", () => {
  const depth = 10;
  const width = 128;
  const seeds = 8;
  const shares = Array<number>(depth).fill(0);
  for (let seed = 1; seed <= seeds; seed++) {
    const network = { depth, width, activation: "relu", sigma: Math.SQRT2, seed };
    const { layers, inputs } = randomNetwork(network);
    const rows = measureDense(layers, inputs(16)).layers;
    for (let i = 0; i < depth; i++) shares[i] += rows[i].deadFraction! / seeds;
  }
  reluOffFractions(depth, 16).forEach((expected, i) => {
    assertAlmostEquals(shares[i], expected, 0.06);
  });
});

Deno.test("reluOffFractions() grows with depth and falls with the examples", () => {
  const shares = reluOffFractions(30, 32);
  assertEquals(shares, shares.toSorted((a, b) => a - b));
  reluOffFractions(30, 64).forEach((share, i) => assertEquals(share < shares[i], true));
});

Deno.test("reluOffFractions() throws an InputError when a number makes no sense", () => {
  assertRefused(() => reluOffFractions(0, 8), {
    place: "depth",
    found: "0",
    expected: "a whole number of at least 1",
  });
  assertRefused(
    () => reluOffFractions(3, 1.5),
    { place: "examples", found: "1.5", expected: "a whole number of at least 1" },
  );
  assertRefused(
    () => reluOffFractions(3, 8, { correlation: 1.1 }),
    { place: "correlation", found: "1.1", expected: "a number from 0 to 1" },
  );
  assertThrows(
    () => reluOffFractions(3, 8, { correlation: NaN }),
    InputError,
    "correlation is NaN",
  );
});
