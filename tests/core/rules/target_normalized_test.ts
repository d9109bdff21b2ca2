import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Measurements, TargetMeasurements } from "../../../src/core/measure/measurements.ts";
import { targetNormalized } from "../../../src/core/rules/data/target_normalized.ts";
import type { RuleOptions } from "../../../src/core/rules/rule.ts";
import { testBrokenNetwork } from "../assert/test_broken_network.ts";
import { type Head as Given, statisticsOf, withHead } from "../../networks/measurements.ts";
import { severitiesAndKinds } from "./severities.ts";
import { testThreshold } from "./test_threshold.ts";

testBrokenNetwork("target-normalized", {
  task: "meanSquaredError",
  feed: ({ inputs, targets }, tf) => ({ inputs, targets: tf.add(targets as never, 30) }),
});

/** A regression whose outputs have this mean, and whose targets have that mean and deviation. */
function regression(
  { output = 0, mean = 0, std = 1, ...given }: Partial<Given> & {
    output?: number;
    mean?: number;
    std?: number;
  },
): Measurements {
  const targets = Array.from({ length: 32 }, (_, i) => mean + (i % 2 === 0 ? std : -std));
  const measurements = withHead({
    loss: "meanSquaredError",
    activation: "linear",
    units: 1,
    targets,
    ...given,
  });
  const outputs = Array.from({ length: 32 }, (_, i) => output + (i % 2 === 0 ? 0.5 : -0.5));
  measurements.layers[0].activations = statisticsOf(outputs);
  return measurements;
}

const found = (given: Parameters<typeof regression>[0], options?: RuleOptions) =>
  targetNormalized.run(regression(given), options);

const said = (given: Parameters<typeof regression>[0]) =>
  found(given).map(({ severity, kind }) => `${severity} ${kind}`);

testThreshold("targetOffset", {
  judge: (offset, options) => found({ mean: 2 * offset, std: 2 }, options),
  inside: [0, 5.1, 19.9],
  outside: [20.1, 1e6],
  severity: "error",
});

testThreshold("targetOffsetWarning", {
  judge: (offset, options) => found({ mean: -2 * offset, std: 2 }, options),
  inside: [0, 4.9],
  outside: [5.1, 19.9],
  severity: "warning",
});

testThreshold("targetScale", {
  judge: (std, options) => found({ std }, options),
  inside: [1, 31, 9990],
  outside: [10010, 1e8],
  severity: "error",
});

testThreshold("targetScaleWarning", {
  judge: (std, options) => found({ std }, options),
  inside: [0.02, 29.9],
  outside: [30.1, 9990],
  severity: "warning",
});

testThreshold("targetDrowned", {
  // The outputs of `regression` vary by 0.5.
  judge: (factor, options) => found({ std: 0.5 / factor }, options),
  inside: [0.1, 29.9],
  outside: [30.1, 1e6],
  severity: "error",
});

/** A regression of which this share of random orders of the targets fits the inputs as well. */
function judgeChance(chance: number, options?: RuleOptions) {
  const measurements = regression({});
  const targets = measurements.batch.targets!.map((target) => ({ ...target, chance }));
  return targetNormalized.run(
    { ...measurements, batch: { ...measurements.batch, targets } },
    options,
  );
}

testThreshold("targetChance", {
  judge: judgeChance,
  inside: [0.11, 0.19],
  outside: [0.21, 1],
  severity: "note",
});

Deno.test("targetNormalized blames the head and not the targets for outputs that are farther from 1", () => {
  const outputs = (size: number, std: number) => {
    const measurements = regression({ std });
    const { activations } = measurements.layers[0];
    measurements.layers[0].activations = { ...activations!, std: size };
    return targetNormalized.run(measurements).map(({ kind }) => kind);
  };
  assertEquals([outputs(9.9, 0.1), outputs(10.1, 0.1)], [["drowned"], []]);
  assertEquals(outputs(100, 1), []);
  const sigmoid = { loss: "binaryCrossentropy", activation: "sigmoid", output: 0.5 };
  assertEquals(said({ ...sigmoid, mean: 0.5, std: 1e-3 }), []);
});

Deno.test("targetNormalized counts from the mean of the outputs, not from 0", () => {
  assertEquals(said({ mean: 50 }), ["error offset"]);
  assertEquals(said({ mean: 50, output: 45.1 }), []);
  assertEquals(said({ output: -42, mean: -43 }), []);
  // Outputs that are too large are the head's fault.
  assertEquals(said({ mean: 21, output: -20.9 }), ["error offset"]);
  assertEquals(said({ mean: 21, output: -21 }), ["error offset"]);
  assertEquals(said({ mean: 21, output: -21.1 }), []);
  assertStringIncludes(
    found({ mean: 50 })[0].message,
    "The targets of target have the mean 50, which is 50 of their standard deviations (1)",
  );
});

