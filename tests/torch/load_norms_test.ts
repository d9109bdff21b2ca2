import { startEngine } from "../../src/engine/mod.ts";
import type { Tensor } from "../../src/engine/tensorflow.ts";
import { kerasLayers } from "../../src/keras/layers/mod.ts";
import { loadWeights, ModelError } from "../../src/load/mod.ts";
import { fixture } from "./fixture.ts";
import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";

const { tf } = await startEngine();
const { Conv1DTranspose, DepthwiseConv1D, GroupNormalization, RMSNormalization } = kerasLayers(tf);

/** The network of bench/peers/make_torch_norms.py. */
function network({ isNamed = false, units = 5, scaled = true } = {}) {
  const named = (name: string) => isNamed ? { name } : {};
  const norm = { epsilon: 1e-5, axis: -1 };
  return tf.sequential({
    layers: [
      new DepthwiseConv1D({
        kernelSize: 3,
        depthMultiplier: 2,
        inputShape: [7, 4],
        ...named("depth"),
      }),
      new GroupNormalization({ groups: 2, epsilon: 1e-5, ...named("group_norm") }),
      tf.layers.reLU(),
      new Conv1DTranspose({ filters: 6, kernelSize: 2, strides: 2, ...named("up") }),
      tf.layers.layerNormalization({ ...norm, center: !scaled, ...named("norm") }),
      tf.layers.dense({ units, ...named("layers_0") }),
      new RMSNormalization({ epsilon: 1e-6, ...named("layers_1") }),
      tf.layers.activation({ activation: "tanh" }),
      tf.layers.dense({ units: 3, ...named("layers_3") }),
    ],
  });
}

for (const isNamed of [true, false]) {
  Deno.test(`loadWeights() puts PyTorch's normalisations where they belong, ${isNamed ? "by names" : "by shapes and order"}`, async () => {
    const figures = JSON.parse(await Deno.readTextFile(fixture("norms.json")));
    const model = network({ isNamed });
    const { layers } = await loadWeights(model, fixture("norms.pt"));
    assertEquals(layers.map(({ from }) => from), [
      "depth",
      "group_norm",
      "up",
      "norm",
      "layers.0",
      "layers.1",
      "layers.3",
    ]);
    tf.tidy(() => {
      const output = model.predict(tf.tensor(figures.x, [2, 7, 4])) as Tensor;
      assertEquals(output.shape, figures.shape);
      output.dataSync().forEach((value, i) =>
        assertAlmostEquals(value, figures.outputs[i], 3e-6, `output ${i}`)
      );
    });
    model.dispose();
  });
}

Deno.test("loadWeights() refuses a normalisation with a shift for one without, and one of another size", async () => {
  for (
    const [options, message] of [
      [{ scaled: false }, /Layer "\S+" is layer norm \[6\] \+ beta, and no layer of the file is/],
      [{ units: 4 }, /Layer "\S+" is dense \[6, 4\] \+ bias, and no layer of the file is/],
    ] as const
  ) {
    const model = network(options);
    const error = await assertRejects(() => loadWeights(model, fixture("norms.pt")), ModelError);
    assertEquals(message.test(error.message), true, error.message);
    model.dispose();
  }
});
