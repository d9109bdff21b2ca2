import type { LayersModel, TensorFlow } from "../src/engine/tensorflow.ts";
import { inceptionV3, resnet50, transformer } from "./large_models.ts";
import { convnet, dense, recurrent } from "./networks.ts";

type Symbolic = LayersModel["inputs"][number];
type Create = (tf: TensorFlow) => LayersModel;

/** A chain of layers. */
const chain = (make: (layers: TensorFlow["layers"]) => unknown[]): Create => (tf) =>
  tf.sequential({ layers: make(tf.layers) as never });

/** So many layers of one kind. */
const times = (count: number, make: (i: number) => unknown) =>
  Array.from({ length: count }, (_, i) => make(i)).flat();

const activated = (activation: string) =>
  chain((layers) =>
    times(6, () => layers.dense({ units: 256, inputShape: [256], activation: activation as never }))
  );

/** A U-Net: down by pooling, up by transposed convolutions, joined on each level. */
function unet(tf: TensorFlow): LayersModel {
  const { layers } = tf;
  const twice = (x: Symbolic, filters: number) =>
    times(2, () => layers.conv2d({ filters, kernelSize: 3, padding: "same", activation: "relu" }))
      .reduce((x: Symbolic, layer) => (layer as typeof layers.conv2d.prototype).apply(x), x);
  const inputs = tf.input({ shape: [64, 64, 3] });
  const levels: Symbolic[] = [];
  let x: Symbolic = inputs;
  for (const filters of [16, 32, 64]) {
    levels.push(twice(x, filters));
    x = layers.maxPooling2d({ poolSize: 2 }).apply(levels.at(-1)!) as Symbolic;
  }
  x = twice(x, 128);
  for (const [i, filters] of [64, 32, 16].entries()) {
    const up = layers.conv2dTranspose({ filters, kernelSize: 2, strides: 2 }).apply(x);
    x = twice(layers.concatenate().apply([levels[2 - i], up as Symbolic]) as Symbolic, filters);
  }
  return tf.model({
    inputs,
    outputs: layers.conv2d({ filters: 1, kernelSize: 1 }).apply(x) as Symbolic,
  });
}

/** A DenseNet: each layer reads all before it. */
function densenet(tf: TensorFlow): LayersModel {
  const { layers } = tf;
  const inputs = tf.input({ shape: [32, 32, 16] });
  let x: Symbolic = inputs;
  for (let i = 0; i < 6; i++) {
    const normalized = layers.reLU().apply(layers.batchNormalization().apply(x));
    const more = layers.conv2d({ filters: 12, kernelSize: 3, padding: "same" }).apply(normalized);
    x = layers.concatenate().apply([x, more as Symbolic]) as Symbolic;
  }
  return tf.model({
    inputs,
    outputs: layers.globalAveragePooling2d({} as never).apply(x) as Symbolic,
  });
}

/** Two inputs, a shared tower and two heads. */
function twins(tf: TensorFlow): LayersModel {
  const { layers } = tf;
  const inputs = [1, 2].map(() => tf.input({ shape: [300] }));
  const tower = tf.sequential({
    layers: times(3, () => layers.dense({ units: 300, inputShape: [300] })) as never,
  });
  const [a, b] = inputs.map((input) => tower.apply(input) as Symbolic);
  const product = layers.multiply().apply([a, b]) as Symbolic;
  const largest = layers.maximum().apply([a, b]) as Symbolic;
  return tf.model({
    inputs,
    outputs: [product, layers.average().apply([product, largest]) as Symbolic],
  });
}

/** An MLP-Mixer of width 64 on 49 patches. */
function mixer(tf: TensorFlow): LayersModel {
  const { layers } = tf;
  const inputs = tf.input({ shape: [49, 64] });
  let x: Symbolic = inputs;
  for (let i = 0; i < 4; i++) {
    const turned = layers.permute({ dims: [2, 1] }).apply(layers.layerNormalization().apply(x));
    const mixed = layers.dense({ units: 49, activation: "gelu" as never }).apply(turned);
    x = layers.add().apply([
      x,
      layers.permute({ dims: [2, 1] }).apply(mixed) as Symbolic,
    ]) as Symbolic;
    const wide = layers.dense({ units: 256, activation: "gelu" as never }).apply(
      layers.layerNormalization().apply(x),
    );
    x = layers.add().apply([x, layers.dense({ units: 64 }).apply(wide) as Symbolic]) as Symbolic;
  }
  return tf.model({ inputs, outputs: x });
}

const image = { inputShape: [32, 32, 8] };

