import { assertEquals, assertMatch } from "@std/assert";
import {
  inputs,
  normalizing,
  targets,
  unevenFeatures,
} from "../../../../src/core/diagnosis/causes/data.ts";
import type {
  FeatureMeasurements,
  InputMeasurements,
  LayerMeasurements,
  Measurements,
  TargetMeasurements,
  TensorStatistics,
} from "../../../../src/core/measure/measurements.ts";
import { LARGE_INPUT } from "../../../../src/core/rules/signal/rescale_fix.ts";
import type { Finding } from "../../../../src/core/rules/finding.ts";
import { flat, headed, makeMeasurements, withInput } from "../../../networks/measurements.ts";
import { finding } from "../../../networks/sample.ts";
import { patientOf } from "./patient_of.ts";
import { startEngine } from "../../../../src/engine/start/start_engine.ts";
import type { Tensor } from "../../../../src/engine/tensorflow.ts";
import { measure } from "../../../../src/core/measure/measure.ts";

/** Statistics of these figures. */
const figures = (over: Partial<TensorStatistics>) => ({ ...flat(1, 640), ...over });

/** Features that vary by 1 around 0, with the given exceptions. */
const features = (over: Partial<FeatureMeasurements> = {}): FeatureMeasurements => ({
  count: 20,
  constant: 0,
  largestOffset: 0,
  largestStd: 1,
  smallestStd: 1,
  ...over,
});

/** Two features of which one varies this many times as much as the other; their rms is 1. */
const twoFeatures = (factor: number) => ({
  shape: [32, 2],
  // The variances of all features; the others share the rest of the largest one: exact in binary.
  spread: (factor ** 2 + 1) / 128 ** 2 / 2,
  features: features({ count: 2, largestStd: factor / 128, smallestStd: 1 / 128 }),
});

const found = (values: Partial<TensorStatistics>, given: Partial<InputMeasurements> = {}) =>
  inputs(patientOf(withInput(figures(values), given)));

/** Returns the beginning of the message on an input, or nothing. */
const said = (values: Partial<TensorStatistics>, given: Partial<InputMeasurements> = {}) =>
  found(values, given).map(({ message }) => message.split(/[,:]/)[0]).join();

Deno.test("inputs() says if entries are 0, one number, or of the wrong size", () => {
  assertEquals(said({}), "");
  assertEquals(said({ maxAbs: 0, std: 0 }), 'Every entry of the input "pixels" is 0');
  assertEquals(said({ mean: 4, std: 0 }), 'Every entry of the input "pixels" is 4');
  assertEquals(said({ rms: 40 }), 'The entries of the input "pixels" are large');
  assertEquals(said({ rms: LARGE_INPUT }), "");
  assertEquals(said({ rms: 1 / 31 }), 'The entries of the input "pixels" are tiny');
  assertEquals(said({ rms: 1 / 30 }), "");
});

Deno.test("inputs() says if examples are the same, or differ by less than 1e-4 of their second moment", () => {
  const alike = (spread: number | null | undefined) => said({}, { spread });
  assertEquals(alike(0), 'All examples of the input "pixels" are identical');
  assertEquals(alike(0.9e-4), 'The examples of the input "pixels" are nearly identical');
  assertEquals([alike(1e-4), alike(null), alike(undefined)], ["", "", ""]);
  // One of several inputs may be.
  const measurements = withInput(figures({}), { spread: 0 });
  const perInput = [...measurements.batch.perInput, ...withInput(figures({})).batch.perInput];
  const both = { ...measurements, batch: { ...measurements.batch, perInput } };
  assertEquals(inputs(patientOf(both)), []);
});

Deno.test("inputs() says if one feature varies more than 100 times as much as the others", () => {
  const apart = (factor: number) => said({}, twoFeatures(factor));
  assertMatch(apart(101), /^One feature of the input "pixels" varies 101 times as much/);
  assertEquals(apart(100), "");
});

Deno.test("inputs() passes over inputs that are looked up, whole numbers, or not finite", () => {
  for (
    const [values, given] of [
      [{}, { lookedUp: true }],
      [{}, { dtype: "int32" }],
      [{ nonFinite: 1 }, {}],
    ] as const
  ) assertEquals(found({ rms: 40, ...values }, given), []);
});

Deno.test("inputs() states what the rule finds of the input, and normalises it", () => {
  const findings = ["pixels", "other"].map((tensor) => ({
    ...finding(null, { rule: "input-normalized" }),
    tensor,
  }));
  const patient = patientOf(withInput(figures({ rms: 40, mean: 3, std: 39 })), findings);
  const [{ layers, states, fixes, explains }] = inputs(patient);
  assertEquals([layers, states], [[], findings.slice(0, 1)]);
  assertEquals(fixes, [{ kind: "normalize-input", input: "pixels", index: 0, mean: 3, std: 39 }]);
  assertEquals(explains(finding(null, { rule: "dead-units" })), true);
});

