import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { CheckOptions } from "../../src/checks/check_options.ts";
import { assertInitialLoss } from "../../src/assert/assert_initial_loss.ts";
import { initialLoss } from "../../src/checks/rules/initial_loss.ts";
import { inputNormalized } from "../../src/checks/rules/input_normalized.ts";
import { outputHead } from "../../src/checks/rules/output_head.ts";
import type { InputMeasurements, Measurements } from "../../src/measure/measurements.ts";
import type { TensorStatistics } from "../../src/measure/tensor_statistics.ts";
import { makeTarget } from "./dense_network.ts";
import {
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeWeight,
  statisticsOf,
  withInput,
} from "./make_measurements.ts";
import { severities } from "./severities.ts";

interface Given {
  loss: string;
  value?: number;
  activation?: string;
  units?: number;
  targets?: number[] | null;
  examples?: number;
}

/** A model with one head of `units` units under a loss. */
function withHead(given: Given): Measurements {
  const { loss, value = 1, activation = "softmax", units = 10, targets = null, examples = 32 } =
    given;
  const weights = [makeWeight({ name: "head/kernel", shape: [20, units] })];
  const head = makeHead({ depth: 1, activation, shape: [examples, units], weights });
  const measurements = makeMeasurements([], {
    layers: [head],
    objective: { name: loss, value },
  });
  const all = targets === null ? [] : [makeTarget(Float64Array.from(targets), examples)];
  return { ...measurements, batch: { ...measurements.batch, examples, targets: all } };
}

/** One-hot targets of the given classes. */
const oneHot = (classes: number[], units: number) =>
  classes.flatMap((k) => Array.from({ length: units }, (_, j) => j === k ? 1 : 0));

const tenClasses = oneHot(Array.from({ length: 30 }, (_, i) => i % 10), 10);

function loss(given: Given, options?: CheckOptions) {
  return initialLoss.check(withHead(given), options);
}

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
  assertStringIncludes(initialLoss.check(measurements)[0].advice, "Draw the kernel of the head");
  measurements.batch.perInput[0].values = flat(100, 640);
  assertStringIncludes(initialLoss.check(measurements)[0].advice, "Normalise the inputs");
});

