import type * as tfjs from "@tensorflow/tfjs";
import type { FixSubject } from "../../src/core/diagnosis/examine/apply_fixes.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { customLayers, type Drawn } from "./custom_layers.ts";

/** Faults of a convolutional network on 14 x 14 pixels; by default it has none. */
export interface Fault {
  /** Standard deviation of all kernels, the head's too. */
  std?: number;
  /** All kernels but the head's are this constant. */
  constant?: number;
  activation?: "relu" | "sigmoid" | "linear";
  bias?: number;
  /** A Rescaling by this comes first. */
  rescaling?: number;
  /** Units and activation of the head. */
  units?: number;
  head?: "softmax" | "sigmoid" | "linear" | "relu";
  frozen?: boolean;
  /** True if an entry of the first kernel is NaN. */
  nan?: boolean;
  /** Converts the inputs; standard normal by default. */
  input?: "bytes" | "zeros" | "ones";
  objective?: FixSubject["objective"];
  /** Targets instead of one-hot classes. */
  targets?: (tf: TensorFlow) => tfjs.Tensor;
}

/** Examples in every batch. */
const EXAMPLES = 32;

/** A convolutional network with a fault, and a batch for it. */
export function patient(tf: TensorFlow, fault: Fault = {}): FixSubject {
  const { units = 10, objective = "categoricalCrossentropy" } = fault;
  return {
    model: network(tf, fault),
    batch: {
      inputs: inputsOf(tf, fault),
      targets: fault.targets?.(tf) ??
        (units === 1 ? tf.ones([EXAMPLES, 1]) : classes(tf, units)),
    },
    objective,
  };
}

function classes(tf: TensorFlow, units: number) {
  return tf.tidy(() =>
    tf.cast(
      tf.oneHot(tf.tensor1d(Array.from({ length: EXAMPLES }, (_, i) => i % units), "int32"), units),
      "float32",
    )
  );
}

function inputsOf(tf: TensorFlow, { input, rescaling }: Fault) {
  const shape: [number, number, number, number] = [EXAMPLES, 14, 14, 1];
  if (input === "zeros") return tf.zeros(shape);
  if (input === "ones") return tf.ones(shape);
  if (input === "bytes") return tf.randomUniform(shape, 0, 255, "float32", 7);
  return rescaling === undefined
    ? tf.randomNormal(shape, 0, 1, "float32", 7)
    : tf.randomUniform(shape, 0, 1, "float32", 7);
}

function network(tf: TensorFlow, fault: Fault): LayersModel {
  const { std, constant, activation = "relu", bias = 0, rescaling, units = 10 } = fault;
  const kernelOf = (seed: number) =>
    std !== undefined
      ? tf.initializers.randomNormal({ stddev: std, seed })
      : constant !== undefined
      ? tf.initializers.constant({ value: constant })
      : tf.initializers.heNormal({ seed });
  const hidden = (seed: number) => ({
    activation,
    kernelInitializer: kernelOf(seed),
    biasInitializer: tf.initializers.constant({ value: bias }),
  });
  const inputShape = [14, 14, 1];
  const model = tf.sequential({
    layers: [
      ...rescaling === undefined
        ? []
        : [tf.layers.rescaling({ name: "rescaling", scale: rescaling, inputShape } as never)],
      tf.layers.conv2d({ name: "conv1", filters: 8, kernelSize: 3, inputShape, ...hidden(1) }),
      tf.layers.conv2d({ name: "conv2", filters: 8, kernelSize: 3, ...hidden(2) }),
      tf.layers.flatten({ name: "flatten" }),
      tf.layers.dense({ name: "fc1", units: 64, ...hidden(3) }),
      tf.layers.dense({
        name: "head",
        units,
        activation: fault.head ?? "softmax",
        kernelInitializer: std === undefined
          ? tf.initializers.glorotUniform({ seed: 4 })
          : kernelOf(4),
      }),
    ],
  });
  if (fault.frozen) model.trainable = false;
  if (fault.nan) spoil(tf, model);
  return model;
}

function spoil(tf: TensorFlow, model: LayersModel) {
  const layer = model.getLayer("conv1");
  tf.tidy(() => {
    const [kernel, bias] = layer.getWeights();
    const values = kernel.dataSync().slice();
    values[3] = NaN;
    layer.setWeights([tf.tensor(values, kernel.shape), bias]);
  });
}

/** A dense network of alike layers on 32 numbers, under the mean squared error. */
export function deepPatient(
  tf: TensorFlow,
  depth: number,
  layer: { activation: "relu" | "sigmoid"; initializer: "glorotUniform" | "heNormal" },
): FixSubject {
  const model = tf.sequential();
  for (let i = 0; i < depth; i++) {
    model.add(tf.layers.dense({
      name: `dense_${i + 1}`,
      units: 64,
      activation: layer.activation,
      kernelInitializer: tf.initializers[layer.initializer]({ seed: i + 1 }),
      ...i === 0 ? { inputShape: [32] } : {},
    }));
  }
  model.add(tf.layers.dense({
    name: "head",
    units: 1,
    kernelInitializer: tf.initializers.glorotUniform({ seed: 99 }),
  }));
  return {
    model,
    batch: {
      inputs: tf.randomNormal([EXAMPLES, 32], 0, 1, "float32", 7),
      targets: tf.randomNormal([EXAMPLES, 1], 0, 1, "float32", 8),
    },
    objective: "meanSquaredError",
  };
}

/** Residual blocks of two He layers each, with nothing that normalises them. */
export function residualPatient(tf: TensorFlow, blocks: number): FixSubject {
  const input = tf.input({ shape: [32] });
  const dense = (name: string, seed: number, activation: "relu" | "linear") =>
    tf.layers.dense({
      name,
      units: 32,
      activation,
      kernelInitializer: tf.initializers.heNormal({ seed }),
    });
  let stream = input;
  for (let i = 1; i <= blocks; i++) {
    const inner = dense(`block_${i}_a`, 2 * i, "relu").apply(stream);
    const branch = dense(`block_${i}_b`, 2 * i + 1, "linear").apply(inner) as tfjs.SymbolicTensor;
    stream = tf.layers.add({ name: `add_${i}` }).apply([stream, branch]) as tfjs.SymbolicTensor;
  }
  const head = tf.layers.dense({
    name: "head",
    units: 10,
    activation: "softmax",
    kernelInitializer: tf.initializers.glorotUniform({ seed: 99 }),
  });
  return {
    model: tf.model({ inputs: input, outputs: head.apply(stream) as tfjs.SymbolicTensor }),
    batch: {
      inputs: tf.randomNormal([EXAMPLES, 32], 0, 1, "float32", 7),
      targets: classes(tf, 10),
    },
    objective: "categoricalCrossentropy",
  };
}

/** Faults of the data of a regression on eight numbers, which is healthy without them. */
export interface DataFault {
  /** Factors of the features, in turn. */
  features?: number[];
  /** Features that are the same number in every example. */
  constant?: number[];
  /** Offsets of the factors of the targets, one for each output. */
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

/** Embedding of the words, and the layers after it. */
export interface WordFault {
  /** Standard deviation of the table; 0 for zeros. */
  std?: number;
  width?: number;
  /**
   * Layer that reduces the words to one vector: their mean, an LSTM, or a custom attention before
   * the mean.
   */
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
