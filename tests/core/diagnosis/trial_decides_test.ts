import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { type Examination, examine } from "../../../src/core/diagnosis/examine/mod.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, Optimizer, Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { compileAsInKeras } from "../../../src/keras/compile_as_saved.ts";
import type { Diagnosis } from "../../../src/core/diagnosis/diagnosis.ts";
import type { TrialVerdict } from "../../../src/core/probe/trial.ts";
import { classes, classifier, sums } from "../../networks/trained_models.ts";

interface Row {
  model: (tf: TensorFlow) => LayersModel;
  batch: (tf: TensorFlow) => { inputs: Tensor; targets: Tensor };
  optimizer: (tf: TensorFlow) => Optimizer;
  loss: string;
  verdict: Diagnosis["verdict"];
  /** Verdict of the trial at the compiled rate. */
  given: TrialVerdict;
  /** Kind of the first cause. */
  cause?: string;
  also?: (examination: Examination, tf: TensorFlow) => void;
}

const xor = (tf: TensorFlow) => ({
  inputs: tf.tensor2d([[0, 0], [0, 1], [1, 0], [1, 1]]),
  targets: tf.tensor2d([[0], [1], [1], [0]]),
});

function xorNetwork({ layers, initializers, sequential }: TensorFlow, bias: number): LayersModel {
  const draw = (seed: number) => ({ kernelInitializer: initializers.glorotUniform({ seed }) });
  const activation = bias === 0 ? "tanh" : "relu";
  const biasInitializer = initializers.constant({ value: bias });
  return sequential({
    layers: [
      layers.dense({ units: 8, activation, inputShape: [2], biasInitializer, ...draw(1) }),
      layers.dense({ units: 1, activation: "sigmoid", ...draw(2) }),
    ],
  });
}

/** Layers of 32 units, each normalised, in a row. */
function normalizedChain({ layers, initializers, sequential }: TensorFlow): LayersModel {
  const model = sequential();
  for (let i = 0; i < 33; i++) {
    const kernelInitializer = initializers.heNormal({ seed: i + 1 });
    const inputShape = i === 0 ? { inputShape: [20] } : {};
    model.add(layers.dense({ units: 32, kernelInitializer, ...inputShape }));
    model.add(layers.layerNormalization());
    model.add(layers.activation({ activation: "relu" }));
  }
  const kernelInitializer = initializers.glorotNormal({ seed: 99 });
  model.add(layers.dense({ units: 10, activation: "softmax", kernelInitializer }));
  return model;
}

function regression({ layers, initializers, sequential }: TensorFlow): LayersModel {
  const draw = (seed: number) => ({ kernelInitializer: initializers.heNormal({ seed }) });
  return sequential({
    layers: [
      layers.dense({ units: 64, activation: "relu", inputShape: [20], ...draw(1) }),
      layers.dense({ units: 64, activation: "relu", ...draw(2) }),
      layers.dense({ units: 1, ...draw(3) }),
    ],
  });
}

/** A classifier whose outputs, from 0 to 1, are the logits of a softmax. */
function bounded(tf: TensorFlow): LayersModel {
  const model = classifier(tf, { depth: 2, head: { activation: "sigmoid" } });
  return tf.sequential({ layers: [...model.layers, tf.layers.softmax()] });
}

const ROWS: Record<string, Row> = {
  "XOR under a rate that works": {
    model: (tf) => xorNetwork(tf, 0),
    batch: xor,
    optimizer: ({ train }) => train.adam(0.01),
    loss: "binaryCrossentropy",
    verdict: "healthy",
    given: "learns",
  },
  "XOR with units that are off": {
    model: (tf) => xorNetwork(tf, -5),
    batch: xor,
    optimizer: ({ train }) => train.adam(0.01),
    loss: "binaryCrossentropy",
    verdict: "sick",
    given: "fails",
    cause: "bias",
  },
  "a rate of 0.1 where 0.003 learns": {
    model: (tf) => classifier(tf, { depth: 10 }),
    batch: classes,
    optimizer: ({ train }) => train.adam(0.1),
    loss: "categoricalCrossentropy",
    verdict: "sick",
    given: "fails",
    cause: "learning-rate",
    also({ diagnosis: { trial, causes } }) {
      assertMatch(
        trial!.said,
        /of Adam at a rate of 0\.1, the loss rises .* of Adam at a rate of 0\.003, the loss falls/,
      );
      const [fix] = causes[0].fixes;
      assert(fix.kind === "learning-rate" && fix.to <= 0.01, JSON.stringify(fix));
      assertEquals(causes[0].tried?.worked, true);
    },
  },
  "a loss with a floor above 0": {
    model: bounded,
    batch: classes,
    optimizer: ({ train }) => train.adam(0.003),
    loss: "categoricalCrossentropy",
    verdict: "weak",
    given: "learns",
    cause: "head",
    also({ trial }) {
      assert(trial !== null && "attempts" in trial);
      // Softmax of numbers from 0 to 1 over ten classes gives at least ln(1 + 9 / e) = 1.46.
      assert(trial.attempts[trial.best!].loss.last > 1.46);
    },
  },
  "a normalised chain of 33 layers": {
    model: normalizedChain,
    batch: classes,
    optimizer: ({ train }) => train.adam(0.001),
    loss: "categoricalCrossentropy",
    verdict: "healthy",
    given: "learns",
  },
  "a regression learned by heart from thousands of times above guessing": {
    model: regression,
    batch(tf) {
      const { inputs, targets } = sums(tf) as { inputs: Tensor; targets: Tensor };
      return { inputs: tf.tidy(() => tf.mul(inputs, 1000)), targets };
    },
    optimizer: ({ train }) => train.adam(0.003),
    loss: "meanSquaredError",
    verdict: "sick",
    given: "fails",
    cause: "input",
    also({ findings }) {
      const loss = findings.find(({ rule }) => rule === "initial-loss");
      assertEquals(loss?.severity, "error");
    },
  },
};

