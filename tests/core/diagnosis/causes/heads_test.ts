import { assertEquals } from "@std/assert";
import { heads } from "../../../../src/core/diagnosis/causes/heads.ts";
import type { Fix } from "../../../../src/core/diagnosis/fix.ts";
import type {
  LayerMeasurements,
  Measurements,
  TargetMeasurements,
  TensorStatistics,
} from "../../../../src/core/measure/measurements.ts";
import type { Finding } from "../../../../src/core/rules/finding.ts";
import {
  type Head,
  headed,
  makeHead,
  makeMeasurements,
  oneHot,
  statisticsOf,
  withHead,
} from "../../../networks/measurements.ts";
import { finding } from "../../../networks/sample.ts";
import { patientOf } from "./patient_of.ts";

const about = (kind: string, over: Partial<Finding> = {}): Finding => ({
  ...finding("head", { rule: "output-head", kind }),
  ...over,
});

const find = (measurements: Measurements, kind: string, ...more: Finding[]) =>
  heads(patientOf(measurements, [about(kind), ...more]))[0];

/** A fix in a few words. */
function brief(fix: Fix): string {
  switch (fix.kind) {
    case "head":
      return `${fix.activation} ${fix.loss}`;
    case "normalize-targets":
      return `targets - ${fix.mean} / ${fix.std}`;
    case "shift-classes":
      return `classes + ${fix.by}`;
    case "remove-activation":
      return `${fix.layer} ${fix.activation}, ${fix.next} ${fix.nextActivation}`;
    default:
      return fix.kind;
  }
}

/** Fixes of a finding, except the last one: its own sentence. */
function fixesOf(measurements: Measurements, kind = "loss"): string[] {
  const fixes = find(measurements, kind).fixes.map(brief);
  assertEquals(fixes.at(-1), "rebuild");
  return fixes.slice(0, -1);
}

/** Pairs of activation and loss that are advised for a head. */
const pairs = (loss: string, given: Omit<Head, "loss"> = {}) =>
  fixesOf(withHead({ loss, ...given }));

Deno.test("heads() explains what a head does to the loss and the gradients", () => {
  const { kind, layers, states, explains } = find(withHead({ loss: "hinge" }), "loss");
  assertEquals([kind, layers, states.length], ["head", ["head"], 1]);
  assertEquals(
    ["initial-loss", "saturated-activations", "init-scale"].map((rule) =>
      explains(finding(null, { rule }))
    ),
    [true, true, false],
  );
});

Deno.test("heads() advises the pairs that fit the loss, without the one that is there", () => {
  const entropy = "categoricalCrossentropy";
  assertEquals(pairs(entropy, { activation: "linear" }), [
    "softmax null",
    `null ${entropy}FromLogits`,
    "sigmoid binaryCrossentropy",
  ]);
  assertEquals(pairs(entropy, { activation: "softmax" }), [
    `linear ${entropy}FromLogits`,
    "sigmoid binaryCrossentropy",
  ]);
  assertEquals(pairs(entropy, { activation: "relu", units: 1 }), ["sigmoid binaryCrossentropy"]);
  assertEquals(pairs("sparseCategoricalCrossentropy", { activation: "relu" }), [
    "softmax null",
    "linear sparseCategoricalCrossentropyFromLogits",
  ]);
  assertEquals(pairs("sparseCategoricalCrossentropyFromLogits", { activation: "softmax" }), [
    "linear null",
    "null sparseCategoricalCrossentropy",
  ]);
  assertEquals(pairs("binaryCrossentropy", { activation: "softmax" }), [
    `null ${entropy}`,
    "sigmoid null",
  ]);
  for (const given of [{ activation: "softmax", units: 1 }, { activation: "relu" }]) {
    assertEquals(pairs("binaryCrossentropy", given), [
      "sigmoid null",
      "linear binaryCrossentropyFromLogits",
    ]);
  }
  assertEquals(pairs("meanSquaredError", { activation: "softmax" }), [
    `null ${entropy}`,
    "linear null",
  ]);
  assertEquals(pairs("meanSquaredError", { activation: "softmax", units: 1 }), ["linear null"]);
  assertEquals(pairs("meanSquaredError", { activation: "relu" }), ["linear null"]);
  assertEquals(pairs("meanAbsoluteError", { activation: "softmax" }), ["linear null"]);
  assertEquals(pairs("hinge", { activation: "relu" }), ["tanh null", "linear null"]);
  assertEquals(pairs("hinge", { activation: "tanh" }), ["linear null"]);
  assertEquals(pairs("dice", { activation: "linear" }), ["sigmoid null"]);
  assertEquals(pairs("sum", { activation: "relu" }), []);
});