Deno.test("initialLoss accepts the entropy of an uneven prior", () => {
  // 27 of class 0, 3 of class 1: 0.325 against ln 2 = 0.693.
  const targets = oneHot([...Array(27).fill(0), 1, 1, 1], 2);
  const given = { loss: "categoricalCrossentropy", units: 2, targets, examples: 30 };
  assertEquals(loss({ ...given, value: 0.325 }), []);
  assertEquals(loss({ ...given, value: 0.693 }), []);
  assertEquals(severities(loss({ ...given, value: 0.16 })), ["warning"]);
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
    return severities(initialLoss.check(measurements));
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
    return severities(initialLoss.check(measurements));
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

const input = (values: TensorStatistics, given?: Partial<InputMeasurements>) =>
  inputNormalized.check(withInput(values, given));

Deno.test("inputNormalized warns on both sides of each of its limits", () => {
  assertEquals(input(statisticsOf([9.9, -9.9, ...Array(60).fill(1), ...Array(60).fill(-1)])), []);
  assertEquals(input(statisticsOf([10.1, ...Array(60).fill(1)]))[0].threshold, "inputMax");
  assertEquals(input(statisticsOf([0.99 + 1, 0.99 - 1])), []);
  assertEquals(input(statisticsOf([1.01 + 1, 1.01 - 1]))[0].threshold, "inputMean");
  assertEquals(input(statisticsOf([-1.01 + 1, -1.01 - 1]))[0].threshold, "inputMean");
  assertEquals(input(flat(0.11, 640)), []);
  assertEquals(input(flat(0.09, 640))[0].threshold, "inputDeviationFactor");
  const spread = (std: number) =>
    inputNormalized.check(withInput(flat(std, 640)), { inputMax: 100 })
      .map(({ threshold }) => threshold);
  assertEquals([spread(10), spread(10.1)], [[], ["inputDeviationFactor"]]);
});

Deno.test("inputNormalized warns, and names the input", () => {
  const [finding] = input(flat(255, 640));
  assertEquals([finding.severity, finding.layer], ["warning", null]);
  assertStringIncludes(finding.message, 'input "pixels" is 255');
});

Deno.test("inputNormalized passes over indices and sparse 0/1 codes", () => {
  assertEquals(input(flat(500, 640), { dtype: "int32" }), []);
  assertEquals(input(flat(500, 640), { lookedUp: true }), []);
  assertEquals(input(statisticsOf([1, ...Array(999).fill(0)])), []);
  assertEquals(input(statisticsOf([0.9, ...Array(999).fill(0)])).length, 1);
});

Deno.test("inputNormalized fails an only input whose mean is 25 times its deviation", () => {
  const offset = (mean: number) => statisticsOf([mean - 1, mean + 1]);
  for (const mean of [24.9, -24.9]) assertEquals(severities(input(offset(mean))), ["warning"]);
  for (const mean of [25.1, -25.1]) {
    const [finding] = input(offset(mean));
    assertEquals([finding.severity, finding.threshold], ["error", "inputOffset"]);
    assertStringIncludes(finding.message, "is 25.1 times its standard deviation");
  }
  const measurements = withInput(offset(25.1));
  measurements.batch.perInput.push({ ...measurements.batch.perInput[0], values: flat(1, 640) });
  assertEquals(severities(inputNormalized.check(measurements)), ["warning"]);
});

Deno.test("inputNormalized fails a constant input, but not of a mask of ones beside another", () => {
  const ones = statisticsOf(Array(640).fill(1));
  for (const values of [ones, statisticsOf(Array(640).fill(0))]) {
    const [finding, ...others] = input(values);
    assertEquals([finding.severity, finding.measured, others], ["error", 0, []]);
    assertStringIncludes(finding.advice, `every entry of it is ${values.mean}`);
  }
  const measurements = withInput(ones);
  measurements.batch.perInput.push({ ...measurements.batch.perInput[0], values: flat(1, 640) });
  assertEquals(inputNormalized.check(measurements), []);
});

function head(given: Given) {
  return outputHead.check(withHead(given)).map(({ severity, expected }) =>
    `${severity}: ${expected.text}`
  );
}

Deno.test("outputHead wants a softmax of two units or more for categorical cross-entropy", () => {
  for (const loss of ["categoricalCrossentropy", "sparseCategoricalCrossentropy"]) {
    assertEquals(head({ loss }), []);
    assertEquals(head({ loss, units: 2 }), []);
    assertEquals(head({ loss, units: 1 }), ["error: 2 units or more"]);
    assertEquals(head({ loss, activation: "linear" }), ["error: softmax"]);
    assertEquals(head({ loss, activation: "relu" }), ["error: softmax"]);
    // The loss divides by their sum.
    assertEquals(head({ loss, activation: "sigmoid" }), ["warning: softmax"]);
  }
});

Deno.test("outputHead wants a sigmoid and targets from 0 to 1 for binary cross-entropy", () => {
  const given = { loss: "binaryCrossentropy", units: 1, activation: "sigmoid" };
  assertEquals(head(given), []);
  assertEquals(head({ ...given, targets: Array(32).fill(1) }), []);
  assertEquals(head({ ...given, targets: Array(32).fill(2) }), ["error: targets from 0 to 1"]);
  assertEquals(head({ ...given, targets: Array(32).fill(-1) }), ["error: targets from 0 to 1"]);
  const mostly = [-1, ...Array(31).fill(1)];
  assertEquals(head({ ...given, targets: mostly }), ["error: targets from 0 to 1"]);
  assertEquals(head({ ...given, activation: "linear" }), ["warning: sigmoid"]);
  assertEquals(head({ ...given, activation: "softmax" }), ["error: sigmoid"]);
  assertEquals(head({ ...given, activation: "softmax", units: 3 }), ["warning: sigmoid"]);
});

Deno.test("outputHead warns of targets under a softmax that are no shares of classes", () => {
  const given = { loss: "categoricalCrossentropy", units: 4 };
  const found = (example: number[]) => head({ ...given, targets: Array(32).fill(example).flat() });
  const warned = ["warning: targets that add up to 1"];
  for (const example of [[0, 1, 0, 0], [0.1, 0.7, 0.1, 0.1]]) assertEquals(found(example), []);
  for (const example of [[0, 5, 0, 0], [1, -1, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]]) {
    assertEquals(found(example), warned, `${example}`);
  }
  // Masked steps of a sequence have none; integers are no shares at all.
  const masked = [...Array(16).fill([0, 0, 0, 0]), ...Array(16).fill([0, 0, 1, 0])].flat();
  assertEquals(head({ ...given, targets: masked }), []);
  const loss = "sparseCategoricalCrossentropy";
  assertEquals(head({ ...given, loss, targets: Array(32).fill(3) }), []);
});

Deno.test("outputHead wants both signs for a hinge, in the targets and in the outputs", () => {
  for (const loss of ["hinge", "squaredHinge"]) {
    const given = { loss, units: 1, activation: "linear" };
    const signs = Array.from({ length: 32 }, (_, i) => i % 2 === 0 ? 1 : -1);
    const codes = signs.map((sign) => (sign + 1) / 2);
    assertEquals(head({ ...given, targets: signs }), []);
    assertEquals(head({ ...given, activation: "tanh", targets: signs }), []);
    assertEquals(head({ ...given, targets: Array(32).fill(1) }), []);
    assertEquals(head({ ...given, targets: codes }), ["error: targets of -1 and 1"]);
    for (const activation of ["sigmoid", "relu", "softmax"]) {
      const expected = ["error: an activation that reaches -1 and 1"];
      assertEquals(head({ ...given, activation, targets: signs }), expected);
    }
  }
});

Deno.test("outputHead wants logits before a softmax or a sigmoid of its own", () => {
  const found = (before: string, last: string, loss: string, between = false) => {
    const measurements = withHead({ loss, activation: before, units: last === "sigmoid" ? 1 : 10 });
    const [kernel] = measurements.layers;
    const pooling = { ...kernel, name: "pooling", activation: null, weights: [] };
    const end = { ...kernel, name: "end", activation: last, weights: [] };
    const layers = between ? [kernel, pooling, end] : [kernel, end];
    return outputHead.check({ ...measurements, layers })
      .map(({ severity, expected }) => `${severity}: ${expected.text}`);
  };
  const categorical = "categoricalCrossentropy", binary = "binaryCrossentropy";
  assertEquals(found("softmax", "softmax", categorical), ["warning: logits before the softmax"]);
  assertEquals(found("sigmoid", "softmax", categorical), ["warning: logits before the softmax"]);
  const expected = ["error: logits before the sigmoid"];
  assertEquals(found("sigmoid", "sigmoid", binary), expected);
  assertEquals(found("relu", "softmax", categorical), ["warning: logits before the softmax"]);
  // A network in network ends so: relu, the mean of each map, softmax.
  assertEquals(found("relu", "softmax", categorical, true), []);
  assertEquals(found("linear", "softmax", categorical), []);
  assertEquals(found("tanh", "softmax", categorical), []);
});

Deno.test("outputHead wants no activation under a loss on logits", () => {
  for (const loss of ["softmaxCrossEntropy", "sigmoidCrossEntropy"]) {
    assertEquals(head({ loss, activation: "linear" }), []);
    assertEquals(head({ loss, activation: "softmax" }), ["warning: a linear head"]);
    // Of two sigmoids none says less than 1/2.
    assertEquals(head({ loss, activation: "sigmoid" }), ["error: a linear head"]);
  }
});

Deno.test("outputHead wants an activation that reaches the targets for regression", () => {
  const loss = "meanSquaredError";
  const reach = ["error: an activation that reaches the targets"];
  const some = ["warning: an activation that reaches the targets"];
  const given = { loss, units: 1 };
  const negative = [-1, ...Array(31).fill(0.5)];
  assertEquals(head({ ...given, activation: "linear", targets: negative }), []);
  assertEquals(head({ ...given, activation: "tanh", targets: negative }), []);
  assertEquals(head({ ...given, activation: "tanh", targets: Array(32).fill(1.01) }), some);
  // Most of what the targets are lies beyond.
  assertEquals(head({ ...given, activation: "tanh", targets: Array(32).fill(2.99) }), some);
  assertEquals(head({ ...given, activation: "tanh", targets: Array(32).fill(3.01) }), reach);
  for (const [target, shown] of [[1.79176366, "1.79"], [1.0004, "1.0004"]] as const) {
    const [{ message }] = outputHead.check(
      withHead({ ...given, activation: "tanh", targets: Array(32).fill(target) }),
    );
    assertStringIncludes(message, `the targets go up to ${shown} in size, beyond the 1 of tanh;`);
  }
  assertEquals(head({ ...given, activation: "relu", targets: negative }), reach);
  assertEquals(head({ ...given, activation: "relu", targets: Array(32).fill(9) }), []);
  assertEquals(head({ ...given, activation: "relu" }), []);
  assertEquals(head({ loss }), ["warning: a loss for probabilities, or a linear head"]);
});

Deno.test("outputHead finds the softmax in a layer of its own, and leaves two heads alone", () => {
  const linear = withHead({ loss: "categoricalCrossentropy", activation: "linear" });
  const softmax = { ...linear.layers[0], name: "softmax", activation: "softmax", weights: [] };
  assertEquals(outputHead.check({ ...linear, layers: [...linear.layers, softmax] }), []);
  const other = { ...linear.layers[0], name: "other" };
  assertEquals(outputHead.check({ ...linear, layers: [...linear.layers, other] }), []);
  assertEquals(severities(outputHead.check(linear)), ["error"]);
});

Deno.test("inputNormalized judges what the front of the model makes of an input, not the input", () => {
  const withFront = (raw: TensorStatistics, made: TensorStatistics) => {
    const measurements = withInput(raw, { scaledBy: ["rescaling"] });
    const front = makeLayer({ name: "rescaling", className: "Rescaling", activations: made });
    return inputNormalized.check({ ...measurements, layers: [front, ...measurements.layers] });
  };
  assertEquals(withFront(flat(255, 640), flat(1, 640)), []);
  const [finding] = withFront(flat(1, 640), flat(255, 640));
  assertStringIncludes(finding.message, 'what rescaling makes of the input "pixels" is 255');
  assertStringIncludes(finding.advice, "Look at the scale of rescaling");
  assertEquals(withFront(flat(1, 640), flat(1 / 255, 640))[0].threshold, "inputDeviationFactor");
  // A row that is not there, as in a report that was cut, leaves the input itself.
  assertEquals(input(flat(255, 640), { scaledBy: ["gone"] }).length, 1);
});

Deno.test("inputNormalized takes rows of norm 1 for normalised, unless they are constant or have a mean", () => {
  const unitRows = true;
  assertEquals(input(flat(0.044, 640), { unitRows }), []);
  assertEquals(input(flat(0.044, 640)).length, 1);
  assertEquals(input(statisticsOf(Array(640).fill(0.044)), { unitRows }).length, 1);
});

Deno.test("initialLoss blames the scale at the front before it blames the head", () => {
  const measurements = withHead({ loss: "categoricalCrossentropy", value: 30, targets: [1, 0] });
  const perInput = withInput(flat(1, 640), { scaledBy: ["rescaling"] }).batch.perInput;
  const front = (size: number) =>
    makeLayer({ name: "rescaling", weights: [], activations: flat(size, 640) });
  const advice = (size: number) =>
    initialLoss.check({
      ...measurements,
      layers: [front(size), ...measurements.layers],
      batch: { ...measurements.batch, perInput },
    })[0].advice;
  assertStringIncludes(advice(255), "Look at the scale of rescaling first");
  assertStringIncludes(advice(1), "Draw the kernel of the head smaller");
});

/** What outputHead says of class numbers for a softmax of 7 units. */
function classes(least: number | null, most: number | null, fractions = 0): string[] {
  const given = withHead({ loss: "sparseCategoricalCrossentropy", units: 7, targets: [0] });
  const [target] = given.batch.targets!;
  const targets = [{ ...target, classes: { units: 7, least, most, fractions } }];
  return outputHead.check({ ...given, batch: { ...given.batch, targets } })
    .map(({ severity, message, advice }) => `${severity}: ${message} ${advice}`);
}

Deno.test("outputHead fails class numbers that no unit stands for, on both sides of the limits", () => {
  assertEquals(classes(0, 6), []);
  assertEquals(classes(1, 7), [
    "error: Targets go up to 7, but the head has 7 units, so classes are 0 to 6. " +
    "Count the classes from 0: subtract 1 from the targets.",
  ]);
  assertStringIncludes(classes(0, 7)[0], "Give each class a whole number from 0 up");
  assertStringIncludes(classes(-1, 6)[0], "Targets go down to -1");
  assertStringIncludes(classes(0, 6, 3)[0], "3 targets are no whole numbers");
  assertStringIncludes(classes(null, null, 1)[0], "1 target is no whole number");
});
