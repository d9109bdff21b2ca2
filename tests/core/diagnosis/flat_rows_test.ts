import { assertEquals, assertStringIncludes } from "@std/assert";
import type * as tfjs from "@tensorflow/tfjs";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import { fixCode } from "../../../src/core/diagnosis/fix_words.ts";
import { diagnose } from "../../../src/core/diagnosis/diagnose.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { TensorFlow } from "../../../src/engine/tensorflow.ts";
import type { FixSubject } from "../../../src/core/diagnosis/examine/apply_fixes.ts";
import { tryFixes } from "../../../src/core/diagnosis/examine/try_fixes.ts";
import { measure } from "../../../src/core/measure/measure.ts";

const EXAMPLES = 32;
const STEPS = 8;
const WIDTH = 16;
const OBJECTIVE = "categoricalCrossentropy";

/** Padding of sequences, and the part of them that reaches the first normalisation. */
interface Padded {
  /** Numbers, numbers that a dense layer projects, or words that an embedding looks up. */
  by: "numbers" | "projection" | "embedding";
  /** True if the later steps are rows of zeros. */
  padded?: boolean;
  blocks?: number;
  optimizer?: "sgd" | "adam";
}

/** Residual blocks on sequences, each a layer normalisation and a tanh layer. */
function sequences(tf: TensorFlow, { by, padded = true, blocks = 6, optimizer }: Padded) {
  const isPadded = (example: number, step: number) => padded && step >= 2 + example % 4;
  const input = by === "embedding"
    ? tf.input({ shape: [STEPS], dtype: "int32", name: "words" })
    : tf.input({ shape: [STEPS, WIDTH], name: "numbers" });
  const glorot = (seed: number) => tf.initializers.glorotUniform({ seed });
  let x = input;
  if (by === "projection") {
    x = apply(
      tf.layers.dense({ name: "projection", units: WIDTH, kernelInitializer: glorot(5) }),
      x,
    );
  }
  if (by === "embedding") {
    const embeddingsInitializer = tf.initializers.randomNormal({ stddev: 1, seed: 3 });
    x = apply(
      tf.layers.embedding({
        name: "embedding",
        inputDim: 20,
        outputDim: WIDTH,
        embeddingsInitializer,
      }),
      x,
    );
  }
  for (let i = 1; i <= blocks; i++) {
    const normalized = apply(tf.layers.layerNormalization({ name: `norm_${i}`, epsilon: 1e-3 }), x);
    const kernelInitializer = tf.initializers.leCunNormal({ seed: 10 + i });
    const dense = tf.layers.dense({
      name: `dense_${i}`,
      units: WIDTH,
      activation: "tanh",
      kernelInitializer,
    });
    x = tf.layers.add({ name: `add_${i}` }).apply([
      x,
      apply(dense, normalized),
    ]) as tfjs.SymbolicTensor;
  }
  x = apply(tf.layers.globalAveragePooling1d({ name: "mean" } as never), x);
  const head = tf.layers.dense({
    name: "head",
    units: 4,
    activation: "softmax",
    kernelInitializer: glorot(99),
  });
  const model = tf.model({ inputs: input, outputs: apply(head, x) });
  if (by === "embedding" && padded) padRow(tf, model);
  if (optimizer !== undefined) {
    model.compile({ optimizer: tf.train[optimizer](0.01), loss: OBJECTIVE });
  }
  const steps = <T>(of: (example: number, step: number) => T) =>
    Array.from({ length: EXAMPLES }, (_, i) => Array.from({ length: STEPS }, (_, j) => of(i, j)));
  const inputs = by === "embedding"
    ? tf.tensor2d(
      steps((i, j) => isPadded(i, j) ? 0 : 1 + (7 * i + 3 * j * j) % 19),
      undefined,
      "int32",
    )
    : tf.tidy(() =>
      tf.mul(
        tf.randomNormal([EXAMPLES, STEPS, WIDTH], 0, 1, "float32", 7),
        tf.tensor3d(steps((i, j) => [Number(!isPadded(i, j))])),
      )
    );
  const classes = tf.tidy(() =>
    tf.tensor1d(Array.from({ length: EXAMPLES }, (_, i) => i % 4), "int32")
  );
  const targets = tf.tidy(() => tf.cast(tf.oneHot(classes, 4), "float32"));
  classes.dispose();
  return { model, batch: { inputs, targets }, objective: OBJECTIVE } as FixSubject;
}

