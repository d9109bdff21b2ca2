import { assertEquals, assertStringIncludes } from "@std/assert";
import type * as tfjs from "@tensorflow/tfjs";
import { describeFix } from "../../../src/core/diagnosis/fix_words.ts";
import { examine } from "../../../src/core/diagnosis/examine/mod.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { rescaleWeights } from "../../../src/core/model/weights/model_weights.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";

type Layers = tfjs.layers.Layer[];
type Loss = NonNullable<tfjs.ModelCompileArgs["loss"]>;
/** Layers, loss, targets, and inputs if they are not eight numbers. */
type Program = [layers: Layers, loss: Loss, targets: tfjs.Tensor, inputs?: tfjs.Tensor];

const EXAMPLES = 32;

/** Draws the parts of small programs, each from a seed of its own. */
class Parts {
  #seed = 0;
  constructor(readonly tf: TensorFlow) {}

  dense(units: number, activation: string, given: object = {}): tfjs.layers.Layer {
    const kernelInitializer = this.tf.initializers.heUniform({ seed: ++this.#seed });
    return this.tf.layers.dense({
      units,
      activation: activation as "relu",
      kernelInitializer,
      ...this.#seed === 1 ? { inputShape: [8] } : {},
      ...given,
    });
  }

  normal(...shape: number[]): tfjs.Tensor {
    return this.tf.randomNormal(shape, 0, 1, "float32", 100 + shape.length) as tfjs.Tensor;
  }

  /** Pictures of 64 pixels that differ in `rank` ways. */
  pictures(rank: number): tfjs.Tensor {
    const ways = this.tf.randomNormal([EXAMPLES, rank], 0, 1, "float32", 5);
    const pixels = this.tf.randomNormal([rank, 64], 0, 1, "float32", 6);
    return this.tf.sigmoid(this.tf.matMul(ways, pixels)) as tfjs.Tensor;
  }

  /** Returns one-hot classes in turn, or rows with several of them. */
  classes(count: number, several = 1): tfjs.Tensor {
    return this.tf.tensor2d(
      Array.from(
        { length: EXAMPLES },
        (_, i) => Array.from({ length: count }, (_, k) => (i + k) % count < several ? 1 : 0),
      ),
    ) as tfjs.Tensor;
  }

  /** The same class for all examples. */
  oneClass(count: number): tfjs.Tensor {
    return this.tf.oneHot(this.tf.fill([EXAMPLES], 2, "int32"), count).toFloat() as tfjs.Tensor;
  }

  /** 0 and 1 in turn. */
  answers(): tfjs.Tensor {
    return this.tf.tensor2d(Array.from({ length: EXAMPLES }, (_, i) => [i % 2])) as tfjs.Tensor;
  }

  recurrent(kind: "lstm" | "gru" | "simpleRNN"): Layers {
    const { initializers } = this.tf;
    const cell = this.tf.layers[kind]({
      units: 16,
      inputShape: [6, 4],
      kernelInitializer: initializers.glorotUniform({ seed: 3 }),
      recurrentInitializer: initializers.orthogonal({ seed: 4 }),
      biasInitializer: initializers.constant({ value: -12 }),
      ...kind === "lstm" ? { unitForgetBias: false } : {},
    });
    return [cell, this.dense(3, "softmax", { inputShape: undefined })];
  }
}

/** First cause of a program, and its first fix. */
async function said(tf: TensorFlow, [layers, loss, targets, inputs]: Program) {
  const model: LayersModel = tf.sequential({ layers });
  model.compile({ optimizer: "adam", loss });
  const batch = { inputs: inputs ?? new Parts(tf).normal(EXAMPLES, 8), targets };
  const { diagnosis, measurements } = await examine(model, batch);
  model.dispose();
  const [cause] = diagnosis.causes;
  if (cause === undefined) return `${diagnosis.verdict}`;
  const fix = describeFix(cause.fixes[0], measurements.layers);
  return `${diagnosis.verdict} ${cause.kind}: ${fix}`;
}

const autoencoder = (parts: Parts): Program => {
  const pictures = parts.pictures(3);
  const layers = [parts.dense(16, "relu", { inputShape: [64] }), parts.dense(64, "softmax")];
  return [layers, "meanSquaredError", pictures, pictures];
};

const sequences = (parts: Parts, kind: "lstm" | "gru" | "simpleRNN"): Program => [
  parts.recurrent(kind),
  "categoricalCrossentropy",
  parts.classes(3),
  parts.normal(EXAMPLES, 6, 4),
];

/** A program, how its verdict begins, and how that of the program without the fault begins. */
const PROGRAMS: Record<string, [(parts: Parts) => Program, string]> = {
  "softmax with mean squared error in an autoencoder": [
    autoencoder,
    "sick head: Remove the activation from dense_",
  ],
  "relu on logits": [
    (parts) => [
      [parts.dense(32, "relu"), parts.dense(3, "relu"), parts.tf.layers.softmax()],
      "categoricalCrossentropy",
      parts.classes(3),
    ],
    "weak head: Remove relu from `dense_",
  ],
  "relu under a loss that takes logits": [
    (parts) => [
      [parts.dense(32, "relu"), parts.dense(3, "relu")],
      parts.tf.losses.softmaxCrossEntropy as Loss,
      parts.classes(3),
    ],
    "weak head: Remove the activation from dense_",
  ],
  "hard sigmoid on logits": [
    (parts) => [
      [parts.dense(32, "relu"), parts.dense(3, "hardSigmoid"), parts.tf.layers.softmax()],
      "categoricalCrossentropy",
      parts.classes(3),
    ],
    "weak head: Remove hardSigmoid from `dense_",
  ],
  "several classes per example under softmax": [
    (parts) => [
      [parts.dense(32, "relu"), parts.dense(5, "softmax")],
      "categoricalCrossentropy",
      parts.classes(5, 2),
    ],
    "weak head: End dense_",
  ],
  "targets of one class": [
    (parts) => [
      [parts.dense(32, "relu"), parts.dense(3, "softmax")],
      "categoricalCrossentropy",
      parts.oneClass(3),
    ],
    "weak target-normalized: Take a batch with examples of every class.",
  ],
  "one seed for all layers": [
    (parts) => {
      const same = () => parts.tf.initializers.heUniform({ seed: 5 });
      const layers = [1, 2, 3].map(() => parts.dense(8, "relu", { kernelInitializer: same() }));
      return [[...layers, parts.dense(3, "softmax")], "categoricalCrossentropy", parts.classes(3)];
    },
    "weak symmetry: Give the initialiser of each layer its own seed.",
  ],
  "one initialiser for all layers": [
    (parts) => {
      const kernelInitializer = parts.tf.initializers.heUniform({ seed: 5 });
      const layers = [1, 2, 3].map(() => parts.dense(8, "relu", { kernelInitializer }));
      return [[...layers, parts.dense(3, "softmax")], "categoricalCrossentropy", parts.classes(3)];
    },
    "weak symmetry: Give the initialiser of each layer its own seed.",
  ],
  "softmax in hidden layers": [
    (parts) => {
      const layers = [1, 2, 3].map(() => parts.dense(32, "softmax"));
      return [[...layers, parts.dense(3, "softmax")], "categoricalCrossentropy", parts.classes(3)];
    },
    "hidden-softmax: Replace softmax in dense_",
  ],
  "one softmax in a hidden layer": [
    (parts) => [
      [parts.dense(32, "relu"), parts.dense(16, "softmax"), parts.dense(3, "softmax")],
      "categoricalCrossentropy",
      parts.classes(3),
    ],
    "hidden-softmax: Replace softmax in dense_",
  ],
  "two softmaxes in a row": [
    (parts) => [
      [parts.dense(32, "relu"), parts.dense(3, "softmax"), parts.tf.layers.softmax()],
      "categoricalCrossentropy",
      parts.classes(3),
    ],
    "weak head: Remove one of the two: softmax in `dense_",
  ],
  "biases of an LSTM": [
    (parts) => sequences(parts, "lstm"),
    "sick bias: Start the bias of lstm_",
  ],
  "biases of a GRU": [(parts) => sequences(parts, "gru"), "sick bias: Start the bias of gru_"],
  "biases of a SimpleRNN": [
    (parts) => sequences(parts, "simpleRNN"),
    "sick bias: Start the bias of simple_rnn_",
  ],
  "a narrow chain": [
    (parts) => [
      [
        ...Array.from({ length: 12 }, () => parts.dense(3, "relu")),
        parts.dense(3, "softmax"),
      ],
      "categoricalCrossentropy",
      parts.classes(3),
    ],
    "sick narrow: Widen the narrowest layers",
  ],
  "a bottleneck": [
    (parts) => {
      const pictures = parts.tf.sigmoid(parts.normal(EXAMPLES, 64)) as tfjs.Tensor;
      const layers = [
        parts.dense(32, "relu", { inputShape: [64] }),
        parts.dense(1, "relu"),
        parts.dense(32, "relu"),
        parts.dense(64, "linear"),
      ];
      return [layers, "meanSquaredError", pictures, pictures];
    },
    "sick bottleneck: Widen dense_",
  ],
};

Deno.test("examine() names faults that people make first, and the fix that fits", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const [name, [program, expected]] of Object.entries(PROGRAMS)) {
    await t.step(name, async () => {
      assertStringIncludes(await said(tf, program(new Parts(tf))), expected);
    });
  }
});