/** Networks of every kind of layer, the shapes of well-known ones among them, by what they are. */
export const memoryModels: Record<string, Create> = {
  "10 x 512 tanh": (tf) => dense(10, 512, 64).create(tf).model,
  "convnet 3x3": (tf) => convnet.create(tf).model,
  "embedding + LSTM": (tf) => recurrent.create(tf).model,
  "ResNet-50 at 64": (tf) => resnet50(tf, 64),
  "InceptionV3 at 107": (tf) => inceptionV3(tf, 107),
  "transformer 3 x 192, 128 tokens": (tf) => transformer(tf, { depth: 3, width: 192, steps: 128 }),
  "U-Net at 64": unet,
  "DenseNet block": densenet,
  "twins": twins,
  "MLP-Mixer": mixer,
  "VGG block": chain((layers) => [
    ...times(3, (i) => [
      ...times(
        2,
        () =>
          layers.conv2d({
            filters: 16 * 2 ** i,
            kernelSize: 3,
            activation: "relu",
            padding: "same",
            ...image,
          }),
      ),
      layers.maxPooling2d({ poolSize: 2 }),
    ]),
    layers.flatten(),
    layers.dense({ units: 256, activation: "relu" }),
    layers.dropout({ rate: 0.5 }),
    layers.dense({ units: 10, activation: "softmax" }),
  ]),
  "MobileNet block": chain((layers) =>
    times(4, () => [
      layers.depthwiseConv2d({ kernelSize: 3, padding: "same", useBias: false, ...image }),
      layers.batchNormalization(),
      layers.reLU({ maxValue: 6 }),
      layers.conv2d({ filters: 16, kernelSize: 1, useBias: false }),
      layers.batchNormalization(),
      layers.reLU({ maxValue: 6 }),
    ])
  ),
  "Xception block": chain((layers) =>
    times(4, () => [
      layers.separableConv2d({ filters: 16, kernelSize: 3, padding: "same", ...image }),
      layers.batchNormalization(),
      layers.activation({ activation: "relu" }),
    ])
  ),
  "convolution in 1 axis": chain((layers) => [
    ...times(
      4,
      () =>
        layers.conv1d({
          filters: 32,
          kernelSize: 3,
          padding: "same",
          activation: "relu",
          inputShape: [200, 16],
        }),
    ),
    layers.globalMaxPooling1d(),
  ]),
  "convolution in 3 axes": chain((layers) => [
    ...times(
      3,
      () =>
        layers.conv3d({
          filters: 8,
          kernelSize: 3,
          activation: "relu",
          inputShape: [16, 16, 16, 2],
        }),
    ),
    layers.averagePooling3d({ poolSize: 2 } as never),
  ]),
  "generator": chain((layers) => [
    layers.dense({ units: 8 * 8 * 32, inputShape: [64] }),
    layers.reshape({ targetShape: [8, 8, 32] }),
    layers.batchNormalization(),
    layers.leakyReLU(),
    layers.conv2dTranspose({ filters: 16, kernelSize: 4, strides: 2, padding: "same" }),
    layers.batchNormalization(),
    layers.leakyReLU(),
    layers.conv2dTranspose({
      filters: 3,
      kernelSize: 4,
      strides: 2,
      padding: "same",
      activation: "tanh",
    }),
  ]),
  "upsampling decoder": chain((layers) => [
    layers.conv2d({
      filters: 16,
      kernelSize: 3,
      padding: "same",
      activation: "relu",
      inputShape: [16, 16, 8],
    }),
    layers.upSampling2d({ size: [2, 2] }),
    layers.conv2d({ filters: 8, kernelSize: 3, padding: "same", activation: "relu" }),
    layers.upSampling2d({ size: [2, 2] }),
    layers.zeroPadding2d({ padding: 1 } as never),
    layers.conv2d({ filters: 3, kernelSize: 3, activation: "sigmoid" }),
  ]),
  "autoencoder": chain((layers) =>
    [784, 256, 64, 16, 64, 256, 784].map((units) =>
      layers.dense({ units, activation: "sigmoid", inputShape: [784] })
    )
  ),
  "layer normalisations": chain((layers) =>
    times(
      4,
      () => [
        layers.dense({ units: 128, inputShape: [128] }),
        layers.layerNormalization(),
        layers.elu(),
      ],
    )
  ),
  "stacked LSTM": chain((layers) => [
    layers.lstm({ units: 48, inputShape: [30, 16], returnSequences: true }),
    layers.lstm({ units: 48 }),
  ]),
  "stacked GRU": chain((layers) => [
    layers.gru({ units: 48, inputShape: [30, 16], returnSequences: true }),
    layers.gru({ units: 48 }),
  ]),
  "simple recurrent": chain((layers) =>
    times(2, () => layers.simpleRNN({ units: 64, inputShape: [40, 16], returnSequences: true }))
  ),
  "both directions": chain((layers) => [
    layers.bidirectional({
      layer: layers.lstm({ units: 32, returnSequences: true }) as never,
      mergeMode: "concat",
      inputShape: [20, 16],
    }),
    layers.timeDistributed({ layer: layers.dense({ units: 10 }) }),
  ]),
  "convolutional LSTM": chain((layers) => [
    layers.convLstm2d({ filters: 8, kernelSize: 3, padding: "same", inputShape: [6, 16, 16, 2] }),
  ]),
  "words": chain((layers) => [
    layers.embedding({ inputDim: 2000, outputDim: 64, inputLength: 100 }),
    layers.conv1d({ filters: 64, kernelSize: 5, activation: "relu" }),
    layers.globalAveragePooling1d(),
  ]),
  ...Object.fromEntries(
    ["linear", "relu", "sigmoid", "selu", "gelu", "swish", "mish", "softplus", "softsign", "elu"]
      .map((name) => [`6 x 256 ${name}`, activated(name)]),
  ),
};
