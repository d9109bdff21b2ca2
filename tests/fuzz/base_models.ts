import type { LayersModel, TensorFlow } from "../../src/engine/mod.ts";

/**
 * Models that together hold most of what a file can hold: small, so that a case takes milliseconds.
 *
 * @returns How to make each.
 */
export function baseModels(tf: TensorFlow): (() => LayersModel)[] {
  const { layers } = tf;
  const chain = (...make: (() => unknown)[]) => () =>
    tf.sequential({ layers: make.map((one) => one()) as never[] });
  return [
    chain(
      () => layers.dense({ units: 3, inputShape: [4], activation: "relu" }),
      () => layers.batchNormalization(),
      () => layers.dropout({ rate: 0.2 }),
      () => layers.dense({ units: 2, kernelRegularizer: "l1l2", kernelConstraint: "maxNorm" }),
      () => layers.softmax(),
    ),
    chain(
      () => layers.conv1d({ filters: 2, kernelSize: 3, inputShape: [8, 2], padding: "causal" }),
      () => layers.conv1d({ filters: 2, kernelSize: 2, dilationRate: 2 }),
      () => layers.maxPooling1d({ padding: "same" }),
      () => layers.spatialDropout1d({ rate: 0.1 }),
      () => layers.globalAveragePooling1d(),
    ),
    chain(
      () => layers.zeroPadding2d({ inputShape: [6, 6, 2] }),
      () => layers.conv2d({ filters: 2, kernelSize: 3, strides: 2, padding: "same" }),
      () => layers.depthwiseConv2d({ kernelSize: 2, padding: "same" }),
      () => layers.separableConv2d({ filters: 2, kernelSize: [2, 2] }),
      () => layers.upSampling2d({ size: [2, 2] }),
      () => layers.averagePooling2d({ poolSize: [2, 2] }),
      () => layers.layerNormalization(),
      () => layers.cropping2D({ cropping: [[0, 1], [0, 0]] } as never),
      () => layers.conv2dTranspose({ filters: 1, kernelSize: 2 }),
      () => layers.flatten(),
    ),
    chain(
      () => layers.conv3d({ filters: 2, kernelSize: 2, inputShape: [4, 4, 4, 1] } as never),
      () => layers.averagePooling3d({ padding: "same" }),
      () => layers.reshape({ targetShape: [2, -1] }),
      () => layers.permute({ dims: [2, 1] }),
      () => layers.leakyReLU(),
    ),
    chain(
      () => layers.embedding({ inputDim: 6, outputDim: 3, inputLength: 4, maskZero: true }),
      () => layers.lstm({ units: 2, returnSequences: true, recurrentActivation: "sigmoid" }),
      () => layers.bidirectional({ layer: layers.gru({ units: 2 }) as never, mergeMode: "sum" }),
      () => layers.repeatVector({ n: 2 }),
      () => layers.timeDistributed({ layer: layers.dense({ units: 2 }) }),
      () => layers.simpleRNN({ units: 1 }),
    ),
    chain(
      () =>
        layers.rnn({
          cell: layers.stackedRNNCells({
            cells: [layers.lstmCell({ units: 2 }), layers.simpleRNNCell({ units: 2 })],
          }),
          batchInputShape: [2, 3, 2],
          stateful: true,
          returnSequences: true,
        } as never),
      () => layers.prelu({ sharedAxes: [1] }),
      () => layers.gaussianNoise({ stddev: 0.1 }),
      () => layers.masking({ maskValue: 0 }),
    ),
    chain(
      () => layers.convLstm2d({ filters: 1, kernelSize: 2, inputShape: [2, 4, 4, 1] } as never),
      () => layers.globalMaxPooling2d({} as never),
    ),
    () => {
      const a = tf.input({ shape: [3], name: "a" });
      const b = tf.input({ shape: [3], name: "b" });
      const shared = layers.dense({ units: 3, name: "shared", activation: "tanh" });
      const left = shared.apply(a);
      const right = shared.apply(b);
      const sum = layers.add().apply([left, right] as never[]);
      const both = layers.concatenate({ axis: -1 }).apply([sum, right] as never[]);
      const dot = layers.dot({ axes: -1 }).apply([left, right] as never[]);
      return tf.model({ inputs: [a, b], outputs: [both, dot] as never[], name: "graph" });
    },
    () => {
      const inner = (name: string) =>
        tf.sequential({
          name,
          layers: [layers.dense({ units: 3, inputShape: [3] }), layers.elu()],
        });
      const input = tf.input({ shape: [3], name: "in" });
      const once = inner("inner").apply(input);
      const branches = tf.model({
        inputs: input,
        outputs: [once, layers.reLU({ maxValue: 6 }).apply(once)] as never[],
        name: "branches",
      });
      const outer = tf.input({ shape: [3], name: "outer" });
      const twice = inner("twice");
      const both = branches.apply(twice.apply(twice.apply(outer))) as never[];
      return tf.model({ inputs: outer, outputs: layers.average().apply(both) as never });
    },
    chain(
      () => layers.rescaling({ scale: 0.5, inputShape: [6, 6, 1] } as never),
      () => layers.resizing({ height: 5, width: 5 } as never),
      () => layers.centerCrop({ height: 4, width: 4 } as never),
      () => layers.maxPooling2d({ strides: [1, 1] }),
      () => layers.activation({ activation: "softplus" }),
    ),
  ];
}

/** Files that TensorFlow.js writes for a model. */
export interface SavedModel {
  /** Content of its model.json; its one weight file is `weights.bin`. */
  // deno-lint-ignore no-explicit-any -- JSON, to be damaged
  json: any;
  /** The bytes of its weights. */
  weights: Uint8Array;
}

/** Saves a model to memory, and disposes of it. */
export async function saved(tf: TensorFlow, model: LayersModel): Promise<SavedModel> {
  const made: SavedModel[] = [];
  await model.save(tf.io.withSaveHandler((artifacts) => {
    made.push({
      json: {
        format: "layers-model",
        modelTopology: artifacts.modelTopology,
        weightsManifest: [{ paths: ["weights.bin"], weights: artifacts.weightSpecs }],
      },
      weights: new Uint8Array(artifacts.weightData as ArrayBuffer),
    });
    return Promise.resolve({
      modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" },
    });
  }));
  model.dispose();
  return made[0];
}