for (const [name, row] of Object.entries(ROWS)) {
  Deno.test(`examine() judges ${name} by its trial: ${row.verdict}`, async () => {
    await using engine = await startEngine();
    const { tf } = engine;
    const model = row.model(tf);
    const { inputs, targets } = row.batch(tf);
    model.compile({ optimizer: row.optimizer(tf), loss: row.loss });
    const examination = await examine(model, { inputs, targets });
    const { trial, diagnosis: { verdict, causes } } = examination;
    assertNotEquals(trial, null);
    assert("verdict" in trial!, JSON.stringify(trial));
    const found = { verdict, given: trial.givenVerdict, cause: causes.at(0)?.kind };
    assertEquals(found, { verdict: row.verdict, given: row.given, cause: row.cause });
    row.also?.(examination, tf);
    tf.dispose([inputs, targets]);
    model.optimizer.dispose();
    model.dispose();
  });
}

Deno.test("examine() removes a second softmax behind penalties though warnings then appear that it hid", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { layers } = tf;
  const draw = (seed: number) => ({
    kernelInitializer: tf.initializers.randomNormal({ stddev: 0.4, seed }),
  });
  const kernelRegularizer = tf.regularizers.l2({ l2: 40 });
  const hidden = [1, 2, 3, 4, 5, 6].map((seed) =>
    layers.dense({
      units: 32,
      activation: "relu",
      inputShape: [32],
      kernelRegularizer,
      ...draw(seed),
    })
  );
  const head = layers.dense({ units: 4, activation: "softmax", ...draw(7) });
  const model = tf.sequential({
    layers: [...hidden, head, layers.activation({ activation: "softmax" })],
  });
  model.compile({ optimizer: "adam", loss: "categoricalCrossentropy" });
  const inputs = tf.randomNormal([32, 32], 0, 1, "float32", 3);
  const targets = tf.tidy(() =>
    tf.oneHot(tf.range(0, 32, 1, "int32").mod(4).cast("int32"), 4).toFloat()
  );
  const { fixes } = await examine(model, { inputs, targets }, { trial: 40, seed: 1 });
  assertEquals(fixes.map(({ kind }) => kind), ["penalties", "remove-activation"]);
  tf.dispose([inputs, targets]);
  model.dispose();
});

Deno.test("examine() rejects outputs below 0 under a Dice loss, although the trial learns", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const draw = (seed: number) => ({ kernelInitializer: tf.initializers.glorotNormal({ seed }) });
  const inputs = tf.randomNormal([32, 16], 0, 1, "float32", 3);
  const targets = tf.tidy(() => tf.cast(tf.greater(inputs, 0.5), "float32"));
  const of = async (activation: "linear" | "sigmoid") => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 32, activation: "relu", inputShape: [16], ...draw(1) }),
        tf.layers.dense({ units: 16, activation, ...draw(2) }),
      ],
    });
    compileAsInKeras(tf, model, { loss: { class_name: "Dice", config: {} }, optimizer: "adam" });
    const { diagnosis, trial } = await examine(model, { inputs, targets });
    model.dispose();
    assert(trial === null || "verdict" in trial);
    return { diagnosis, trial };
  };
  const { diagnosis, trial } = await of("linear");
  assertEquals(trial?.verdict, "learns");
  assertEquals([diagnosis.verdict, diagnosis.causes[0].kind], ["sick", "head"]);
  assertEquals(diagnosis.causes[0].tried?.worked, true);
  assertEquals((await of("sigmoid")).diagnosis.verdict, "healthy");
  tf.dispose([inputs, targets]);
});

Deno.test("examine() is SICK about targets that mse_loss broadcasts, and tries their shape", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = regression(tf);
  model.compile({ optimizer: tf.train.adam(0.003), loss: "meanSquaredError" });
  const { inputs, targets } = sums(tf);
  const flat = tf.reshape(targets, [-1]) as Tensor;
  const judged = async (targets: Tensor) => {
    const { diagnosis } = await examine(model, { inputs, targets }, { objective: "mse_loss" });
    return diagnosis;
  };
  assertEquals((await judged(targets)).verdict, "healthy");
  const { verdict, causes: [cause] } = await judged(flat);
  assertEquals([verdict, cause.kind, cause.findings[0].kind], ["sick", "head", "broadcast"]);
  assertEquals(cause.tried?.verdict, "healthy");
  model.dispose();
});
