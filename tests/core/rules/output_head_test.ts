import { assertEquals, assertStringIncludes } from "@std/assert";
import { headMismatch, outputHead } from "../../../src/core/rules/task/output_head.ts";
import type { LayerMeasurements } from "../../../src/core/measure/measurements.ts";
import {
  makeLayer,
  makeMeasurements,
  statisticsOf,
  withHead,
} from "../../networks/measurements.ts";
import { severities } from "./severities.ts";
import { head } from "./with_head.ts";
import type { Head } from "../../../src/core/rules/network/heads.ts";

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
  for (const example of [[1, 1, 0, 0], [0, 0, 0, 0]]) {
    assertEquals(found(example), warned, `${example}`);
  }
  const outside = ["warning: targets from 0 to 1"];
  for (const example of [[0, 5, 0, 0], [1, -1, 1, 0], [1.001, 0, 0, 0]]) {
    assertEquals(found(example), outside, `${example}`);
  }
  // Masked steps of a sequence have none; integers are not shares.
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

Deno.test("outputHead wants shares for an overlap, in the targets and in the outputs", () => {
  for (const loss of ["dice", "tversky"]) {
    const mask = Array.from({ length: 32 }, (_, i) => i % 2);
    const of = (activation: string, targets = mask) =>
      head({ loss, units: activation === "softmax" ? 2 : 1, activation, targets });
    for (const activation of ["sigmoid", "softmax", "hardSigmoid", "custom"]) {
      assertEquals(of(activation), []);
    }
    const shares = "sigmoid, or softmax for exclusive classes";
    for (const activation of ["relu", "softplus"]) {
      assertEquals(of(activation), [`warning: ${shares}`]);
    }
    for (const activation of ["linear", "tanh", "elu"]) {
      assertEquals(of(activation), [`error: ${shares}`]);
    }
    const scaled = (factor: number) => of("sigmoid", mask.map((one) => one * factor));
    assertEquals(scaled(2), ["error: targets from 0 to 1"]);
    assertEquals(scaled(1.9), ["warning: targets from 0 to 1"]);
    assertEquals(head({ loss, units: 1, activation: "softmax", targets: mask }), [
      "error: sigmoid",
    ]);
  }
});

