import type { LayersModel, TensorFlow } from "../../src/engine/mod.ts";

/** The networks of bench/peers/make_torch_files.py in TensorFlow.js, by name; their layers are called as there. */
export const TORCH_MODELS: Record<string, (tf: TensorFlow, named: boolean) => LayersModel> = {
  mlp: ({ layers, sequential }) =>
    sequential({
      layers: [
        layers.dense({ units: 32, activation: "tanh", inputShape: [64] }),
        layers.dense({ units: 32, activation: "tanh" }),
        layers.dense({ units: 10 }),
      ],
    }),
  digits: ({ layers, sequential }, named) => {
    const name = (own: string) => named ? { name: own } : {};
    return sequential({
      layers: [
        layers.conv2d({ filters: 6, kernelSize: 3, inputShape: [8, 8, 1], ...name("conv1") }),
        layers.batchNormalization({ epsilon: 1e-5, ...name("bn1") }),
        layers.activation({ activation: "relu" }),
        layers.depthwiseConv2d({ kernelSize: 3, activation: "relu", ...name("depth") }),
        layers.conv2dTranspose({
          filters: 4,
          kernelSize: 2,
          strides: 2,
          activation: "relu",
          ...name("up"),
        }),
        layers.globalAveragePooling2d({}),
        layers.dense({ units: 3, ...name("fc") }),
      ],
    });
  },
  reader: ({ layers, sequential }) => {
    const gates = { recurrentActivation: "sigmoid" } as const;
    const both = layers.lstm({ units: 7, returnSequences: true, ...gates });
    return sequential({
      layers: [
        layers.embedding({ inputDim: 11, outputDim: 8, inputShape: [6] }),
        layers.bidirectional({ layer: both as never, mergeMode: "concat" }),
        layers.lstm({ units: 6, ...gates }),
        layers.layerNormalization({ epsilon: 1e-5 }),
        layers.dense({ units: 2 }),
      ],
    });
  },
  flat: ({ layers, sequential }, named) => {
    const name = (own: string) => named ? { name: own } : {};
    return sequential({
      layers: [
        layers.conv2d({
          filters: 3,
          kernelSize: 3,
          activation: "relu",
          inputShape: [6, 4, 2],
          ...name("conv"),
        }),
        layers.flatten(),
        layers.batchNormalization({ epsilon: 1e-5, ...name("norm") }),
        layers.dense({ units: 5, activation: "tanh", ...name("fc1") }),
        layers.dense({ units: 5, activation: "tanh", useBias: false, ...name("fc2") }),
        layers.dense({ units: 5, useBias: false, ...name("fc3") }),
      ],
    });
  },
};