Deno.test("inputs() judges the output of the layers that scale an input in its place", () => {
  const scaled = (rms: number, over: Partial<LayerMeasurements> = {}) => {
    const front = {
      name: "rescaling",
      activation: null,
      weights: [],
      depth: 1,
      activations: figures({ rms }),
      ...over,
    };
    const input = withInput(figures({ rms: 40 }), { scaledBy: ["rescaling"] });
    const { layers } = makeMeasurements([front, {}]);
    return inputs(patientOf({ ...input, layers }));
  };
  assertEquals(scaled(1), []);
  assertEquals(scaled(40, { activations: null }), []);
  const [{ layers, message, fixes }] = scaled(40);
  assertEquals(layers, ["rescaling"]);
  assertMatch(message, /^The entries of the output of rescaling for the input "pixels" are large/);
  assertMatch(JSON.stringify(fixes), /Check the scale of rescaling/);
  assertMatch(scaled(1, { spread: 0 })[0].message, /^All examples of the output of rescaling/);
});

Deno.test("inputs() lets a normalisation behind the first kernels take any size, but no lost examples", () => {
  const norm: Partial<LayerMeasurements> = {
    name: "norm",
    className: "BatchNormalization",
    kind: "normalization",
    activation: null,
    weights: [],
    depth: 1,
    activations: figures({ std: 1 }),
  };
  const of = (values: Partial<TensorStatistics>) => {
    const { layers } = makeMeasurements([{ activation: "linear" }, norm, { depth: 2 }]);
    return inputs(patientOf({ ...withInput(figures(values)), layers })).length;
  };
  assertEquals([of({ rms: 40 }), of({ rms: 0.01 }), of({ std: 0 })], [0, 0, 1]);
});

/**
 * Returns the scope of an input's normalisation: all of it, or each feature or entry, with the
 * axes.
 */
function per(given: Partial<InputMeasurements>, values: Partial<TensorStatistics> = {}) {
  const { batch: { perInput: [input] } } = withInput(figures(values), given);
  const fix = normalizing(input, 0);
  if (fix.kind === "rebuild") return fix.what.split(":")[1].trim();
  return fix.kind === "normalize-input" && fix.each ? `${fix.each.what} ${fix.each.axes}` : "all";
}

Deno.test("normalizing() asks how an input was made of which all entries or examples are the same", () => {
  assertMatch(per({}, { std: 0 }), /^every entry is the same/);
  assertMatch(per({}, { std: NaN }), /^every entry is the same/);
  assertMatch(per({ spread: 0 }), /^every example of "pixels" is the same/);
});

Deno.test("normalizing() removes what examples have in common entry by entry, below 1 % of difference", () => {
  assertEquals([per({ spread: 0.009 }), per({ spread: 0.01 }), per({})], ["entry 0", "all", "all"]);
  assertEquals(per({ spread: null }), "all");
});

Deno.test("normalizing() takes the columns of a table one by one if their means or deviations differ", () => {
  const table = (over: Partial<FeatureMeasurements>, shape = [32, 20]) =>
    per({ features: features(over), shape });
  assertEquals(table({}), "all");
  assertEquals(table({ largestOffset: 3 }), "all");
  assertEquals(table({ largestOffset: 3.1 }), "feature 0");
  assertEquals(table({ largestOffset: null }), "all");
  assertEquals(table({ largestStd: 2 }), "all");
  assertEquals(table({ largestStd: 2.1 }), "feature 0");
  assertEquals(table({ largestStd: 4, smallestStd: 2 }), "all");
  assertEquals(table({ largestStd: null, smallestStd: null }), "all");
  assertEquals(table({ largestStd: 2.1, count: 64 }), "feature 0");
  assertEquals(table({ largestStd: 2.1, count: 65 }), "all");
  assertEquals(table({ largestOffset: 3.1, count: 1 }), "all");
  assertEquals(table({ largestOffset: 3.1, count: 2 }), "feature 0");
  // Pixels are not columns.
  assertEquals(table({ largestStd: 2.1 }, [32, 4, 20]), "all");
});