Deno.test("heads() advises a pair for shares only if the targets of each example add up to 1", () => {
  const fits = (target: Partial<TargetMeasurements>): boolean => {
    const measurements = withHead({
      loss: "meanSquaredError",
      units: 2,
      targets: oneHot,
      examples: 8,
    });
    const [made] = measurements.batch.targets!;
    const targets = [{ ...made, ...target }];
    const fixes = fixesOf({ ...measurements, batch: { ...measurements.batch, targets } });
    assertEquals(fixes.at(-1), "linear null");
    return fixes.length === 2;
  };
  assertEquals(fits({}), true);
  assertEquals(fits({ unitMeans: null }), true);
  for (
    const [unitMeans, isFit] of [
      [[0.2, 0.3], true],
      [[0.4, 0.601], true],
      [[0.4, 0.602], false],
      [[0, 0], false],
      [[1, 1], false],
    ] as const
  ) assertEquals(fits({ unitMeans: [...unitMeans] }), isFit, unitMeans.join());
  assertEquals(fits({ values: statisticsOf([-0.5, 1.5]) }), false);
});

Deno.test("heads() advises no pair where another one does not help", () => {
  const measurements = withHead({ loss: "categoricalCrossentropy", activation: "relu" });
  for (const kind of ["no-shares", "targets-outside", "targets-above-one", "hinge-zeros"]) {
    assertEquals(fixesOf(measurements, kind), []);
  }
  const [dropout] = find(measurements, "dropped").fixes;
  assertEquals(dropout, { kind: "dropout", layers: ["head"], rate: 0 });
  const behind = about("dropped", { layer: null });
  assertEquals(heads(patientOf(measurements, [behind]))[0].fixes.length, 1);
  const none = makeMeasurements([], {
    layers: [makeHead(), makeHead({ name: "other" })],
    objective: { name: "categoricalCrossentropy", value: 1 },
  });
  assertEquals(fixesOf(none), []);
});

Deno.test("heads() removes the activation before the last one, which expects logits", () => {
  const activation = (name: string): Partial<LayerMeasurements> => ({
    name,
    activation: name,
    role: "output",
    weights: [],
    shape: [32, 3],
  });
  const made = (...names: string[]) => {
    const { layers } = makeMeasurements([{}, {}, ...names.map(activation)]);
    const head = makeHead({ activation: "linear", shape: [32, 3] });
    return makeMeasurements([], {
      layers: [layers[0], head, ...layers.slice(2, -1)],
      objective: { name: "categoricalCrossentropy", value: 1 },
    });
  };
  for (const kind of ["no-logits", "one-sided-logits"]) {
    assertEquals(fixesOf(made("relu", "softmax"), kind), ["relu relu, softmax softmax"]);
  }
  assertEquals(fixesOf(made("softmax"), "no-logits").includes("sigmoid binaryCrossentropy"), true);
  assertEquals(fixesOf(made("relu", "softmax"))[0], "linear categoricalCrossentropyFromLogits");
});

/** A head of one unit on these targets. */
const onTargets = (...targets: number[]) =>
  headed("binaryCrossentropy", { activation: "sigmoid", targets });

