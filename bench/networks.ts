import type { LayersModel, Tensor, TensorFlow } from "../src/engine/tensorflow.ts";

/** A network whose gradient is timed, and what it is run on. */
export interface Network {
  /** Remark for the reader. */
  name: string;
  create(tf: TensorFlow): { model: LayersModel; input: Tensor };
  /** Multiply-adds of its products in one forward and backward pass, times 2. */
  operations: number;
}

/** `depth` dense tanh layers of one width; every layer also gets the gradient of its input. */
export function dense(depth: number, width: number, batch: number): Network {
  return {
    name: `${depth} x ${width} tanh, batch ${batch}`,
    operations: 3 * depth * 2 * batch * width * width,
    create(tf) {
      const model = tf.sequential();
      for (let layer = 0; layer < depth; layer++) {
        model.add(tf.layers.dense({
          units: width,
          activation: "tanh",
          inputShape: [width],
          kernelInitializer: tf.initializers.glorotUniform({ seed: layer + 1 }),
        }));
      }
      return { model, input: tf.randomNormal([batch, width], 0, 1, "float32", 1) };
    },
  };
}

export const convnet: Network = {
  name: "conv 3x3x32->64 at 32x32, pool, dense, batch 8",
  operations: 2 * 2 * 8 * 32 * 32 * 9 * 32 * 64,
  create(tf) {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({
          filters: 64,
          kernelSize: 3,
          padding: "same",
          activation: "relu",
          inputShape: [32, 32, 32],
        }),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 10 }),
      ],
    });
    return { model, input: tf.randomNormal([8, 32, 32, 32], 0, 1, "float32", 1) };
  },
};

export const recurrent: Network = {
  name: "Embedding(1000, 128) + LSTM(128), batch 16, 64 steps",
  operations: 64 * 3 * 2 * 2 * 16 * 128 * 512,
  create(tf) {
    const model = tf.sequential({
      layers: [
        tf.layers.embedding({ inputDim: 1000, outputDim: 128, inputLength: 64 }),
        tf.layers.lstm({ units: 128, recurrentInitializer: "glorotUniform" }),
      ],
    });
    return { model, input: tf.randomUniform([16, 64], 0, 1000, "int32", 1) };
  },
};

/** The network of the exercise, whose weights make no difference to time. */
export const exercise: Network = {
  name: "the exercise's network, batch 32",
  operations: 6 * 32 * (10 * 20 * 20 + 20),
  create(tf) {
    const model = tf.sequential();
    for (let layer = 1; layer <= 11; layer++) {
      const activation = layer === 1 ? "relu" : layer < 11 ? "tanh" : "linear";
      model.add(tf.layers.dense({ units: layer < 11 ? 20 : 1, activation, inputShape: [20] }));
    }
    return { model, input: tf.randomNormal([32, 20], 0, 1, "float32", 1) };
  },
};