Deno.test("examine() calls a softmax over one unit constant under every loss", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  const LOSSES: Record<string, string> = {
    meanSquaredError: "Remove the activation from dense_",
    meanAbsoluteError: "Remove the activation from dense_",
    logcosh: "Remove the activation from dense_",
    meanSquaredLogarithmicError: "Use a linear head for numbers",
    binaryCrossentropy: "End dense_",
    categoricalCrossentropy: "End dense_",
    hinge: "Use tanh or a linear head.",
    sparseCategoricalCrossentropy: "End dense_",
  };
  for (const [loss, fix] of Object.entries(LOSSES)) {
    await t.step(loss, async () => {
      const parts = new Parts(tf);
      const layers = [parts.dense(16, "relu"), parts.dense(1, "softmax")];
      assertStringIncludes(await said(tf, [layers, loss, parts.answers()]), `sick head: ${fix}`);
    });
  }
});

/** Residual blocks of 1x1, 3x3 and 1x1 convolutions, as torchvision draws ResNet-50. */
function bottlenecks(tf: TensorFlow, gamma: "ones" | "zeros"): LayersModel {
  let seed = 0;
  const conv = (x: tfjs.SymbolicTensor, filters: number, kernelSize: number, last = false) => {
    const kernelInitializer = tf.initializers.varianceScaling({
      scale: 2,
      mode: "fanOut",
      distribution: "normal",
      seed: ++seed,
    });
    const drawn = tf.layers.conv2d({
      filters,
      kernelSize,
      padding: "same",
      useBias: false,
      kernelInitializer,
    }).apply(x) as tfjs.SymbolicTensor;
    const scaled = tf.layers.batchNormalization({ gammaInitializer: last ? gamma : "ones" })
      .apply(drawn) as tfjs.SymbolicTensor;
    return last ? scaled : tf.layers.reLU().apply(scaled) as tfjs.SymbolicTensor;
  };
  const input = tf.input({ shape: [8, 8, 3] });
  let stream = conv(input, 32, 3);
  for (let i = 0; i < 4; i++) {
    const branch = conv(conv(conv(stream, 8, 1), 8, 3), 32, 1, true);
    const sum = tf.layers.add().apply([stream, branch]);
    stream = tf.layers.reLU().apply(sum) as tfjs.SymbolicTensor;
  }
  const pooled = tf.layers.globalAveragePooling2d({}).apply(stream);
  const kernelInitializer = tf.initializers.varianceScaling({
    scale: 1 / 3,
    mode: "fanIn",
    distribution: "uniform",
    seed: 99,
  });
  const output = tf.layers.dense({ units: 10, activation: "softmax", kernelInitializer })
    .apply(pooled) as tfjs.SymbolicTensor;
  const model = tf.model({ inputs: input, outputs: output });
  model.compile({ optimizer: "adam", loss: "categoricalCrossentropy" });
  return model;
}

