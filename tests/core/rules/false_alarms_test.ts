import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { diagnose } from "../../../src/core/diagnosis/diagnose.ts";
import { describeFix } from "../../../src/core/diagnosis/fix_words.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { falsePositives } from "../../../src/core/rules/rule_documentation.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";

/** Networks that were called ill and train. Each is a published pattern, made small. */

async function judge(model: LayersModel, batch: { inputs: Tensor; targets: Tensor }) {
  const measurements = await measure(model, batch);
  return diagnose(measurements, runRules(measurements));
}

/** Dense layers, each with a batch normalisation and relu, as in Inception or MobileNet. */
function normalized(
  tf: TensorFlow,
  depth: number,
  { momentum = 0.99, kernel = 1 }: { momentum?: number; kernel?: number } = {},
): LayersModel {
  const model = tf.sequential();
  for (let i = 0; i < depth; i++) {
    const stddev = kernel * Math.sqrt(2 / 64);
    model.add(tf.layers.dense({
      units: 64,
      useBias: false,
      kernelInitializer: tf.initializers.randomNormal({ stddev, seed: i + 1 }),
      ...i === 0 ? { inputShape: [64] } : {},
    }));
    model.add(tf.layers.batchNormalization({ momentum }));
    model.add(tf.layers.activation({ activation: "relu" }));
  }
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 99 });
  model.add(tf.layers.dense({ units: 10, activation: "softmax", kernelInitializer }));
  model.compile({ optimizer: "adam", loss: "categoricalCrossentropy" });
  return model;
}

const batchOf = (model: LayersModel) =>
  randomBatch(model, { seed: 1, objective: "categoricalCrossentropy" }) as {
    inputs: Tensor;
    targets: Tensor;
  };

Deno.test("a gradient that batch normalisations enlarge is an error only far above the limit", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  // 40 layers learn by Adam at 0.001, of 60 the loss hardly moves at that rate.
  for (const [depth, verdict] of [[40, "weak"], [60, "sick"]] as const) {
    const model = normalized(tf, depth);
    const diagnosis = await judge(model, batchOf(model));
    assertEquals(diagnosis.verdict, verdict, `${depth} layers`);
    assert(!JSON.stringify(diagnosis).includes("Add normalisation"));
    model.dispose();
  }
});

Deno.test("pixels from -128 to 151 are no fault before a convolution with a normalisation", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const network = (isNormalized: boolean) => {
    const model = tf.sequential();
    model.add(tf.layers.zeroPadding2d({ padding: 1, inputShape: [16, 16, 3] }));
    for (let i = 0; i < 3; i++) {
      const kernelInitializer = tf.initializers.heUniform({ seed: i + 1 });
      model.add(tf.layers.conv2d({ filters: 16, kernelSize: 3, kernelInitializer }));
      if (isNormalized) model.add(tf.layers.batchNormalization());
      model.add(tf.layers.activation({ activation: "relu" }));
    }
    model.add(tf.layers.globalAveragePooling2d({}));
    model.add(tf.layers.dense({ units: 10, activation: "softmax" }));
    model.compile({ optimizer: "adam", loss: "categoricalCrossentropy" });
    return model;
  };
  for (const isNormalized of [true, false]) {
    const model = network(isNormalized);
    const pixels = tf.randomUniform([32, 16, 16, 3], 0, 255, "float32", 4);
    const inputs = tf.sub(pixels, tf.tensor1d([104, 117, 124]));
    const { causes } = await judge(model, { ...batchOf(model), inputs });
    const kinds = causes.map(({ kind }) => kind);
    assertEquals(kinds.includes("input"), !isNormalized, kinds.join());
    assertEquals(kinds.includes("input-normalized"), false);
    model.dispose();
  }
});

Deno.test("moving statistics that are not warm are the cause, not the kernels, and no error", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = normalized(tf, 16, { momentum: 0.999, kernel: 0.05 });
  const { inputs } = batchOf(model);
  const targets = tf.cast(
    tf.oneHot(tf.range(0, 32, 1, "int32").mod(tf.scalar(10, "int32")), 10),
    "float32",
  );
  for (let step = 0; step < 20; step++) await model.trainOnBatch(inputs, targets);
  const { verdict, causes } = await judge(model, { inputs, targets });
  assertEquals(verdict, "weak");
  assertEquals(causes[0].kind, "cold-statistics");
  assertStringIncludes(causes[0].message, "are not warm yet");
  assertStringIncludes(describeFix(causes[0].fixes[0], []), "lower the momentum");
  // In training nothing is wrong.
  const measurements = await measure(model, { inputs, targets }, {
    batchNormalization: "training",
  });
  const training = diagnose(measurements, runRules(measurements));
  assert(!training.causes.some(({ kind }) => kind === "cold-statistics"));
  model.dispose();
});

