import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import golden from "../../../fixtures/golden/losses.json" with { type: "json" };
import { diagnose } from "../../../src/core/diagnosis/diagnose.ts";
import { applyFix, type FixSubject } from "../../../src/core/diagnosis/examine/apply_fixes.ts";
import { examine } from "../../../src/core/diagnosis/examine/examine.ts";
import { tryFixes } from "../../../src/core/diagnosis/examine/try_fixes.ts";
import { describeFix, fixCode } from "../../../src/core/diagnosis/fix_words.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { TensorFlow } from "../../../src/engine/tensorflow.ts";
import { compileAsInKeras } from "../../../src/keras/compile_as_saved.ts";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import type { LayerMeasurements, Measurements } from "../../../src/core/measure/measurements.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { rescaleWeights } from "../../../src/core/model/weights/model_weights.ts";
import { matchesBaseline } from "../../../src/core/rules/matches_baseline.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import { attention as rule } from "../../../src/core/rules/signal/attention.ts";
import { recurrent } from "../../networks/ill_models.ts";
import { type Fault, patient } from "../../networks/patients.ts";
import { finding, layer, measurements, statistics, weight } from "../../networks/sample.ts";

/** Attentions of two heads on 8 places of 16 entries, with residual connections or without. */
function transformer(tf: TensorFlow, depth: number, skips: boolean) {
  const { MultiHeadAttention } = kerasLayers(tf);
  const input = tf.input({ shape: [8, 16] });
  let x = input;
  for (let i = 1; i <= depth; i++) {
    const kernelInitializer = tf.initializers.glorotUniform({ seed: i });
    const norm = skips ? tf.layers.layerNormalization().apply(x) as typeof x : x;
    const attention = new MultiHeadAttention({
      name: `attention_${i}`,
      numHeads: 2,
      keyDim: 8,
      kernelInitializer,
    });
    const attended = attention.apply([norm, norm]) as typeof x;
    x = skips ? tf.layers.add().apply([x, attended]) as typeof x : attended;
  }
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 99 });
  const head = tf.layers.dense({ name: "head", units: 1, kernelInitializer });
  return tf.model({ inputs: input, outputs: head.apply(x) as typeof x });
}

Deno.test("diagnose() finds queries and keys that are too large, and by what to multiply them", async () => {
  await using engine = await startEngine();
  const model = transformer(engine.tf, 2, true);
  const asking = ["attention_1/query", "attention_1/key"];
  rescaleWeights(model, 4, { layers: asking });
  const batch = randomBatch(model, { seed: 4 });
  const before = await measure(model, batch);
  // Their kernels are larger than others of their shape, too: the fix is about the same.
  const { causes } = diagnose(before, runRules(before));
  // One seeded initialiser draws all kernels of an attention, which is a fault of its own.
  assertEquals(causes.map(({ kind }) => kind), ["kernel-scale", "attention-scores", "symmetry"]);
  const [, cause] = causes;
  assertEquals(cause.layers, asking);
  const [fix] = cause.fixes;
  assert(fix.kind === "rescale");
  assertEquals(fix.weights.map(({ layer }) => layer), asking);
  for (const { layer, factor } of fix.weights) rescaleWeights(model, factor, { layers: [layer] });
  const after = await measure(model, batch);
  const scores = after.layers.find(({ name }) => name === "attention_1/softmax")!;
  assertAlmostEquals(scores.preActivations!.std, 1, 1e-3);
  assertEquals(rule.run(after), []);
  model.dispose();
});

Deno.test("diagnose() finds that nothing adds back what attention leaves out, and not where something does", async () => {
  await using engine = await startEngine();
  const causesOf = async (skips: boolean) => {
    const model = transformer(engine.tf, 5, skips);
    const measurements = await measure(model, randomBatch(model, { seed: 4 }));
    model.dispose();
    return diagnose(measurements, runRules(measurements)).causes;
  };
  const causes = await causesOf(false);
  const cause = causes.find(({ kind }) => kind === "alike-tokens")!;
  assertMatch(cause.message, /^From attention_\d\/attention_output on all places of a sequence/);
  const [fix] = cause.fixes;
  assert(fix.kind === "rebuild");
  assertMatch(fix.what, /^Put a residual connection around each attention/);
  assertEquals((await causesOf(true)).filter(({ kind }) => kind === "alike-tokens"), []);
});