Deno.test("examine() warns of nothing in a ResNet as torchvision draws it, gamma of 0 or not", async () => {
  await using engine = await startEngine();
  for (const gamma of ["ones", "zeros"] as const) {
    const model = bottlenecks(engine.tf, gamma);
    const batch = randomBatch(model, { seed: 1 });
    for (const trial of ["off", "auto"] as const) {
      const { diagnosis: { verdict, causes } } = await examine(model, batch, { trial });
      assertEquals([verdict, causes], ["healthy", []], `${gamma} ${trial}`);
    }
    model.dispose();
  }
});

/** A residual block whose branch ends in a normalisation with a gamma of 0, and maybe a relu. */
function gated(tf: TensorFlow, end: "relu" | "linear"): LayersModel {
  let seed = 0;
  const normalised = (x: tfjs.SymbolicTensor, gammaInitializer: "ones" | "zeros", act: string) => {
    const kernelInitializer = tf.initializers.heUniform({ seed: ++seed });
    const drawn = tf.layers.dense({ units: 16, kernelInitializer, useBias: false }).apply(x);
    const scaled = tf.layers.batchNormalization({ gammaInitializer }).apply(drawn);
    return tf.layers.activation({ activation: act as "relu" }).apply(scaled) as tfjs.SymbolicTensor;
  };
  const input = tf.input({ shape: [16] });
  let stream = normalised(input, "ones", "relu");
  for (let i = 0; i < 4; i++) {
    const branch = normalised(normalised(stream, "ones", "relu"), "zeros", end);
    stream = tf.layers.add().apply([stream, branch]) as tfjs.SymbolicTensor;
  }
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 99 });
  const output = tf.layers.dense({
    name: "head",
    units: 3,
    activation: "softmax",
    kernelInitializer,
  })
    .apply(stream) as tfjs.SymbolicTensor;
  const model = tf.model({ inputs: input, outputs: output });
  model.compile({ optimizer: "adam", loss: "categoricalCrossentropy" });
  return model;
}

Deno.test("diagnose() finds a gamma of 0 that a relu keeps at 0, and leaves others alone", async () => {
  await using engine = await startEngine();
  const found = async (end: "relu" | "linear", head = 1) => {
    const model = gated(engine.tf, end);
    rescaleWeights(model, head, { layers: ["head"] });
    const { diagnosis, measurements } = await examine(model, randomBatch(model, { seed: 1 }), {
      trial: "off",
    });
    model.dispose();
    return diagnosis.causes.map(({ kind, fixes: [fix] }) =>
      `${kind}: ${describeFix(fix, measurements.layers)}`
    );
  };
  const [cause, ...others] = await found("relu");
  assertStringIncludes(cause, "zero-scale: Start the gamma of batch_normalization_");
  assertEquals([others, await found("linear")], [[], []]);
  // A head that is certain of everything sends no gradient down at all.
  assertStringIncludes((await found("relu", 1e4))[0], "kernel-scale: ");
});