Deno.test("heads() maps two labels to 0 and 1, and divides other targets by the largest", () => {
  for (const kind of ["targets-outside", "targets-above-one"]) {
    assertEquals(fixesOf(onTargets(0, 255, 255, 0), kind), ["targets - 0 / 255"]);
    assertEquals(fixesOf(onTargets(1, 2, 2, 2), kind), ["targets - 1 / 1"]);
    assertEquals(fixesOf(onTargets(-3, 4, 4, -3), kind), ["targets - -3 / 7"]);
    assertEquals(fixesOf(onTargets(0, 1.5, 0.25, 3.5), kind), ["targets - 0 / 3.5"]);
    assertEquals(fixesOf(onTargets(0, 1, 2, 5), kind), ["targets - 0 / 5"]);
    // Below 0 there is more than a scale.
    assertEquals(fixesOf(onTargets(-1, 0.5, 2.5, 2.25), kind), []);
    // All targets are one number.
    assertEquals(fixesOf(onTargets(4, 4), kind), ["targets - 0 / 4"]);
  }
  assertEquals(fixesOf(onTargets(0, 255), "from-logits").some((fix) => /targets/.test(fix)), false);
});

Deno.test("heads() takes targets for labels if the lesser one is whole but for rounding", () => {
  const encoded = (values: Partial<TensorStatistics>) => {
    const measurements = onTargets(0, 100);
    const [target] = measurements.batch.targets!;
    const targets = [{ ...target, values: { ...target.values, ...values } }];
    return fixesOf(
      { ...measurements, batch: { ...measurements.batch, targets } },
      "targets-outside",
    );
  };
  const lesser = (least: number) =>
    encoded({ maxAbs: 100, mean: 50, std: Math.sqrt((50 - least) * 50) });
  assertEquals(lesser(3 + 9e-4), ["targets - 3 / 97"]);
  assertEquals(lesser(3 + 1.5e-3), ["targets - 0 / 100"]);
  // Two values that round to the same number are one.
  assertEquals(encoded({ maxAbs: 4, mean: 4 - 1e-5, meanAbs: 4 - 1e-5, std: 0 }), [
    "targets - 0 / 4",
  ]);
});

Deno.test("heads() maps 0 and 1 to -1 and 1 for a hinge", () => {
  const hinge = (...targets: number[]) =>
    fixesOf(headed("hinge", { activation: "tanh", targets }), "hinge-zeros");
  assertEquals(hinge(0, 1, 1), ["targets - 0.5 / 0.5"]);
  assertEquals(hinge(0, 2, 2), []);
});

Deno.test("heads() blames targets that are out of scale too, but not labels in other numbers", () => {
  const scale = finding(null, { rule: "target-normalized", kind: "scale" });
  const offset = { ...scale, kind: "offset" };
  const numbers = onTargets(0, 1.5, 0.25, 3.5);
  const kinds = (measurements: Measurements, kind: string, other: Finding) => {
    const suspect = find(measurements, kind, other);
    return [suspect.kind, suspect.states.length];
  };
  assertEquals(kinds(numbers, "targets-outside", scale), ["targets", 2]);
  assertEquals(kinds(numbers, "targets-above-one", scale), ["targets", 2]);
  assertEquals(kinds(numbers, "targets-outside", offset), ["head", 2]);
  assertEquals(kinds(onTargets(0, 255), "targets-outside", scale), ["head", 2]);
  assertEquals(kinds(numbers, "loss", scale), ["head", 1]);
});

Deno.test("heads() counts classes from 0 if one of them has no unit and all would fit", () => {
  const shifts = (
    least: number | null,
    most: number | null,
    { units = 3, fractions = 0, kind = "class-too-large" } = {},
  ) => {
    const measurements = withHead({
      loss: "sparseCategoricalCrossentropy",
      units,
      targets: Array(32).fill(1),
    });
    const [target] = measurements.batch.targets!;
    const targets = [{ ...target, classes: { units, least, most, fractions } }];
    return fixesOf({ ...measurements, batch: { ...measurements.batch, targets } }, kind)
      .filter((fix) => fix.startsWith("classes"));
  };
  assertEquals(shifts(1, 3), ["classes + -1"]);
  assertEquals(shifts(-1, 1, { kind: "class-negative" }), ["classes + 1"]);
  assertEquals(shifts(2, 3), ["classes + -2"]);
  assertEquals(shifts(1, 4), []);
  assertEquals(shifts(0, 3), []);
  assertEquals(shifts(1, 3, { fractions: 1 }), []);
  assertEquals(shifts(1, 3, { kind: "loss" }), []);
  assertEquals([shifts(null, 3), shifts(1, null)], [[], []]);
});