const NAMES = ["conv1", "conv2", "conv3", "fc"];
/** Inputs that differ, so that they are not a cause. */
const INPUT = {
  name: "in",
  shape: [32, 20],
  dtype: "float32",
  values: statistics(0.8, { std: 1 }),
};

/** A network whose kernels, gradients and activations have these sizes, layer by layer. */
function sized(
  kernels: number[],
  { gradient = 0.1, over = {} }: { gradient?: number; over?: Partial<LayerMeasurements> } = {},
): Measurements {
  const layers = kernels.map((size, i) =>
    layer(NAMES[i], {}, {
      weights: [weight(`${NAMES[i]}/kernel`, gradient, { values: statistics(size) })],
      ...over,
    })
  );
  const sample = measurements(layers);
  return { ...sample, batch: { ...sample.batch, perInput: [INPUT] } };
}

/** Returns the sentences on the change from one to the other. */
function change(before: Measurements, after: Measurements): string[] {
  const { causes } = diagnose(after, matchesBaseline(before).run(after));
  return causes.map(({ kind, message }) => `${kind}: ${message}`);
}

Deno.test("diagnose() says a new initialisation as one cause, the weights first", () => {
  const before = sized([0.3, 0.3, 0.3, 0.3]);
  assertEquals(change(before, sized([0.1, 0.1, 0.1, 0.1], { gradient: 0.01 })), [
    "baseline: Against the baseline, the kernels of conv1 ... fc are 3 times smaller; " +
    "their gradients are 10 times smaller.",
  ]);
  assertEquals(change(before, sized([0.6, 0.15, 0.3, 0.3])), []);
});

Deno.test("diagnose() gives a range of factors, and parts what grew from what shrank", () => {
  const before = sized([0.1, 0.1, 0.1, 0.1]);
  assertEquals(change(before, sized([0.3, 0.8, 0.01, 0.1])), [
    "baseline: Against the baseline, the kernels of conv1, conv2 are 3 to 8 times larger; " +
    "the kernel of conv3 is 10 times smaller.",
  ]);
  assertEquals(change(before, sized([0.3, 0.4, 0.1, 0.1])), [
    "baseline: Against the baseline, the kernels of conv1, conv2 are 3.46 times larger.",
  ]);
});

Deno.test("diagnose() says figures where a factor says nothing, and counts the rest", () => {
  const before = sized([0.1]);
  assertEquals(change(before, sized([0])), [
    "baseline: Against the baseline, the kernel of conv1 is 0 and was 0.1.",
  ]);
  assertEquals(change(before, sized([NaN])), [
    "baseline: Against the baseline, the kernel of conv1 is NaN and was 0.1.",
  ]);
  const dead = (deadFraction: number) =>
    sized([0.1], { over: { deadFraction, saturatedFraction: deadFraction } });
  assertEquals(change(dead(0.1), dead(0.5)), [
    "baseline: Against the baseline, the saturated share of conv1 is 50 % and was 10 %; " +
    "its dead share is 50 % and was 10 %.",
  ]);
});

Deno.test("diagnose() calls a model changed if its only errors are moves against the baseline", () => {
  const before = sized([0.3, 0.3, 0.3, 0.3]);
  const after = sized([0.1, 0.1, 0.1, 0.1], { gradient: 0.01 });
  const moved = matchesBaseline(before).run(after);
  assertEquals(diagnose(after, moved).verdict, "changed");
  assertEquals(diagnose(before, matchesBaseline(before).run(before)).verdict, "healthy");
  const other = finding("conv1", { rule: "dead-units" });
  assertEquals(diagnose(after, [...moved, other]).verdict, "sick");
});

