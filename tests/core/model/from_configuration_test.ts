import { assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import type { Tensor } from "../../../src/engine/tensorflow.ts";
import { loadWeights } from "../../../src/entry/model.ts";
import { fixture, readExpected } from "../../torch/fixture.ts";

const { tf } = await startEngine();

/** As docs/coming_from_keras_or_pytorch.md writes it. */
const fromConfiguration = (layers: object[]) =>
  tf.models.modelFromJSON(
    { modelTopology: { class_name: "Sequential", config: { name: "net", layers } } } as never,
  );

Deno.test("a program writes PyTorch's GRU as a configuration, and loadWeights() fills it", async () => {
  const gates = { recurrent_activation: "sigmoid" };
  const model = await fromConfiguration([
    {
      class_name: "Embedding",
      config: { input_dim: 11, output_dim: 8, batch_input_shape: [null, 6] },
    },
    { class_name: "LSTM", config: { units: 7, return_sequences: true, ...gates } },
    { class_name: "GRU", config: { units: 5, reset_after: true, ...gates } },
    { class_name: "LayerNormalization", config: { epsilon: 1e-5 } },
    { class_name: "Dense", config: { units: 2 } },
  ]);
  await loadWeights(model, fixture("words.pt"));
  const { inputs, outputs } = (await readExpected()).passes.words;
  tf.tidy(() => {
    const found = (model.predict(tf.tensor(inputs, [3, 6])) as Tensor).dataSync();
    found.forEach((value, i) => assertAlmostEquals(value, outputs[i], 2e-6, `${i}`));
  });
  model.dispose();
});

Deno.test("a program writes a convolution in groups as a configuration", async () => {
  const model = await fromConfiguration([{
    class_name: "Conv1D",
    config: { filters: 10, kernel_size: [3], groups: 5, batch_input_shape: [null, 6, 5] },
  }]);
  assertEquals(model.weights.map(({ shape }) => shape), [[3, 1, 10], [10]]);
  model.dispose();
});
