import type * as tfjs from "@tensorflow/tfjs";
import type { FixSubject } from "../../src/diagnosis/examine/apply_fixes.ts";
import type { LayersModel, TensorFlow } from "../../src/engine/tensorflow.ts";

/** How a convolutional network on 14 x 14 pixels is made ill; by default it is healthy. */
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
  /** One entry of the first kernel is NaN. */
  nan?: boolean;
  /** What goes in: standard normal by default. */
  input?: "bytes" | "zeros" | "ones";
  objective?: FixSubject["objective"];
  /** Targets instead of one-hot classes. */
  targets?: (tf: TensorFlow) => tfjs.Tensor;
}

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
