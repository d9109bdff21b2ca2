import { assertEquals, assertStringIncludes } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { LayersModel, Tensor } from "../../src/engine/tensorflow.ts";
import { measure } from "../../src/core/measure/measure.ts";
import { networkTotals, totalsWords } from "../../src/pages/table_of_layers.ts";

const { tf } = await startEngine();

const measured = async (model: LayersModel, inputs: Tensor) => {
  try {
    return await measure(model, { inputs });
  } finally {
    model.dispose();
    inputs.dispose();
  }
};

Deno.test("networkTotals() counts multiply-adds of convolutions and dense layers by hand", async () => {
  const { layers } = tf;
  const model = tf.sequential({
    layers: [
      layers.conv2d({ filters: 4, kernelSize: 3, padding: "same", inputShape: [8, 8, 2] }),
      layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: "same" }),
      layers.conv2dTranspose({ filters: 5, kernelSize: 3, strides: 2, padding: "same" }),
      layers.flatten(),
      layers.dense({ units: 10, trainable: false }),
    ],
  });
  const totals = networkTotals(
    await measured(model, tf.randomNormal([3, 8, 8, 2], 0, 1, "float32", 1)),
  );
  const entries = 16 * 16 * 5;
  const sums = [
    3 * 3 * 2 * 4 * 64, // Each of 64 places, each window, each pair of channels.
    3 * 3 * 4 * 2 * 64,
    3 * 3 * 8 * 5 * 64, // Each entry of the input once.
    entries * 10,
  ];
  assertEquals(totals.multiplyAdds, sums.reduce((sum, one) => sum + one));
  const parameters = [3 * 3 * 2 * 4 + 4, 3 * 3 * 4 * 2 + 8, 3 * 3 * 8 * 5 + 5, entries * 10 + 10];
  const all = parameters.reduce((sum, one) => sum + one);
  assertEquals([totals.parameters, totals.trainable], [all, all - parameters[3]]);
  assertEquals(totals.weightBytes, 4 * all);
  assertEquals(totals.outputBytes, 4 * 3 * (64 * 4 + 64 * 8 + 2 * entries + 10));
  assertEquals(totals.isLeast, false);
});

Deno.test("totalsWords() says that layers of another kind come on top", async () => {
  const model = tf.sequential({
    layers: [tf.layers.lstm({ units: 3, inputShape: [5, 2] }), tf.layers.dense({ units: 4 })],
  });
  const words = totalsWords(await measured(model, tf.ones([2, 5, 2])));
  assertStringIncludes(words, "88 parameters: 88 trainable, 0 frozen");
  assertStringIncludes(words, "at least 12 multiply-adds per example");
});
