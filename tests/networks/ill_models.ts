import type * as tfjs from "@tensorflow/tfjs";
import type { FixSubject } from "../../src/core/diagnosis/examine/apply_fixes.ts";
import type { Layer, Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { rescaleWeights } from "../../src/core/model/weights/model_weights.ts";
import { words } from "./patients.ts";

const EXAMPLES = 32;
const FEATURES = 8;

/** Faults of a dense network on eight numbers; by default it has none. */
export interface DenseFault {
  depth?: number;
  activation?: "relu" | "linear" | "sigmoid";
  /** Standard deviation of the hidden kernels. */
  std?: number;
  head?: "linear" | "relu" | "tanh" | "sigmoid";
  objective?: FixSubject["objective"];
  /** Converts the sum of two inputs, which is the task, to a target. */
  targets?: (tf: TensorFlow, sum: Tensor) => Tensor;
  /** Converts the inputs before the network sees them. */
  inputs?: (tf: TensorFlow, inputs: Tensor) => Tensor;
  /** A layer between the first and the second. */
  between?: (tf: TensorFlow) => Layer;
  /** Rate of a dropout after each hidden layer. */
  dropout?: number;
  /** Factor of a penalty on the squares of each kernel. */
  l2?: number;
  /** Names of layers that are frozen as they are drawn. */
  frozen?: string[];
}

/** A dense network on eight numbers with a fault, and a batch for it. */
export function denseModel(tf: TensorFlow, fault: DenseFault = {}): FixSubject {
  const { depth = 2, activation = "relu", std, head = "linear", frozen = [], dropout } = fault;
  const penalty = () =>
    fault.l2 === undefined ? {} : { kernelRegularizer: tf.regularizers.l2({ l2: fault.l2 }) };
  const model = tf.sequential();
  for (let i = 1; i <= depth; i++) {
    model.add(tf.layers.dense({
      name: `dense_${i}`,
      units: 32,
      activation,
      kernelInitializer: std === undefined
        ? tf.initializers.heNormal({ seed: i })
        : tf.initializers.randomNormal({ stddev: std, seed: i }),
      ...penalty(),
      ...i === 1 ? { inputShape: [FEATURES] } : {},
    }));
    if (dropout !== undefined) {
      model.add(tf.layers.dropout({ name: `drop_${i}`, rate: dropout }));
    }
    if (i === 1 && fault.between !== undefined) model.add(fault.between(tf));
  }
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 99 });
  model.add(tf.layers.dense({
    name: "head",
    units: 1,
    activation: head,
    kernelInitializer,
    ...penalty(),
  }));
  for (const name of frozen) model.getLayer(name).trainable = false;
  const batch = tf.tidy(() => {
    const drawn = tf.randomNormal([EXAMPLES, FEATURES], 0, 1, "float32", 7);
    const sum = tf.sum(tf.slice(drawn, [0, 0], [EXAMPLES, 2]), 1, true);
    return { inputs: fault.inputs?.(tf, drawn) ?? drawn, targets: fault.targets?.(tf, sum) ?? sum };
  });
  return { model, batch, objective: fault.objective ?? "meanSquaredError" };
}

/** The same network with all of its kernels multiplied. */
export function scaled(subject: FixSubject, factor: number): FixSubject {
  rescaleWeights(subject.model, factor, { kernelsOnly: true });
  return subject;
}

/** A recurrent layer on sequences of ten steps, its kernels multiplied. */
export function recurrent(
  tf: TensorFlow,
  kind: "simpleRNN" | "lstm" | "gru",
  times: number,
): FixSubject {
  const layer = tf.layers[kind]({
    name: "recurrent",
    units: 32,
    inputShape: [10, FEATURES],
    kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
    recurrentInitializer: tf.initializers.orthogonal({ seed: 2 }),
    recurrentActivation: "sigmoid",
  } as never);
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 3 });
  const model = tf.sequential({
    layers: [layer, tf.layers.dense({ name: "head", units: 1, kernelInitializer })],
  });
  tf.tidy(() => {
    const [kernel, recurrentKernel, ...others] = layer.getWeights();
    layer.setWeights([tf.mul(kernel, times), tf.mul(recurrentKernel, times), ...others]);
  });
  return {
    model,
    batch: {
      inputs: tf.randomNormal([EXAMPLES, 10, FEATURES], 0, 1, "float32", 7),
      targets: tf.randomNormal([EXAMPLES, 1], 0, 1, "float32", 8),
    },
    objective: "meanSquaredError",
  };
}

/**
 * Attention between an embedding and a head, its queries and keys drawn this many times too large.
 */
export function attention(tf: TensorFlow, times: number): FixSubject {
  const usual = 1 / Math.sqrt(16);
  return words(tf, { std: 1, by: "attention", query: times * usual, key: times * usual });
}

/** A layer with a custom function, whose class is not declared. */
export function layerOf(
  tf: TensorFlow,
  name: string,
  compute: (x: Tensor) => Tensor,
): Layer {
  return new class Own extends tf.layers.Layer {
    static readonly className = "Own";
    override computeOutputShape(shape: tfjs.Shape | tfjs.Shape[]) {
      return shape;
    }
    override call(inputs: Tensor | Tensor[]) {
      return tf.tidy(() => compute([inputs].flat()[0]));
    }
  }({ name });
}

/** Passes numbers on, and no gradient back. */
export function cutGradient(tf: TensorFlow): Layer {
  const cut = tf.customGrad((x) => ({
    value: (x as tfjs.Tensor).clone(),
    gradFunc: (dy: tfjs.Tensor) => tf.zerosLike(dy),
  }));
  return layerOf(tf, "cut", (x) => cut(x as tfjs.Tensor));
}

/** Rounds, which has a slope of 0 everywhere. */
export function rounding(tf: TensorFlow): Layer {
  return layerOf(tf, "round", (x) => tf.round(x));
}
