import type * as tfjs from "@tensorflow/tfjs";
import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import type { FixSubject } from "../../src/diagnosis/examine/apply_fixes.ts";
import { customLayers, type Drawn } from "./custom_layers.ts";

/** Examples in every batch. */
const EXAMPLES = 32;

/** What is done to the data of a regression on eight numbers that is healthy without. */
export interface DataFault {
  /** Factors of the features, in turn. */
  features?: number[];
  /** Features that are the same number in every example. */
  constant?: number[];
  /** What is added to the factors of the targets: one output for each. */
  targets?: number[];
  /** Added to every target. */
  offset?: number;
  /** All examples have a common pattern of rms 1, and differ by so much of their own. */
  apart?: number;
  activation?: "relu" | "sigmoid";
  layers?: number;
}

/** A regression on eight numbers, and what is wrong with its data. */
export function regression(tf: TensorFlow, fault: DataFault = {}): FixSubject {
  const { features = [], constant = [], targets = [1], offset = 0, apart } = fault;
  const { activation = "relu", layers = 2 } = fault;
  const model = tf.sequential();
  for (let i = 0; i < layers; i++) {
    model.add(tf.layers.dense({
      name: `dense_${i + 1}`,
      units: 32,
      activation,
      kernelInitializer: tf.initializers.heNormal({ seed: i + 1 }),
      ...i === 0 ? { inputShape: [8] } : {},
    }));
  }
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 99 });
  model.add(tf.layers.dense({ name: "head", units: targets.length, kernelInitializer }));
  const batch = tf.tidy(() => {
    const own = tf.randomNormal([EXAMPLES, 8], 0, 1, "float32", 7);
    const drawn = apart === undefined
      ? own
      : tf.add(tf.randomNormal([1, 8], 0, 1, "float32", 9), tf.mul(own, apart));
    const values = drawn.arraySync() as number[][];
    const inputs = values.map((row) =>
      row.map((x, i) => constant.includes(i) ? 3 : x * (features[i] ?? 1))
    );
    const answers = (own.arraySync() as number[][]).map((row) =>
      targets.map((scale, i) => scale * (row[i] + row[i + 1]) + offset)
    );
    return { inputs: tf.tensor2d(inputs), targets: tf.tensor2d(answers) };
  });
  return { model, batch, objective: "meanSquaredError" };
}

/** How words are embedded, and what follows. */
export interface WordFault {
  /** Standard deviation of the table; 0 for zeros. */
  std?: number;
  width?: number;
  /** What makes one vector of the words: their mean, an LSTM, or a custom attention before the mean. */
  by?: "mean" | "lstm" | "attention";
  /** Deviations of the kernels of the attention. */
  query?: number;
  key?: number;
  /** Logits by the very table. */
  tied?: boolean;
  activation?: "relu" | "tanh";
}

const WORDS = 50;

/** A classifier of sequences of words, or one that guesses the next word. */
export function words(tf: TensorFlow, fault: WordFault = {}): FixSubject {
  const { std = 0.05, width = 16, by = "mean", tied = false, activation = "relu" } = fault;
  const custom = customLayers(tf);
  const input = tf.input({ shape: [6], name: "words", dtype: "int32" });
  const table = tf.layers.embedding({
    name: "embedding",
    inputDim: WORDS,
    outputDim: width,
    embeddingsInitializer: std === 0
      ? tf.initializers.zeros()
      : tf.initializers.randomNormal({ stddev: std, seed: 5 }),
  });
  let x = table.apply(input) as tfjs.SymbolicTensor;
  if (by === "attention") {
    const usual = 1 / Math.sqrt(width);
    const stds = { query: fault.query ?? usual, key: fault.key ?? usual, value: usual };
    x = custom.attention("attention", stds).apply(x) as tfjs.SymbolicTensor;
  }
  const kernelInitializer = (seed: number) => tf.initializers.glorotUniform({ seed });
  const whole = by === "lstm"
    ? tf.layers.lstm({
      name: "lstm",
      units: width,
      kernelInitializer: kernelInitializer(11),
      recurrentInitializer: tf.initializers.orthogonal({ seed: 12 }),
    }).apply(x)
    : tf.layers.globalAveragePooling1d({ name: "mean" } as never).apply(x);
  const hidden = tf.layers.dense({
    name: "hidden",
    units: width,
    activation: tied ? "linear" : activation,
    kernelInitializer: kernelInitializer(13),
  }).apply(whole);
  const logits = tied
    ? tf.layers.softmax().apply(custom.tiedHead("logits", table).apply(hidden))
    : tf.layers.dense({
      name: "head",
      units: 4,
      activation: "softmax",
      kernelInitializer: kernelInitializer(14),
    }).apply(hidden);
  const ids = Array.from(
    { length: EXAMPLES },
    (_, i) => Array.from({ length: 6 }, (_, j) => (7 * i + 3 * j * j) % WORDS),
  );
  const classes = ids.map(([first]) => tied ? first : first % 4);
  return {
    model: tf.model({ inputs: input, outputs: logits as tfjs.SymbolicTensor }),
    batch: {
      inputs: tf.tensor2d(ids, undefined, "int32"),
      targets: tf.tidy(() =>
        tf.cast(tf.oneHot(tf.tensor1d(classes, "int32"), tied ? WORDS : 4), "float32")
      ) as Tensor,
    },
    objective: "categoricalCrossentropy",
  };
}

/** A regression whose hidden layers are custom ones with these weights. */
export function mixers(tf: TensorFlow, weights: readonly Drawn[], layers = 2): FixSubject {
  const { batch, model: plain } = regression(tf);
  plain.dispose();
  const { mixer } = customLayers(tf);
  const input = tf.input({ shape: [8] });
  let x = input;
  for (let i = 0; i < layers; i++) {
    x = tf.layers.activation({ name: `tanh_${i + 1}`, activation: "tanh" })
      .apply(mixer(`mixer_${i + 1}`, weights).apply(x)) as tfjs.SymbolicTensor;
  }
  const head = tf.layers.dense({
    name: "head",
    units: 1,
    kernelInitializer: tf.initializers.glorotUniform({ seed: 99 }),
  });
  return {
    model: tf.model({ inputs: input, outputs: head.apply(x) as tfjs.SymbolicTensor }),
    batch,
    objective: "meanSquaredError",
  };
}

/** Attention of dense layers: query . key weighs value, the first two drawn with this deviation. */
export function queriesAndKeys(tf: TensorFlow, std: number): FixSubject {
  const { batch, model: plain } = regression(tf);
  plain.dispose();
  const input = tf.input({ shape: [8] });
  const dense = (name: string, seed: number, stddev: number) =>
    tf.layers.dense({
      name,
      units: 8,
      kernelInitializer: stddev === 0
        ? tf.initializers.zeros()
        : tf.initializers.randomNormal({ stddev, seed }),
    }).apply(input) as tfjs.SymbolicTensor;
  const query = dense("query", 1, std);
  const key = dense("key", 2, std);
  const value = dense("value", 3, 0.35);
  const weights = tf.layers.multiply({ name: "weights" }).apply([query, key]);
  const sum = tf.layers.add({ name: "sum" }).apply([weights as tfjs.SymbolicTensor, value]);
  const head = tf.layers.dense({
    name: "head",
    units: 1,
    kernelInitializer: tf.initializers.glorotUniform({ seed: 99 }),
  });
  return {
    model: tf.model({ inputs: input, outputs: head.apply(sum) as tfjs.SymbolicTensor }),
    batch,
    objective: "meanSquaredError",
  };
}
