import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import {
  type LayersModel,
  startEngine,
  type Tensor,
  type TensorFlow,
} from "../../src/engine/mod.ts";
import { getWeights, loadWeights, ModelError } from "../../src/entry/model.ts";
import { fixture, readExpected } from "../torch/fixture.ts";
import { TORCH_MODELS } from "../torch/torch_models.ts";
import { type Parts, parts, partsOf } from "../assert_refused.ts";

const { passes } = await readExpected();

const CASES: [file: string, model: string, named: boolean][] = [
  ["mlp.safetensors", "mlp", false],
  ["mlp.pt", "mlp", false],
  ["mlp_legacy.pth", "mlp", false],
  ["digits.safetensors", "digits", true],
  ["digits_checkpoint.pt", "digits", true],
  ["digits_checkpoint.pt", "digits", false],
  ["reader.pt", "reader", false],
  ["flat.pt", "flat", true],
  ["flat.pt", "flat", false],
  ["flat.safetensors", "flat", true],
];

for (const [file, name, named] of CASES) {
  const how = named ? "by names" : "by shapes and order";
  Deno.test(`loadWeights() of ${file} ${how} gives PyTorch's outputs`, async () => {
    await using engine = await startEngine({ threads: 1 });
    const { tf } = engine;
    const model = TORCH_MODELS[name](tf, named);
    const loaded = await loadWeights(model, fixture(file), { layout: "pytorch" });
    assertEquals(loaded.layers.length > 2, true);
    const { inputs, outputs } = passes[name];
    const shape = model.inputs[0].shape.slice(1) as number[];
    const examples = inputs.length / shape.reduce((a, b) => a * b, 1);
    const batch = tf.tensor(inputs, [examples, ...shape]);
    const output = model.predict(batch) as Tensor;
    const is = [...output.dataSync()];
    assertEquals(is.length, outputs.length);
    is.forEach((value, i) => assertAlmostEquals(value, outputs[i], 2e-6, `output ${i}`));
    tf.dispose([batch, output]);
    model.dispose();
  });
}

function refuses(
  why: string,
  file: string,
  make: (tf: TensorFlow) => LayersModel,
  said: Parts,
) {
  Deno.test(`loadWeights() refuses ${why}, and sets nothing`, async () => {
    await using engine = await startEngine({ threads: 1 });
    const model = make(engine.tf);
    const before = getWeights(model);
    const path = fixture(file);
    const error = await assertRejects(() => loadWeights(model, path), ModelError);
    assertEquals(partsOf(error, path), said);
    assertEquals(getWeights(model), before);
    model.dispose();
  });
}

const dense = (sizes: number[], names: string[] = []) => ({ layers, sequential }: TensorFlow) =>
  sequential({
    layers: sizes.slice(1).map((units, i) =>
      layers.dense({
        units,
        inputShape: [sizes[i]],
        ...names[i] === undefined ? {} : { name: names[i] },
      })
    ),
  });

refuses(
  "a file of other shapes",
  "mlp.pt",
  dense([64, 32, 32, 11]),
  parts('Layer "dense_3"', "dense [32, 11] + bias", "a layer of the file"),
);
refuses(
  "a file of fewer layers",
  "mlp.pt",
  dense([64, 32, 32, 32, 10]),
  parts(
    "The file",
    "3 layers with weights",
    '4 as the model has: "4" of the file is dense [32, 10] + bias',
  ),
);
refuses(
  "layers that are transposed",
  "mlp.safetensors",
  dense([32, 64, 32, 10]),
  parts('Layer "dense_1"', "dense [32, 64] + bias", "a layer of the file"),
);
refuses(
  "a layer of one name and another shape",
  "mlp.pt",
  dense([64, 32, 32, 9], ["0", "2", "4"]),
  parts(
    '"4" of the file',
    "dense [32, 10] + bias",
    'dense [32, 9] + bias as layer "4" of that name has',
  ),
);
refuses(
  "shapes that repeat in a file that is sorted by name",
  "flat.safetensors",
  (tf) => TORCH_MODELS.flat(tf, false),
  parts(
    'Layer "dense_2"',
    'dense [5, 5], and so are 2 layers of the file ("fc2", "fc3"), whose order is not that of the model',
    "layers with the names of the file",
  ),
);
refuses(
  "a layer that would get the weights of another one's namesake",
  "flat.pt",
  ({ layers, sequential }) =>
    sequential({
      layers: [
        layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [6, 4, 2] }),
        layers.flatten(),
        layers.batchNormalization(),
        layers.dense({ units: 5 }),
        layers.dense({ units: 5, useBias: false, name: "fc3" }),
        layers.dense({ units: 5, useBias: false, name: "fc2" }),
      ],
    }),
  parts('Layer "fc3"', 'the weights of "fc2" by shapes and order', 'those of "fc3"'),
);
refuses(
  "an LSTM with the gates of TensorFlow.js",
  "reader.pt",
  ({ layers, sequential }) =>
    sequential({
      layers: [layers.lstm({ units: 3, inputShape: [4, 2], recurrentActivation: "hardSigmoid" })],
    }),
  parts(
    'Layer "lstm_1"',
    "the activations tanh and hardSigmoid (recurrentActivation)",
    "tanh and sigmoid as PyTorch's LSTM has",
  ),
);
refuses(
  "a layer that PyTorch has no weights for",
  "mlp.pt",
  ({ layers, sequential }) =>
    sequential({
      layers: [layers.separableConv2d({ filters: 1, kernelSize: 1, inputShape: [4, 4, 1] })],
    }),
  parts(
    'Layer "separable_conv2d_1"',
    "a SeparableConv2D",
    "layers that PyTorch has too: Dense, Conv1D, Conv2D, Conv3D, DepthwiseConv1D, DepthwiseConv2D, Conv1DTranspose, Conv2DTranspose, Conv3DTranspose, EinsumDense, Embedding, BatchNormalization, LayerNormalization, GroupNormalization, RMSNormalization, LSTM, SimpleRNN, GRU, PReLU",
  ),
);
refuses(
  "a convolution of one channel and a depthwise one whose names do not tell them apart",
  "digits.safetensors",
  (tf) => TORCH_MODELS.digits(tf, false),
  parts(
    'Layer "conv2d_1"',
    'convolution [3, 3, 1, 6] + bias, and so are 2 layers of the file ("conv1", "depth"), whose order is not that of the model',
    "layers with the names of the file",
  ),
);