Deno.test("outputHead wants logits before a softmax or a sigmoid of its own", () => {
  const found = (before: string, last: string, loss: string, between = false) => {
    const measurements = withHead({ loss, activation: before, units: last === "sigmoid" ? 1 : 10 });
    const [kernel] = measurements.layers;
    const pooling = { ...kernel, name: "pooling", activation: null, weights: [] };
    const end = { ...kernel, name: "end", activation: last, weights: [] };
    const layers = between ? [kernel, pooling, end] : [kernel, end];
    return outputHead.run({ ...measurements, layers })
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
    // Neither of two sigmoids says less than 1/2.
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
    const [{ message }] = outputHead.run(
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
  assertEquals(outputHead.run({ ...linear, layers: [...linear.layers, softmax] }), []);
  const other = { ...linear.layers[0], name: "other" };
  assertEquals(outputHead.run({ ...linear, layers: [...linear.layers, other] }), []);
  assertEquals(severities(outputHead.run(linear)), ["error"]);
});

/** Returns outputHead's findings on class numbers for a softmax of 7 units. */
function classes(least: number | null, most: number | null, fractions = 0): string[] {
  const given = withHead({ loss: "sparseCategoricalCrossentropy", units: 7, targets: [0] });
  const [target] = given.batch.targets!;
  const targets = [{ ...target, classes: { units: 7, least, most, fractions } }];
  return outputHead.run({ ...given, batch: { ...given.batch, targets } })
    .map(({ severity, kind, measured, fix }) =>
      `${severity} ${kind} ${measured}${fix.includes("subtract") ? `, subtract` : ""}`
    );
}

Deno.test("outputHead fails class numbers that no unit stands for, on both sides of the limits", () => {
  assertEquals(classes(0, 6), []);
  assertEquals(classes(1, 7), ["error class-too-large 7, subtract"]);
  assertEquals(classes(0, 7), ["error class-too-large 7"]);
  assertEquals(classes(1, 8), ["error class-too-large 8"]);
  assertEquals(classes(-1, 6), ["error class-negative -1"]);
  assertEquals(classes(0, 6, 3), ["error class-fraction 3"]);
  assertEquals(classes(null, null, 1), ["error class-fraction 1"]);
});

/** Returns the findings on a head under a loss, followed by a dropout of a rate. */
function found(loss: string, units: number, rate: number, kind: "passesOn" | "dense" = "passesOn") {
  const measurements = withHead({ loss, units, activation: "softmax" });
  const [head] = measurements.layers;
  const dropout = {
    ...makeMeasurements([{}]).layers[0],
    name: "drop",
    className: "Dropout",
    kind,
    role: "output" as const,
    weights: [],
    shape: [32, units],
    inputs: [head.name],
    ...rate > 0 ? { dropout: rate } : {},
  };
  const layers = [{ ...head, role: "hidden" as const }, dropout];
  return outputHead.run({ ...measurements, layers })
    .filter(({ kind }) => kind === "dropped")
    .map(({ severity, layer, measured }) => `${severity} ${layer} ${measured}`);
}

Deno.test("outputHead fails a dropout behind the head that takes all classes of an example", () => {
  const loss = "categoricalCrossentropy";
  // 0.1^4 is one example of 10,000.
  assertEquals(found(loss, 4, 0.1001), ["error drop 0.1001"]);
  assertEquals(found(loss, 4, 0.0999), ["warning drop 0.0999"]);
  assertEquals(found("sparseCategoricalCrossentropy", 2, 0.2), ["error drop 0.2"]);
  assertEquals(found(loss, 10, 0.5), ["error drop 0.5"]);
  assertEquals(found(loss, 100, 0.5), ["warning drop 0.5"]);
  assertEquals(found("meanSquaredError", 2, 0.5), ["warning drop 0.5"]);
  assertEquals(found(loss, 4, 0), []);
  // A recurrent layer, say, drops what it is fed.
  assertEquals(found(loss, 4, 0.5, "dense"), []);
});

const LOSSES = [
  "categoricalCrossentropyFromLogits",
  "sparseCategoricalCrossentropyFromLogits",
  "binaryCrossentropyFromLogits",
];

/** Severity and kind of what is wrong with a head under each loss from logits; `null` for nothing. */
function judged(activation: string): (string | null)[] {
  return LOSSES.map((loss) => {
    const head = { activation, units: 3, before: null, output: null, layer: {} } as unknown as Head;
    const found = headMismatch(loss, head, null);
    return found === null ? null : `${found.severity} ${found.kind}`;
  });
}

Deno.test("a linear head fits a loss from logits, and one that ends in softmax or sigmoid does not", () => {
  for (const activation of ["linear", "leakyRelu", "elu", "swish"]) {
    assertEquals(judged(activation), [null, null, null]);
  }
  for (const activation of ["softmax", "sigmoid"]) {
    assertEquals(judged(activation), [
      "warning from-logits",
      "warning from-logits",
      "error from-logits",
    ]);
  }
});

Deno.test("logits that a head bounds are judged by what the loss makes of them", () => {
  const oneSided = [
    "warning one-sided-logits",
    "warning one-sided-logits",
    "error one-sided-logits",
  ];
  for (const activation of ["relu", "relu6", "softplus"]) {
    assertEquals(judged(activation), oneSided);
  }
  assertEquals(judged("tanh"), Array(3).fill("warning bounded-logits"));
});

Deno.test("outputHead reads class numbers on axis 1 unless a dense head ends the model", () => {
  const given = withHead({ loss: "cross_entropy", units: 5 });
  const target = {
    name: "target",
    shape: [32, 5],
    output: [32, 5, 5],
    values: statisticsOf([0, 4]),
    classes: { units: 5, least: 0, most: 4, fractions: 0 },
    unitMeans: null,
  };
  const found = (behind: LayerMeasurements[]) =>
    outputHead.run({
      ...given,
      layers: [...given.layers, ...behind],
      batch: { ...given.batch, targets: [target] },
    }).map(({ kind, severity }) => `${severity}: ${kind}`);
  const shape = { shape: [32, 5, 5], weights: [], role: "output" as const, inputs: ["head"] };
  assertEquals(found([]), ["error: class-axis"]);
  const permute = makeLayer({ name: "t", className: "transpose", kind: "opaque", ...shape });
  assertEquals(found([permute]), []);
});

Deno.test("outputHead finds a loss of a program that compares each output with every target", () => {
  const ends = (target: number[], className = "mse_loss") => {
    const { layers: [head], ...rest } = withHead({ loss: "sum", units: 1, activation: "linear" });
    const own = (name: string, className: string, given: Partial<LayerMeasurements>) =>
      makeLayer({ name, className, kind: "opaque", weights: [], shape: [32, 32], ...given });
    const layers = [
      head,
      own("both", "broadcast_tensors", { inputs: ["head"], reads: ["y"] }),
      own("loss", className, { inputs: ["both"] }),
    ];
    const perInput = [{ name: "y", shape: target, dtype: "float32", values: statisticsOf([0]) }];
    return outputHead.run({ ...rest, layers, batch: { ...rest.batch, perInput } })
      .map(({ kind, layer }) => `${layer}: ${kind}`);
  };
  assertEquals(ends([32]), ["loss: broadcast"]);
  assertEquals(ends([32], "huber_loss"), ["loss: broadcast"]);
  // The same shape, a target for each unit of several outputs, and a sum that may be meant.
  assertEquals(ends([32, 1]), []);
  assertEquals(ends([1]), []);
  assertEquals(ends([32], "add"), []);
});