Deno.test("a softmax under from_logits=True is the first cause, and is removed; a linear head is right", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const loss = { class_name: "SparseCategoricalCrossentropy", config: { from_logits: true } };
  const optimizer = { class_name: "Adam", config: { learning_rate: 0.001 } };
  const inputs = tf.tensor2d([...golden.inputs, ...golden.inputs]);
  const targets = tf.tensor2d([...golden.targets.classes, ...golden.targets.classes]);
  const others = tf.maximum(targets, 1) as typeof targets;
  const examined = async (activation: "softmax" | "linear", answers = targets) => {
    const draw = (seed: number) => tf.initializers.heNormal({ seed });
    const model = tf.sequential({
      layers: [
        tf.layers.dense({
          units: 16,
          activation: "relu",
          inputShape: [4],
          kernelInitializer: draw(1),
        }),
        tf.layers.dense({ units: 3, activation, kernelInitializer: draw(2), name: "out" }),
      ],
    });
    compileAsInKeras(tf, model, { loss, optimizer });
    const { diagnosis, measurements } = await examine(model, { inputs, targets: answers }, {
      trial: "always",
    });
    assertEquals(measurements.objective.name, "sparseCategoricalCrossentropyFromLogits");
    model.dispose();
    const { causes } = diagnose(measurements, runRules(measurements));
    return { ...diagnosis, untried: causes.flatMap(({ fixes }) => fixes) };
  };
  const { verdict, causes: [cause] } = await examined("softmax");
  assertEquals([verdict, cause.kind], ["weak", "head"]);
  assertEquals(cause.fixes[0], {
    kind: "head",
    layer: "out",
    activation: "linear",
    loss: null,
    framework: "keras",
  });
  // A batch may lack the first class.
  const lacking = await examined("softmax", others);
  assertEquals(lacking.untried.map(({ kind }) => kind), ["head", "head", "rebuild"]);
  const linear = await examined("linear");
  assertEquals(linear.causes.filter(({ kind }) => kind === "head"), []);
  tf.dispose([inputs, targets, others]);
});

const BINARY = { units: 1, objective: "binaryCrossentropy" } as const;
const half = (tf: TensorFlow, size: number) =>
  tf.tensor2d(Array.from({ length: 32 }, (_, i) => [size * (i % 2)]));

/** A fault, and how what `said` gives begins: the whole of it where a fix makes the network healthy. */
const ILL: Record<string, [Fault | ((tf: TensorFlow) => FixSubject), string]> = {
  "an input of ones": [{ input: "ones" }, "error input"],
  "biases of -3": [
    { bias: -3 },
    "error bias conv1, conv2, fc1 | Start the biases of conv1, conv2, fc1 at 0. | healthy",
  ],
  "a relu head under the binary loss": [
    { ...BINARY, head: "relu", targets: (tf) => half(tf, 1) },
    "warning head head",
  ],
  "binary targets of 0 and 255": [
    { ...BINARY, head: "sigmoid", targets: (tf) => half(tf, 255) },
    "error head head | Divide the targets of head by 255. | healthy",
  ],
  "a SimpleRNN drawn 5 times too large": [
    (tf) => recurrent(tf, "simpleRNN", 5),
    "error kernel-scale recurrent | Multiply the kernels of recurrent by 0.201. | healthy",
  ],
  "an LSTM drawn 30 times too large": [
    (tf) => recurrent(tf, "lstm", 30),
    "warning kernel-scale recurrent",
  ],
  "a GRU of zeros": [
    (tf) => recurrent(tf, "gru", 0),
    'error constant-weights recurrent | Draw the kernels of recurrent with kernelInitializer: "leCunUniform", recurrentInitializer: "leCunUniform". | healthy',
  ],
};

async function examineIt({ model, batch, objective }: FixSubject) {
  const measurements = await measure(model, batch, { objective });
  return { measurements, diagnosis: diagnose(measurements, runRules(measurements)) };
}

/** The cause that comes first, and the fixes that worked. */
async function said(tf: TensorFlow, subject: FixSubject): Promise<string> {
  const before = await examineIt(subject);
  const { measurements, diagnosis } = before;
  const [{ severity, kind, layers }] = diagnosis.causes;
  const { fixes, after } = await tryFixes(tf, subject, before, { examine: examineIt });
  const words = fixes.map((fix) => describeFix(fix, measurements.layers));
  return [`${severity} ${kind} ${layers.join(", ")}`.trim(), ...words, after.verdict].join(" | ");
}

