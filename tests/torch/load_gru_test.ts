import { startEngine } from "../../src/engine/mod.ts";
import type { Layer, LayersModel, Tensor } from "../../src/engine/tensorflow.ts";
import { loadWeights, ModelError } from "../../src/load/mod.ts";
import { fixture, readExpected } from "./fixture.ts";
import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";

const { tf } = await startEngine();
const { passes } = await readExpected();

/** A GRU as a file of Keras has it; TensorFlow.js's own function refuses resetAfter. */
function gru(config: Record<string, unknown>): Layer {
  const { classNameMap } = tf.serialization.SerializationMap.getMap() as never as {
    classNameMap: Record<string, [unknown, (cls: unknown, config: object) => Layer]>;
  };
  const [cls, fromConfig] = classNameMap.GRU;
  return fromConfig(cls, { recurrentActivation: "sigmoid", units: 5, ...config });
}

/** The network of bench/peers/make_torch_files.py called Words. */
const words = (config: Record<string, unknown>): LayersModel =>
  tf.sequential({
    layers: [
      tf.layers.embedding({ inputDim: 11, outputDim: 8, inputShape: [6] }),
      tf.layers.lstm({ units: 7, returnSequences: true, recurrentActivation: "sigmoid" }),
      gru(config),
      tf.layers.layerNormalization({ epsilon: 1e-5 }),
      tf.layers.dense({ units: 2 }),
    ],
  });

Deno.test("loadWeights() puts the gates and both biases of PyTorch's GRU where they belong", async () => {
  const model = words({ resetAfter: true });
  const { layers } = await loadWeights(model, fixture("words.pt"));
  assertEquals(layers[2], { layer: "gru_1", from: "gru.l0" });
  const { inputs, outputs } = passes.words;
  const batch = tf.tensor(inputs, [3, 6]);
  const output = model.predict(batch) as Tensor;
  output.dataSync().forEach((value, i) => assertAlmostEquals(value, outputs[i], 2e-6, `${i}`));
  tf.dispose([batch, output]);
  model.dispose();
});

const REFUSALS: [what: string, config: Record<string, unknown>, message: string][] = [
  [
    "resets before the matrix product",
    {},
    "is a GRU that resets its state before the matrix product, and PyTorch's resets after it, " +
    "expected one with resetAfter, as Keras makes it",
  ],
  [
    "has other gates than PyTorch's",
    { resetAfter: true, recurrentActivation: "hardSigmoid" },
    "has the activations tanh and hardSigmoid (recurrentActivation), expected tanh and sigmoid as " +
    "PyTorch's GRU has",
  ],
  [
    "has no biases",
    { resetAfter: true, useBias: false },
    'is gru [7, 15], and no layer of the file is: "gru.l0" of the file is gru [7, 15] + bias',
  ],
];

for (const [what, config, message] of REFUSALS) {
  Deno.test(`loadWeights() refuses a GRU that ${what}`, async () => {
    const model = words(config);
    await assertRejects(
      () => loadWeights(model, fixture("words.pt")),
      ModelError,
      `Layer "gru_1" ${message}`,
    );
    model.dispose();
  });
}