Deno.test("unevenFeatures() finds features that are 10 times apart, or 10 deviations from 0", () => {
  const uneven = (over: Partial<FeatureMeasurements>, shape = [32, 4, 20]) =>
    unevenFeatures({ shape, features: features(over), values: figures({}) }, "feature");
  assertEquals(uneven({ largestOffset: 10 }), null);
  assertEquals(uneven({ largestOffset: 10.1 }), { what: "feature", axes: [0, 1] });
  assertEquals(uneven({ largestOffset: 10.1 }, [32, 20]), { what: "feature", axes: [0] });
  assertEquals(uneven({ largestOffset: 10.1, count: 1 }), null);
  assertEquals(uneven({ largestOffset: 10.1, count: 2 })?.what, "feature");
  assertEquals(uneven({ largestOffset: null }), null);
  assertEquals(unevenFeatures({ shape: [32, 1], values: figures({}) }, "output"), null);
  // Several large ones of a few.
  assertEquals(uneven({ largestStd: 1, smallestStd: 0.01 }), null);
  assertEquals(uneven({ largestStd: 1.1, smallestStd: 0.01, count: 64 })?.what, "feature");
  assertEquals(uneven({ largestStd: 1.1, smallestStd: 0.01, count: 65 }), null);
  assertEquals(uneven({ largestStd: null, smallestStd: null }), null);
  const one = (factor: number) =>
    unevenFeatures({ ...twoFeatures(factor), values: figures({}) }, "output");
  assertEquals([one(10), one(11)?.what], [null, "output"]);
});

/** A regression on targets of these figures, with outputs of this deviation. */
function regression(
  values: Partial<TensorStatistics>,
  { outputs = 1, activation = "linear", bias = true, target = {} }: {
    outputs?: number | null;
    activation?: string;
    bias?: boolean;
    target?: Partial<TargetMeasurements>;
  } = {},
): Measurements {
  const measurements = headed("meanSquaredError", {
    activation,
    targets: [0, 1, 2, 3],
    ...bias ? { bias: [0] } : {},
  });
  const [made] = measurements.batch.targets!;
  const all = [{ ...made, values: figures(values), ...target }];
  measurements.layers[0].preActivations = outputs === null ? null : figures({ std: outputs });
  return { ...measurements, batch: { ...measurements.batch, targets: all } };
}

/** Found by the rule of targets. */
const off = (kind: string, over: Partial<Finding> = {}): Finding => ({
  ...finding(null, { rule: "target-normalized", kind, measured: 60 }),
  tensor: "target",
  ...over,
});

const faults = (measurements: Measurements, ...findings: Finding[]) =>
  targets(patientOf(measurements, findings)).map(({ message }) => message.replace(/:.*|,.*/, ""))
    .join();

/** Values that are not all 0 or 1. */
const NUMBERS = { maxAbs: 3, rms: 1, std: 1 };

Deno.test("targets() says if they are out of scale: an rms above 10, or a deviation below 0.01", () => {
  const scale = "The targets of target are out of scale";
  assertEquals(faults(regression(NUMBERS)), "");
  assertEquals(faults(regression({ ...NUMBERS, rms: 10 })), "");
  assertEquals(faults(regression({ ...NUMBERS, rms: 10.1 })), scale);
  assertEquals(faults(regression(NUMBERS), off("scale")), scale);
  assertEquals(faults(regression({ ...NUMBERS, std: 0.01 }, { outputs: 0.05 })), "");
  assertEquals(faults(regression({ ...NUMBERS, std: 0.009 }, { outputs: 0.05 })), scale);
  assertEquals(faults(regression(NUMBERS), off("one-class")), scale);
});

Deno.test("targets() says if outputs hide them that vary 10 times as much, and are nearer to 1", () => {
  const hidden = (std: number, outputs: number | null) =>
    faults(regression({ ...NUMBERS, std }, { outputs })) !== "";
  assertEquals([hidden(0.125, 1.25), hidden(0.125, 1.3), hidden(0.125, null)], [
    false,
    true,
    false,
  ]);
  assertEquals(hidden(0.05, null), false);
  assertEquals([hidden(0.125, 8), hidden(0.125, 7.9)], [false, true]);
  const { message } = targets(patientOf(regression({ ...NUMBERS, std: 0.125 }, { outputs: 2 })))[0];
  assertMatch(message, /their standard deviation is 0\.125, while the outputs/);
});

Deno.test("targets() says if their mean is off, or one output outweighs the others", () => {
  const [{ message }] = targets(patientOf(regression({ ...NUMBERS, mean: 7 }), [off("offset")]));
  assertMatch(message, /^The mean of the targets of target is 7, 60 of their standard deviations/);
  const apart = (factor: number) => faults(regression(NUMBERS, { target: twoFeatures(factor) }));
  assertMatch(apart(101), /^One output of the targets of target varies 101 times as much/);
  assertEquals(apart(100), "");
});