Deno.test("diagnose() names the cause first in the siblings of known illnesses too, and tries its fix", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const [name, [fault, expected]] of Object.entries(ILL)) {
    await t.step(name, async () => {
      const subject = typeof fault === "function" ? fault(tf) : patient(tf, fault);
      assertStringIncludes(await said(tf, subject), expected);
    });
  }
});

/** A network on eight numbers, and targets of this mean and deviation for it. */
function regression(
  tf: TensorFlow,
  { mean = 0, std = 1, head = "linear" }: {
    mean?: number;
    std?: number;
    head?: "linear" | "sigmoid";
  },
): FixSubject {
  const dense = (units: number, seed: number, activation: "relu" | "linear" | "sigmoid") =>
    tf.layers.dense({
      name: units === 1 ? "head" : `dense_${seed}`,
      units,
      activation,
      kernelInitializer: tf.initializers.heNormal({ seed }),
      inputShape: seed === 1 ? [8] : undefined,
    });
  const model = tf.sequential({
    layers: [dense(32, 1, "relu"), dense(32, 2, "relu"), dense(1, 3, head)],
  });
  const inputs = tf.randomNormal([32, 8], 0, 1, "float32", 7);
  const targets = tf.tidy(() => tf.add(tf.mul(tf.slice(inputs, [0, 0], [32, 1]), std), mean));
  const objective = head === "linear" ? "meanSquaredError" : "binaryCrossentropy";
  return { model, batch: { inputs, targets }, objective };
}

const judged = async (subject: FixSubject) => (await examineIt(subject)).diagnosis;

/** Fault, the cause that comes first, and the fixes, each of which must work by itself. */
const ILL_TARGETS: Record<string, [Parameters<typeof regression>[1], string, string[]]> = {
  "targets 60 deviations from 0": [
    { mean: 60 },
    "The mean of the targets of head is 59.6, 60 of their standard deviations",
    [
      "targets.sub(59.58).div(0.9896)",
      "biasInitializer: tf.initializers.constant({ value: 59.58 })  // in head",
    ],
  ],
  "targets of 50,000": [
    { std: 5e4 },
    "The targets of head are out of scale: their rms is 5.37e4",
    ["targets.sub(-20930).div(49480)"],
  ],
  "targets that the outputs hide": [
    { std: 0.02 },
    "The targets of head are out of scale: their standard deviation is 0.0198",
    ["targets.sub(-0.008374).div(0.01979)"],
  ],
  "shares of a thousandth for a sigmoid": [
    { mean: 0.003, std: 0.001, head: "sigmoid" },
    "The mean of the targets of head is 0.00258",
    ["targets.div(0.004697)"],
  ],
};

Deno.test("diagnose() blames targets that the network does not reach, and each fix works by itself", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const [name, [fault, says, codes]] of Object.entries(ILL_TARGETS)) {
    await t.step(name, async () => {
      const subject = regression(tf, fault);
      const { verdict, causes: [cause, ...others] } = await judged(subject);
      assertEquals([verdict, cause.kind, others], ["sick", "targets", []]);
      assertStringIncludes(cause.message, says);
      assertEquals(cause.fixes.map(fixCode), codes);
      for (const fix of cause.fixes) {
        const fixed = applyFix(tf, subject, fix)!;
        assertEquals((await judged(fixed.subject)).causes, []);
        fixed.undo();
      }
    });
  }
});

Deno.test("diagnose() leaves targets alone that the network reaches", async (t) => {
  await using engine = await startEngine();
  for (const fault of [{}, { mean: 4 }, { std: 9 }, { std: 0.5 }]) {
    await t.step(JSON.stringify(fault), async () => {
      assertEquals((await judged(regression(engine.tf, fault))).causes, []);
    });
  }
  await t.step("outputs 100 times too large", async () => {
    const subject = regression(engine.tf, {});
    const [kernel, bias] = subject.model.layers[2].getWeights();
    subject.model.layers[2].setWeights([engine.tf.mul(kernel, 100), bias]);
    const { causes } = await judged(subject);
    assertEquals(causes.map(({ kind }) => kind), ["kernel-scale"]);
  });
});