Deno.test("targetNormalized holds each target against the output of its name, and no target without one", () => {
  const measurements = regression({ mean: 50 });
  const [head] = measurements.layers;
  const layers = [
    { ...head, name: "near", activations: statisticsOf([49.5, 50.5]) },
    { ...head, name: "far", activations: statisticsOf([-0.5, 0.5]) },
  ];
  const check = (name: string, given: Measurements["layers"] = layers) => {
    const targets = measurements.batch.targets!.map((target) => ({ ...target, name }));
    const batch = { ...measurements.batch, targets };
    return targetNormalized.run({ ...measurements, layers: given, batch })
      .map(({ kind }) => kind);
  };
  assertEquals([check("near"), check("far")], [[], ["offset"]]);
  const unmeasured = layers.map((layer) => ({ ...layer, activations: null }));
  assertEquals(check("far", unmeasured), []);
  const broken = layers.map((layer) => ({
    ...layer,
    activations: { ...layer.activations, nonFinite: 1 },
  }));
  assertEquals(check("far", broken), []);
});

Deno.test("targetNormalized says the worst of a target, and that once", () => {
  assertEquals(said({ mean: 2e4, std: 1500 }), ["warning offset"]);
  assertEquals(said({ mean: 5e5, std: 3e4 }), ["error scale"]);
  assertEquals(said({ mean: 1e6, std: 3e4 }), ["error offset"]);
});

Deno.test("targetNormalized judges targets of a sigmoid against what it puts out", () => {
  const sigmoid = { loss: "binaryCrossentropy", activation: "sigmoid", output: 0.5 };
  assertEquals(said({ ...sigmoid, mean: 0.012, std: 0.01 }), ["error offset"]);
  assertEquals(said({ ...sigmoid, mean: 0.3, std: 0.2 }), []);
});

Deno.test("targetNormalized leaves codes, classes, constants, drawn targets and other losses alone", () => {
  const targets = [1, ...Array(31).fill(0)];
  const code = { loss: "binaryCrossentropy", activation: "sigmoid", output: 50, targets };
  assertEquals(said(code), []);
  assertEquals(said({ ...code, targets: [1.1, ...Array(31).fill(0)] }), ["error offset"]);
  assertEquals(said({ mean: 100, std: 0 }), []);
  assertEquals(said({ loss: "sigmoidCrossEntropy", mean: 100 }), []);
  const drawn = regression({ mean: 100 });
  drawn.objective.randomTargets = true;
  assertEquals(targetNormalized.run(drawn), []);
});

Deno.test("targetNormalized gives no verdict on fewer than 8 examples", () => {
  const few = regression({ mean: 100, examples: 7 });
  assertEquals(targetNormalized.run(few).map(({ severity }) => severity), ["note"]);
  assertEquals(targetNormalized.run(regression({ mean: 1, examples: 7 })), []);
});

Deno.test("targetNormalized warns of classes that are all the same, on a batch that could have several", () => {
  const judge = (given: Partial<Given>, edit: Partial<TargetMeasurements> = {}) => {
    const measurements = withHead({ loss: "categoricalCrossentropy", units: 3, ...given });
    Object.assign(measurements.batch.targets![0], edit);
    return severitiesAndKinds(targetNormalized.run(measurements));
  };
  const alike = Array(32).fill([0, 0, 1]).flat();
  assertEquals(judge({ targets: alike }), ["warning one-class"]);
  assertEquals(judge({ targets: [...alike.slice(3), 1, 0, 0] }), []);
  assertEquals(judge({ targets: Array(32).fill([0.2, 0.3, 0.5]).flat() }), []);
  assertEquals(
    judge({ targets: alike.slice(0, 12), examples: 4 }),
    [],
    "few may be alike by chance",
  );
  const loss = "sparseCategoricalCrossentropy";
  const classes = { units: 3, least: 1, most: 1, fractions: 0 };
  const targets = Array(32).fill(1);
  assertEquals(judge({ loss, targets }, { classes }), ["warning one-class"]);
  assertEquals(judge({ loss, targets }, { classes: { ...classes, least: 0 } }), []);
  // A GAN trains its generator on these.
  const binary = { loss: "binaryCrossentropy", activation: "sigmoid", units: 1 };
  assertEquals(judge({ ...binary, targets }), [
    "note one-class",
  ]);
  assertEquals(judge({ ...binary, targets: [0, ...targets.slice(1)] }), []);
  assertEquals(judge({ ...binary, loss: "meanSquaredError", targets }), []);
});