Deno.test("targets() leaves classes and codes alone, and what is not finite or one number", () => {
  const large = { maxAbs: 99, rms: 99, std: 99 };
  const classes = { units: 3, least: 0, most: 2, fractions: 0 };
  assertEquals(faults(regression(large, { target: { classes } })), "");
  for (const over of [{ nonFinite: 1 }, { std: 0 }, { std: NaN }]) {
    assertEquals(faults(regression({ ...large, ...over })), "");
  }
  const code = { maxAbs: 1, rms: 0.005, meanAbs: 0.005 ** 2, std: 0.005 };
  assertEquals(faults(regression(code)), "");
});

Deno.test("targets() states what the rule finds of them, and explains the loss", () => {
  const findings = [off("scale"), off("scale", { tensor: "other" })];
  const [{ states, explains }] = targets(patientOf(regression(NUMBERS), findings));
  assertEquals(states, findings.slice(0, 1));
  assertEquals(
    ["initial-loss", "vanishing-gradients"].map((rule) => explains(finding(null, { rule }))),
    [true, false],
  );
  const { batch, ...rest } = regression(NUMBERS);
  assertEquals(targets(patientOf({ ...rest, batch: { ...batch, targets: undefined } })), []);
});

Deno.test("targets() normalises them, or starts the bias of a linear head at their mean", () => {
  const values = { ...NUMBERS, mean: 59.5812, std: 2 };
  const fixes = (kind: string, given: Parameters<typeof regression>[1] = {}) =>
    targets(patientOf(regression(values, given), [off(kind)]))[0].fixes;
  const normalized = { kind: "normalize-targets", output: "target", index: 0 } as const;
  const whole = { ...normalized, mean: 59.5812, std: 2 };
  assertEquals(fixes("offset"), [whole, {
    kind: "set-bias",
    value: 59.58,
    weights: [{ layer: "head", weight: "head/bias" }],
  }]);
  assertEquals(fixes("scale"), [whole]);
  assertEquals(fixes("offset", { activation: "relu" }), [whole]);
  assertEquals(fixes("offset", { bias: false }), [whole]);
  assertEquals(fixes("offset", { activation: "sigmoid" }), [{ ...normalized, mean: 0, std: 3 }]);
  const target = { shape: [4, 2], features: features({ count: 2, largestOffset: 11 }) };
  assertEquals(fixes("scale", { target }), [
    { ...whole, each: { what: "output", axes: [0] } },
  ]);
});

Deno.test("unevenFeatures() sees large columns of a table however many they are, and leaves pixels alone", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  /** Columns of which the first ones vary this many times as much as the others. */
  const uneven = async (count: number, large: number, factor: number) => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [count] })] });
    const scales = Array.from({ length: count }, (_, i) => i < large ? factor : 1);
    const inputs = tf.mul(tf.randomNormal([64, count], 0, 1, "float32", 1), tf.tensor1d(scales));
    const { batch } = await measure(model, { inputs });
    model.dispose();
    return unevenFeatures(batch.perInput[0], "feature")?.what ?? null;
  };
  assertEquals(await uneven(8, 1, 5), null);
  assertEquals(await uneven(8, 1, 1000), "feature");
  assertEquals(await uneven(8, 2, 1000), "feature");
  assertEquals(await uneven(8, 7, 1000), "feature");
  assertEquals(await uneven(8, 7, 20), null);
  assertEquals(await uneven(65, 30, 1000), null);
});

Deno.test("normalizing() scales each column of a table by itself, and bytes and series as a whole", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const eachOf = async (inputs: Tensor) => {
    const inputShape = inputs.shape.slice(1);
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape })] });
    const { batch } = await measure(model, { inputs }, { objective: "sum" });
    model.dispose();
    const fix = normalizing(batch.perInput[0], 0);
    return fix.kind === "normalize-input" ? fix.each?.what ?? "whole" : fix.kind;
  };
  const normal = (shape: number[]) => tf.randomNormal(shape, 0, 0.9, "float32", 1);
  assertEquals(await eachOf(normal([64, 4]).add([5, 5.4, 6.1, 7.4])), "feature");
  assertEquals(await eachOf(normal([64, 4]).mul([1, 1, 1, 5])), "feature");
  assertEquals(await eachOf(normal([64, 4]).add(0.5)), "whole");
  assertEquals(await eachOf(tf.randomUniform([64, 20], 0, 255, "float32", 2)), "whole");
  assertEquals(await eachOf(normal([64, 10, 4]).add([5, 5.4, 6.1, 7.4])), "whole");
});