const apply = (layer: tfjs.layers.Layer, x: tfjs.SymbolicTensor) =>
  layer.apply(x) as tfjs.SymbolicTensor;

/** Makes the row of word 0 zeros. */
function padRow(tf: TensorFlow, model: tfjs.LayersModel) {
  const layer = model.getLayer("embedding");
  const [table] = layer.getWeights();
  const values = table.dataSync().slice().fill(0, 0, WIDTH);
  tf.tidy(() => layer.setWeights([tf.tensor(values, table.shape)]));
}

const measured = ({ model, batch, objective }: FixSubject) => measure(model, batch, { objective });

async function judged(subject: FixSubject) {
  const measurements = await measured(subject);
  return { measurements, diagnosis: diagnose(measurements, runRules(measurements)) };
}

Deno.test("diagnose() blames rows of zeros for the gradients that a layer normalisation makes of them", async (t) => {
  await using engine = await startEngine();
  const rows: [Padded["by"], string[], string][] = [
    ["numbers", [], 'as 56.3 % of those of the input "numbers" are one number throughout'],
    ["projection", [], 'as 56.3 % of those of the input "numbers" are one number throughout'],
    ["embedding", ["embedding"], "embedding looks up rows that hardly vary"],
  ];
  for (const [by, layers, says] of rows) {
    await t.step(by, async () => {
      const { diagnosis: { causes } } = await judged(sequences(engine.tf, { by }));
      assertEquals(causes.map(({ kind, severity }) => `${severity} ${kind}`), [
        "warning flat-rows",
      ]);
      assertEquals(causes[0].layers, layers);
      assertStringIncludes(
        causes[0].message,
        "56.3 % of the rows that norm_1 normalises do not vary",
      );
      assertStringIncludes(causes[0].message, says);
      assertStringIncludes(causes[0].message, "norm_1 ... norm_6 together multiply the gradient");
      const [finding] = causes[0].findings;
      assertEquals([finding.rule, finding.kind], ["exploding-gradients", "flat-rows"]);
      assertStringIncludes(finding.fix, "mask rows that are padding");
    });
    await t.step(`${by}, not padded`, async () => {
      const { diagnosis } = await judged(sequences(engine.tf, { by, padded: false }));
      assertEquals(diagnosis.causes, []);
    });
  }
});

Deno.test("diagnose() calls them an error under SGD, which takes the gradient as it is, and tries the fix", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  const verdictOf = async (padded: Padded) =>
    (await judged(sequences(tf, padded))).diagnosis.verdict;
  assertEquals(await verdictOf({ by: "projection", optimizer: "adam" }), "weak");
  const fixes = {
    projection: 'biasInitializer: "randomNormal"  // in projection',
    embedding:
      "embeddingsInitializer: tf.initializers.randomNormal({ stddev: 1 })  // in embedding",
  };
  for (const [by, code] of Object.entries(fixes)) {
    await t.step(by, async () => {
      const subject = sequences(tf, { by: by as Padded["by"], optimizer: "sgd" });
      const before = await judged(subject);
      assertEquals(before.diagnosis.verdict, "sick");
      const { fixes, after } = await tryFixes(tf, subject, before, { examine: judged });
      assertEquals(fixes.map(fixCode), [code]);
      assertEquals(after.verdict, "healthy");
    });
  }
});

Deno.test("diagnose() leaves a gradient that grows by more than such rows explain to its own cause", async () => {
  await using engine = await startEngine();
  const subject = sequences(engine.tf, { by: "projection", blocks: 2 });
  const { measurements } = await judged(subject);
  // One normalisation multiplies by 31.6 at most; what remains of 1e6 is an explosion.
  for (const layer of measurements.layers.slice(0, 2)) layer.preActivationGradients!.l2 *= 1e6;
  const found = runRules(structuredClone(measurements))
    .filter(({ rule, kind }) => rule === "exploding-gradients" && kind !== "entry");
  assertEquals(found.map(({ severity, kind }) => `${severity} ${kind}`), ["error path-ratio"]);
});
