import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { LossMeasurements } from "../../src/measure/measurements.ts";
import { networkOf } from "../../src/rules/network/network.ts";
import { guessedLoss } from "../../src/rules/task/initial_loss.ts";
import {
  type Head as Given,
  makeWeight,
  statisticsOf,
  withHead,
} from "../networks/measurements.ts";

/** The loss that guessing has, of a head with this bias. */
function guessed(given: Given, bias?: number[]) {
  const measurements = withHead({ ...given, units: given.units ?? bias?.length });
  if (bias !== undefined) {
    const values = statisticsOf(bias);
    measurements.layers[0].weights.push(
      makeWeight({ name: "head/bias", shape: [bias.length], values, entries: bias }),
    );
  }
  return guessedLoss(networkOf(measurements).head!, measurements);
}

/** So many examples of each class, one-hot. */
const shares = (...counts: number[]) =>
  counts.flatMap((count, k) =>
    Array.from({ length: count }, () => counts.map((_, j) => j === k ? 1 : 0)).flat()
  );

const entropy = (...shares: number[]) => shares.reduce((sum, p) => sum - p * Math.log(p), 0);

Deno.test("guessedLoss() of classes is from their entropy to ln K, or to ln K alone where there is next to none", () => {
  const of = (...counts: number[]) =>
    guessed({
      loss: "categoricalCrossentropy",
      units: counts.length,
      targets: shares(...counts),
      examples: counts.reduce((a, b) => a + b),
    })!;
  assertAlmostEquals(of(24, 8).low, entropy(0.75, 0.25), 1e-12);
  assertAlmostEquals(of(24, 8, 0).low, entropy(0.75, 0.25), 1e-12);
  assertAlmostEquals(of(24, 8).high, Math.LN2, 1e-12);
  assertAlmostEquals(of(32, 0).low, Math.LN2, 1e-12);
  // A tenth of ln 2 is 0.0693: 79 of 80 have 0.0673, and 39 of 40 have 0.117.
  assertAlmostEquals(of(79, 1).low, Math.LN2, 1e-12);
  assertAlmostEquals(of(39, 1).low, entropy(39 / 40, 1 / 40), 1e-12);
});

Deno.test("guessedLoss() begins at the loss of a bias alone, where that is less", () => {
  const classes = { loss: "categoricalCrossentropy", targets: shares(32, 0), examples: 32 };
  // The softmax of 2 and 0 gives class 0 the share e^2 / (e^2 + 1).
  assertAlmostEquals(guessed(classes, [2, 0])!.low, Math.log(1 + Math.exp(-2)), 1e-12);
  assertAlmostEquals(guessed(classes, [0, 2])!.low, Math.LN2, 1e-12);
  const labels = {
    loss: "binaryCrossentropy",
    activation: "sigmoid",
    targets: [1, ...Array(31).fill(0)],
  };
  const p = 1 / 32;
  const b = -2;
  const own = -p * Math.log(1 / (1 + Math.exp(-b))) - (1 - p) * Math.log(1 / (1 + Math.exp(b)));
  const prior = entropy(p, 1 - p);
  assertAlmostEquals(guessed({ ...labels, units: 1 }, [b])!.low, Math.min(own, prior), 1e-12);
  const none = { ...labels, targets: Array(32).fill(0) };
  assertAlmostEquals(guessed({ ...none, units: 1 })!.low, Math.LN2, 1e-12);
  assertAlmostEquals(guessed(none, [b])!.low, Math.log(1 + Math.exp(b)), 1e-12);
});

Deno.test("guessedLoss() of labels is the mean of their entropies, of ln 2 where a label is always the same", () => {
  const of = (units: number, targets: number[]) =>
    guessed({ loss: "binaryCrossentropy", activation: "sigmoid", units, targets })!.low;
  const rows = Array.from({ length: 32 }, (_, i) => [i % 4 === 0 ? 1 : 0, i % 2]).flat();
  assertAlmostEquals(of(2, rows), (entropy(0.25, 0.75) + Math.LN2) / 2, 1e-12);
  assertAlmostEquals(of(1, Array(32).fill(1)), Math.LN2, 1e-12);
});

Deno.test("guessedLoss() of a squared error is from the variance to the mean square, however small they are", () => {
  const square = { loss: "meanSquaredError", activation: "linear", units: 1 };
  const targets = Array.from({ length: 32 }, (_, i) => i % 2 === 0 ? 0.1 : 0.3);
  const { low, high } = guessed({ ...square, targets })!;
  assertAlmostEquals(low, 0.01, 1e-12);
  assertAlmostEquals(high, 0.05, 1e-12);
  assertEquals(guessed({ ...square, targets: Array(32).fill(3) }), null);
});

Deno.test("guessedLoss() of PyTorch's losses with arguments knows smoothing and sums, and no weights", () => {
  const of = (options: Partial<LossMeasurements>, name = "cross_entropy") => {
    const measurements = withHead({ loss: name, units: 2, targets: shares(24, 8), examples: 32 });
    measurements.objective.losses = [{ name, ...options }];
    return guessedLoss(networkOf(measurements).head!, measurements);
  };
  assertAlmostEquals(of({ labelSmoothing: 0.2 })!.low, entropy(0.7, 0.3), 1e-12);
  assertEquals(of({ classWeights: [1, 2] }), null);
  assertEquals(of({ positiveWeights: [1, 2] }, "bce_with_logits"), null);
  assertEquals(of({ unitWeights: [1, 2] }, "bce_with_logits"), null);
  assertEquals(of({ classAxis: 1 }), null);
  // Keras adds up rows, and PyTorch the 64 entries.
  const sum = { reduction: "sum" } as const;
  const mean = of({}, "bce_with_logits")!.high;
  assertAlmostEquals(of(sum, "bce_with_logits")!.high, 64 * mean, 1e-9);
  assertAlmostEquals(of(sum, "binaryCrossentropyFromLogits")!.high, 32 * mean, 1e-9);
});
