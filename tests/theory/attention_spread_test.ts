import { assertAlmostEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../src/model/batches/seeded_random.ts";
import { attentionSpread, freezingStd } from "../../src/theory/attention_spread.ts";

/**
 * What was simulated before there was a formula: keys, the freezing point, the entropy at a deviation of 1, there and
 * at twice of it, and the sum of squares there. The simulation of 2048 keys is off by up to 0.008.
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

Deno.test("attentionSpread() and freezingStd() refuse what is no number of keys and no deviation", () => {
  for (const keys of [1, NaN, "8"]) {
    assertThrows(() => attentionSpread(keys as number, 1), TypeError, "keys is");
    assertThrows(() => freezingStd(keys as number), TypeError, "keys is");
  }
  for (const std of [0, -1, 101, NaN]) {
    assertThrows(() => attentionSpread(8, std), TypeError, "std is");
  }
});
