import { type Layer, startEngine } from "../../src/engine/mod.ts";
import { modelUnits } from "../../src/torch/model_units.ts";
import { assertEquals } from "@std/assert";

const { tf } = await startEngine();
const { layers } = tf;

/** The shape of the map that the last layer of a chain reads flattened. */
function flattened(...front: Layer[]): number[] | null {
  const model = tf.sequential({ layers: [...front, layers.dense({ units: 2, name: "last" })] });
  const unit = modelUnits(model).find(({ path }) => path === "last")!;
  model.dispose();
  return unit.flattened;
}

const sequence = { inputShape: [6, 3] };
const picture = { inputShape: [6, 5, 3] };

Deno.test("modelUnits() tells the map that a layer reads flattened, where PyTorch has another order", () => {
  const { conv1d, conv2d, flatten } = layers;
  assertEquals(flattened(conv2d({ filters: 2, kernelSize: 3, ...picture }), flatten()), [4, 3, 2]);
  assertEquals(flattened(conv1d({ filters: 2, kernelSize: 3, ...sequence }), flatten()), [4, 2]);
  assertEquals(flattened(flatten(picture)), [6, 5, 3]);
  const reshape = layers.reshape({ targetShape: [90], ...picture });
  assertEquals(flattened(reshape), [6, 5, 3]);
});

Deno.test("modelUnits() knows that steps of a sequence are flattened alike by both, unless a convolution made them", () => {
  const { dense, flatten, lstm, conv1d, embedding } = layers;
  assertEquals(flattened(flatten(sequence)), null);
  const recurrent = lstm({
    units: 2,
    returnSequences: true,
    recurrentActivation: "sigmoid",
    ...sequence,
  });
  assertEquals(flattened(recurrent, flatten()), null);
  assertEquals(flattened(dense({ units: 2, ...sequence }), flatten()), null);
  assertEquals(
    flattened(embedding({ inputDim: 4, outputDim: 3, inputLength: 6 }), flatten()),
    null,
  );
  // The convolution has the channels last, and a layer after it mixes them.
  const convolution = () => conv1d({ filters: 2, kernelSize: 3, ...sequence });
  assertEquals(flattened(convolution(), dense({ units: 4 }), flatten()), null);
  const relu = layers.activation({ activation: "relu" });
  assertEquals(flattened(convolution(), relu, flatten()), [4, 2]);
});

Deno.test("modelUnits() looks for a flattened map through what keeps the order of its entries, and no further", () => {
  const { conv2d, flatten } = layers;
  const front = () => [conv2d({ filters: 2, kernelSize: 3, ...picture }), flatten()];
  const keeping = () => [
    layers.activation({ activation: "relu" }),
    layers.dropout({ rate: 0.5 }),
    layers.batchNormalization(),
  ];
  assertEquals(flattened(...front(), ...keeping()), [4, 3, 2]);
  assertEquals(flattened(...front(), layers.dense({ units: 24 })), null);
  const pooled = [front()[0], layers.globalAveragePooling2d({})];
  assertEquals(flattened(...pooled as Layer[]), null);
});