Deno.test("small kernels under relu are an error only with an optimizer that feels them", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  // The head of RetinaNet: kernels of deviation 0.01, and a bias for rare objects.
  const head = (optimizer: "adam" | "sgd", depth = 4) => {
    const model = tf.sequential();
    for (let i = 0; i < depth; i++) {
      model.add(tf.layers.conv2d({
        filters: 64,
        kernelSize: 3,
        padding: "same",
        activation: "relu",
        kernelInitializer: tf.initializers.randomNormal({ stddev: 0.01, seed: i + 1 }),
        ...i === 0 ? { inputShape: [8, 8, 64] } : {},
      }));
    }
    model.add(tf.layers.conv2d({
      filters: 9,
      kernelSize: 3,
      padding: "same",
      activation: "sigmoid",
      kernelInitializer: tf.initializers.randomNormal({ stddev: 0.01, seed: 50 }),
      biasInitializer: tf.initializers.constant({ value: -Math.log(99) }),
    }));
    model.compile({ optimizer, loss: "binaryCrossentropy" });
    return model;
  };
  const inputs = tf.randomNormal([4, 8, 8, 64], 0, 1, "float32", 3);
  const rare = tf.less(tf.randomUniform([4, 8, 8, 9], 0, 1, "float32", 5), 0.02);
  const targets = tf.cast(rare, "float32");
  const verdictOf = async (model: LayersModel) => {
    const { verdict } = await judge(model, { inputs, targets });
    model.dispose();
    return verdict;
  };
  assertEquals(await verdictOf(head("adam")), "weak");
  assertEquals(await verdictOf(head("sgd")), "sick");
  // Here the signal is lost.
  assertEquals(await verdictOf(head("adam", 9)), "sick");
});

Deno.test("a layer normalisation over one unit is the first cause, not the kernels behind it", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { MultiHeadAttention } = kerasLayers(tf);
  const input = tf.input({ shape: [20, 1] });
  let x = input;
  for (let block = 0; block < 3; block++) {
    const normed = tf.layers.layerNormalization({ name: `norm_${block}` }).apply(x);
    const attended = new MultiHeadAttention({ keyDim: 16, numHeads: 2, name: `attention_${block}` })
      .apply([normed, normed] as never);
    x = tf.layers.add().apply([x, attended] as never) as typeof input;
    const inner = tf.layers.layerNormalization({ name: `inner_${block}` }).apply(x);
    const wide = tf.layers.conv1d({ filters: 4, kernelSize: 1, activation: "relu" }).apply(inner);
    const narrow = tf.layers.conv1d({ filters: 1, kernelSize: 1 }).apply(wide);
    x = tf.layers.add().apply([x, narrow] as never) as typeof input;
  }
  const flat = tf.layers.flatten().apply(x);
  const output = tf.layers.dense({ units: 2, activation: "softmax" }).apply(flat) as typeof input;
  const model = tf.model({ inputs: input, outputs: output });
  model.compile({ optimizer: "adam", loss: "categoricalCrossentropy" });
  const { causes: [first] } = await judge(model, batchOf(model));
  assertEquals(first.kind, "single-unit");
  assertStringIncludes(
    describeFix(first.fixes[0], []),
    "or put them before a wider layer: of one unit they make 0.",
  );
  model.dispose();
});

Deno.test("falsePositives() counts errors and warnings, and says which rate is not ruled out", () => {
  const of = "a kind";
  assertEquals(
    falsePositives({ draws: 1600, of }),
    "On 1600 healthy networks (a kind): 0 errors (95 % interval up to 0.2 %), 0 warnings.",
  );
  assertEquals(
    falsePositives({ draws: 200, errors: 1, warnings: 20, of }, "More."),
    "On 200 healthy networks (a kind): 1 error (0.5 %), 20 warnings (10 %). More.",
  );
});
