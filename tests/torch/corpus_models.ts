import type { LayersModel, TensorFlow } from "../../src/engine/mod.ts";
import { kerasLayers } from "../../src/keras/layers/mod.ts";

type Build = (tf: TensorFlow) => LayersModel;

const chain = (make: (layers: TensorFlow["layers"]) => unknown[]): Build => (tf) =>
  tf.sequential({ layers: make(tf.layers) as never });

/** PyTorch's epsilon. */
const epsilon = 1e-5;

/** The two recurrent cells that PyTorch has and that have gates, as it reckons them. */
const GATES = { recurrentActivation: "sigmoid" } as const;

/** The models of bench/peers/torch_models.py in TensorFlow.js, by name: those whose layers it has. */
export const CORPUS_MODELS: Record<string, Build> = {
  linear: chain((l) => [
    l.dense({ units: 4, activation: "relu", inputShape: [5] }),
    l.dense({ units: 4, activation: "tanh", useBias: false }),
    l.dense({ units: 2 }),
  ]),
  slopes: chain((l) => [
    l.dense({ units: 6, inputShape: [4] }),
    l.prelu({}),
    l.dense({ units: 3 }),
  ]),
  conv1d: chain((l) => [
    l.conv1d({ filters: 4, kernelSize: 3, activation: "relu", inputShape: [8, 3] }),
    l.conv1d({ filters: 5, kernelSize: 2, strides: 2 }),
  ]),
  conv2d: chain((l) => [
    l.conv2d({
      filters: 3,
      kernelSize: 3,
      padding: "same",
      activation: "relu",
      inputShape: [5, 4, 2],
    }),
    l.conv2d({ filters: 4, kernelSize: [1, 2], useBias: false }),
  ]),
  conv3d: chain((l) => [
    l.conv3d({ filters: 2, kernelSize: 2, activation: "relu", inputShape: [4, 3, 3, 1] }),
    l.conv3d({ filters: 3, kernelSize: [1, 2, 1] }),
  ]),
  conv_transpose2d: chain((l) => [
    l.conv2dTranspose({
      filters: 3,
      kernelSize: 3,
      strides: 2,
      activation: "relu",
      inputShape: [3, 3, 2],
    }),
    l.conv2d({ filters: 2, kernelSize: 1 }),
  ]),
  conv_transpose3d: chain((l) => [
    l.conv3dTranspose({ filters: 3, kernelSize: 2, strides: 2, inputShape: [2, 2, 2, 1] }),
  ]),
  batch_norm1d: chain((l) => [
    l.dense({ units: 5, inputShape: [4] }),
    l.batchNormalization({ epsilon }),
    l.reLU({}),
    l.dense({ units: 2 }),
  ]),
  batch_norm2d: chain((l) => [
    l.conv2d({ filters: 3, kernelSize: 2, useBias: false, inputShape: [4, 4, 2] }),
    l.batchNormalization({ epsilon }),
    l.reLU({}),
    l.conv2d({ filters: 2, kernelSize: 1 }),
  ]),
  layer_norm: chain((l) => [
    l.layerNormalization({ epsilon, inputShape: [3, 6] }),
    l.dense({ units: 4, activation: "gelu" as never }),
    l.layerNormalization({ epsilon }),
  ]),
  embedding: chain((l) => [
    l.embedding({ inputDim: 9, outputDim: 5, inputShape: [6] }),
    l.dense({ units: 3 }),
  ]),
  lstm: chain((l) => [
    l.lstm({ units: 4, returnSequences: true, inputShape: [5, 3], ...GATES }),
    l.lstm({ units: 4, ...GATES }),
    l.dense({ units: 2 }),
  ]),
  gru: chain((l) => {
    const gru = l.gru({ units: 4, inputShape: [5, 3], ...GATES });
    // `tf.layers.gru` refuses `resetAfter`; a configuration of Keras sets it so.
    (gru as unknown as { cell: { resetAfter: boolean } }).cell.resetAfter = true;
    return [gru, l.dense({ units: 2 })];
  }),
  rnn: chain((l) => [
    l.simpleRNN({ units: 4, activation: "tanh", inputShape: [5, 3] }),
    l.dense({ units: 2 }),
  ]),
  attention: (tf) => {
    const { MultiHeadAttention } = kerasLayers(tf);
    const x = tf.input({ shape: [4, 8] });
    const y = new MultiHeadAttention({ numHeads: 2, keyDim: 4, name: "attention" }).apply([x, x]);
    const sum = tf.layers.add().apply([x, y as typeof x]);
    const outputs = tf.layers.dense({ units: 3, name: "head" }).apply(sum);
    return tf.model({ inputs: x, outputs: outputs as typeof x });
  },
  residual: (tf) => {
    const x = tf.input({ shape: [4] });
    let y = tf.layers.dense({ units: 6, activation: "tanh", name: "stem" }).apply(x) as typeof x;
    for (let i = 0; i < 3; i++) {
      const z = tf.layers.dense({ units: 6, activation: "relu", name: `blocks_${i}_0` }).apply(y);
      y = tf.layers.add().apply([y, z as typeof x]) as typeof x;
    }
    const outputs = tf.layers.dense({ units: 1, name: "head_value" }).apply(y) as typeof x;
    return tf.model({ inputs: x, outputs });
  },
};
