import { assertAlmostEquals, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { assertInitialLoss } from "../../../src/core/assert/assertions.ts";
import type {
  InputMeasurements,
  LayerMeasurements,
  LossMeasurements,
} from "../../../src/core/measure/measurements.ts";
import { guessedLoss, initialLoss } from "../../../src/core/rules/task/initial_loss.ts";
import {
  flat,
  type Head as Given,
  makeLayer,
  makeWeight,
  statisticsOf,
  withHead,
  withInput,
} from "../../networks/measurements.ts";
import { severities } from "./severities.ts";
import { loss } from "./with_head.ts";
import { networkOf } from "../../../src/core/rules/network/network.ts";

/** Returns one-hot targets of the given classes. */
const oneHot = (classes: number[], units: number) =>
  classes.flatMap((k) => Array.from({ length: units }, (_, j) => j === k ? 1 : 0));

const tenClasses = oneHot(Array.from({ length: 30 }, (_, i) => i % 10), 10);

Deno.test("initialLoss holds cross-entropy to ln K on both sides", () => {
  const at = (share: number) =>
    severities(loss({
      loss: "categoricalCrossentropy",
      value: Math.log(10) * share,
      targets: tenClasses,
      examples: 30,
    }));
  assertEquals([0.49, 0.51, 0.79, 0.81, 1.49, 1.51, 4.99, 5.01].map(at), [
    ["warning"],
    ["warning"],
    ["warning"],
    [],
    [],
    ["warning"],
    ["warning"],
    ["warning"],
  ]);
});

Deno.test("initialLoss fails from 30 times chance on, for a squared error of its root", () => {
  const entropy = { loss: "categoricalCrossentropy", targets: tenClasses, examples: 30 };
  const targets = [...Array(16).fill(1), ...Array(16).fill(5)];
  const square = { loss: "meanSquaredError", activation: "linear", units: 1, targets };
  const at = (given: Given, value: number) => severities(loss({ ...given, value }));
  assertEquals(at(entropy, 29.9 * Math.log(10)), ["warning"]);
  assertEquals(at(entropy, 30.1 * Math.log(10)), ["error"]);
  assertEquals(at(square, 899 * 13), ["warning"]);
  assertEquals(at(square, 901 * 13), ["error"]);
});

Deno.test("initialLoss passes a loss that is just at a bound of what it expects", () => {
  const square = [...Array(16).fill(1), ...Array(16).fill(5)];
  const cases: Given[] = [
    { loss: "categoricalCrossentropy", targets: tenClasses, examples: 30 },
    { loss: "meanSquaredError", activation: "linear", units: 1, targets: square },
  ];
  for (const given of cases) {
    // Errors and warnings have separate bounds.
    for (const value of [1e-3, 1e3]) {
      const [{ expected, kind, figures }] = loss({ ...given, value });
      for (const bound of expected.bounds!) {
        assertEquals(loss({ ...given, value: bound }).filter((one) => one.kind === kind), []);
        const [warned] = loss({ ...given, value: bound });
        for (const inner of warned?.expected.bounds ?? []) {
          assertEquals(loss({ ...given, value: inner }), [], `${given.loss} at ${inner}`);
        }
      }
      // An error only begins above 30 times the loss of guessing, or 30 times its root.
      const error = 30 ** (given.loss === "meanSquaredError" ? 2 : 1) * figures!.high.value;
      assertEquals(severities(loss({ ...given, value: error })), ["warning"]);
    }
  }
});

Deno.test("initialLoss has no squared error to hold to that of constant targets", () => {
  const given = { loss: "meanSquaredError", activation: "linear", units: 1, value: 999 };
  assertEquals(loss({ ...given, targets: Array(32).fill(3) }), []);
});

Deno.test("assertInitialLoss() fails on a loss out of its limits, error or not", () => {
  const at = (factor: number) =>
    withHead({
      loss: "categoricalCrossentropy",
      value: Math.log(10) * factor,
      targets: tenClasses,
      examples: 30,
    });
  for (const factor of [0.51, 4.99]) assertInitialLoss(at(factor));
  for (const factor of [0.49, 5.01]) assertThrows(() => assertInitialLoss(at(factor)));
});

Deno.test("initialLoss blames inputs that are too large before it blames the head", () => {
  const given = { loss: "categoricalCrossentropy", value: 9, targets: tenClasses, examples: 30 };
  const measurements = withHead(given);
  assertStringIncludes(initialLoss.run(measurements)[0].fix, "Draw the kernel of the head");
  measurements.batch.perInput[0].values = flat(100, 640);
  assertStringIncludes(initialLoss.run(measurements)[0].fix, "Normalise the inputs");
});

Deno.test("initialLoss accepts the entropy of an uneven prior", () => {
  // 27 of class 0, 3 of class 1: 0.325 against ln 2 = 0.693.
  const targets = oneHot([...Array(27).fill(0), 1, 1, 1], 2);
  const given = { loss: "categoricalCrossentropy", units: 2, targets, examples: 30 };
  assertEquals(loss({ ...given, value: 0.325 }), []);
  assertEquals(loss({ ...given, value: 0.693 }), []);
  assertEquals(severities(loss({ ...given, value: 0.16 })), ["warning"]);
});

Deno.test("initialLoss says what guessing gives by the frequencies of the classes, as the trial does", () => {
  const uneven = [...Array(27).fill(0), 1, 1, 1];
  const heads = [
    { loss: "categoricalCrossentropy", units: 2, targets: oneHot(uneven, 2) },
    { loss: "binaryCrossentropy", activation: "sigmoid", units: 1, targets: uneven },
  ];
  for (const head of heads) {
    const [{ message }] = loss({ ...head, examples: 30, value: 9 });
    assertStringIncludes(message, "guessing gives 0.325 by the frequencies of the classes;");
  }
});

Deno.test("initialLoss holds binary cross-entropy to ln 2", () => {
  const targets = [...Array(16).fill(0), ...Array(16).fill(1)];
  const given = { loss: "binaryCrossentropy", activation: "sigmoid", units: 1, targets };
  assertEquals(loss({ ...given, value: 0.7 }), []);
  assertEquals(severities(loss({ ...given, value: 0.34 })), ["warning"]);
  assertEquals(severities(loss({ ...given, value: 1.05 })), ["warning"]);
  assertEquals(severities(loss({ ...given, value: 3.5 })), ["warning"]);
  assertEquals(
    loss({ ...given, value: 1.05 }, { initialLossFactor: 1.5 }).map(({ kind }) => kind),
    ["too-large"],
  );
});

Deno.test("initialLoss holds the squared error from the variance of the targets to 25 mean squares", () => {
  // Mean 3, variance 4, mean square 13.
  const targets = [...Array(16).fill(1), ...Array(16).fill(5)];
  const given = { loss: "meanSquaredError", activation: "linear", units: 1, targets };
  for (const value of [4, 13, 4.99 * 13]) assertEquals(loss({ ...given, value }), []);
  assertEquals(severities(loss({ ...given, value: 1.9 })), ["warning"]);
  assertEquals(severities(loss({ ...given, value: 5.01 * 13 })), ["warning"]);
  assertEquals(severities(loss({ ...given, value: 25.1 * 13 })), ["warning"]);
  assertEquals(
    loss({ ...given, value: 1.9 }, { initialLossTolerance: 0.6 })[0].severity,
    "warning",
  );
});

Deno.test("initialLoss lets a draw be lucky where features are few or the targets constant", () => {
  const targets = [...Array(16).fill(1), ...Array(16).fill(5)];
  const low = (shape: number[], given: Partial<InputMeasurements> = {}) => {
    const measurements = withHead({
      loss: "meanSquaredError",
      activation: "linear",
      units: 1,
      targets,
      value: 0.4 * 4,
    });
    Object.assign(measurements.batch.perInput[0], { shape, ...given });
    return severities(initialLoss.run(measurements));
  };
  // One slope of two has the right sign; steps that follow one another are alike.
  assertEquals(low([32, 1]), []);
  assertEquals(low([32, 24, 2]), []);
  // At most 0.67 of the variance by 10 features, and 0.39 by 20.
  assertEquals(low([32, 10]), []);
  assertEquals(low([32, 20]), ["warning"]);
  assertEquals(low([32, 24, 100]), ["warning"]);
  // An index stands for a row of its own.
  assertEquals(low([32, 1], { lookedUp: true }), ["warning"]);
  const one = { loss: "binaryCrossentropy", activation: "sigmoid", units: 1 };
  assertEquals(loss({ ...one, targets: Array(32).fill(1), value: 0.3 }), []);
  assertEquals(severities(loss({ ...one, targets: Array(32).fill(1), value: 4 })), ["warning"]);
});

Deno.test("initialLoss accepts the loss of the head's bias alone", () => {
  // Twenty rare labels, of which the batch has three; or ten classes, of which it has one.
  const labels = Array.from({ length: 640 }, (_, i) => i === 0 || i === 21 || i === 42 ? 1 : 0);
  const classes = oneHot(Array(32).fill(0), 10);
  const biased = (bias: number[], given: Given) => {
    const measurements = withHead({ ...given, units: bias.length });
    const values = statisticsOf(bias);
    const shape = [bias.length];
    const weight = makeWeight({ name: "head/bias", shape, values, entries: bias });
    measurements.layers[0].weights.push(weight);
    return severities(initialLoss.run(measurements));
  };
  const rare = { loss: "binaryCrossentropy", activation: "sigmoid", targets: labels, value: 0.05 };
  const logit = Math.log(0.01 / 0.99);
  assertEquals(biased(Array(20).fill(logit), rare), []);
  assertEquals(biased(Array(20).fill(0), rare), ["warning"]);
  const one = { loss: "categoricalCrossentropy", targets: classes, value: 0.4 };
  assertEquals(biased([Math.log(0.6 / 0.4 * 9), ...Array(9).fill(0)], one), []);
  assertEquals(biased(Array(10).fill(0), one), ["warning"]);
});

Deno.test("initialLoss gives no verdict on few examples, other objectives, or without targets", () => {
  const few = oneHot([0, 1, 2, 3, 4, 5, 6], 10);
  const given = { loss: "categoricalCrossentropy", value: 99 };
  assertEquals(severities(loss({ ...given, targets: few, examples: 7 })), ["note"]);
  const eight = oneHot([0, 1, 2, 3, 4, 5, 6, 7], 10);
  assertEquals(severities(loss({ ...given, targets: eight, examples: 8 })), ["error"]);
  assertEquals(loss({ ...given, loss: "sum", targets: tenClasses, examples: 30 }), []);
  assertEquals(loss(given), []);
  assertEquals(loss({ ...given, value: NaN, targets: tenClasses, examples: 30 }), []);
  assertEquals(loss({ ...given, units: 1, targets: Array(32).fill(1) }), []);
});

Deno.test("initialLoss blames the scale at the front before it blames the head", () => {
  const measurements = withHead({ loss: "categoricalCrossentropy", value: 30, targets: [1, 0] });
  const perInput = withInput(flat(1, 640), { scaledBy: ["rescaling"] }).batch.perInput;
  const front = (size: number) =>
    makeLayer({ name: "rescaling", weights: [], activations: flat(size, 640) });
  const fix = (size: number) =>
    initialLoss.run({
      ...measurements,
      layers: [front(size), ...measurements.layers],
      batch: { ...measurements.batch, perInput },
    })[0].fix;
  assertStringIncludes(fix(255), "Check the scale of rescaling first");
  assertStringIncludes(fix(1), "Draw the kernel of the head smaller");
});

/**
 * Returns the findings on a head of this many units if the loss is 60 % too low and there are ten
 * features.
 */
function atLoss(given: Given, expected: number, head: Partial<LayerMeasurements> = {}) {
  const measurements = withHead({ ...given, value: 0.4 * expected });
  Object.assign(measurements.layers[0], head);
  Object.assign(measurements.batch.perInput[0], { shape: [32, 10] });
  return severities(initialLoss.run(measurements));
}

/** Classes of 32 examples in turn, one-hot. */
const classes = (units: number) =>
  Array.from({ length: 32 * units }, (_, i) => Math.floor(i / units) % units === i % units ? 1 : 0);

// By ten features chance explains 64 % for one free output, and 39 % for two.
Deno.test("initialLoss counts one free output less than a softmax has units", () => {
  const at = (units: number) =>
    atLoss({ loss: "categoricalCrossentropy", units, targets: classes(units) }, Math.log(units));
  assertEquals(at(2), []);
  assertEquals(at(3), ["warning"]);
});

Deno.test("initialLoss counts every unit of another head as a free output", () => {
  // Mean 3, variance 4.
  const given = (units: number): Given => ({
    loss: "meanSquaredError",
    activation: "linear",
    units,
    targets: Array.from({ length: 32 * units }, (_, i) => i < 16 * units ? 1 : 5),
  });
  assertEquals(atLoss(given(1), 4), []);
  assertEquals(atLoss(given(2), 4), ["warning"]);
  // One whose shape varies counts as one.
  assertEquals(atLoss(given(2), 4, { shape: null }), []);
});

Deno.test("initialLoss takes a label that a batch has always or never as unknown", () => {
  // 0.377 for the label that one example of eight has, and ln 2 for each of the two others.
  const targets = Array.from({ length: 32 }, (_, i) => [i % 8 === 0 ? 1 : 0, 0, 1]).flat();
  const at = (value: number) =>
    severities(
      loss({ loss: "binaryCrossentropy", activation: "sigmoid", units: 3, targets, value }),
    );
  // A fifth below the mean of the three, 0.588, it warns.
  assertEquals(at(0.475), []);
  assertEquals(at(0.465), ["warning"]);
});

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
