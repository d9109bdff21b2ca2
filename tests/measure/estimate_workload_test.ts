import { assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import type { LayersModel } from "../../src/engine/tensorflow.ts";
import { kerasLayers } from "../../src/keras/layers/mod.ts";
import { estimateWorkload } from "../../src/measure/estimate_memory.ts";

const { tf } = await startEngine();
const { layers } = tf;

/** Products of the forward pass of a chain. */
function products(chain: unknown[], inputs: number[]): number {
  const model: LayersModel = tf.sequential({ layers: chain as LayersModel["layers"] });
  const operations = estimateWorkload(model, [inputs]);
  model.dispose();
  return operations / 6;
}

Deno.test("estimateWorkload() counts each kernel once for every example and position", () => {
  assertEquals(products([layers.dense({ units: 5, inputShape: [4] })], [10, 4]), 10 * 4 * 5);
  const conv = { filters: 3, kernelSize: 3, inputShape: [null, null, 2] as never };
  // An axis of any size counts as large as the batch has it.
  assertEquals(products([layers.conv2d(conv)], [10, 8, 7, 2]), 10 * 6 * 5 * (9 * 2 * 3));
  assertEquals(
    products([layers.conv2dTranspose({ ...conv, strides: 2 })], [10, 8, 7, 2]),
    10 * 8 * 7 * (9 * 2 * 3),
  );
  const first = { ...conv, inputShape: [2, 8, 7], dataFormat: "channelsFirst" as const };
  assertEquals(products([layers.conv2d(first)], [10, 2, 8, 7]), 10 * 6 * 5 * (9 * 2 * 3));
});

Deno.test("estimateWorkload() counts a projection into several heads once a position", () => {
  const { EinsumDense } = kerasLayers(tf);
  const heads = { equation: "abc,cde->abde", outputShape: [null, 2, 3], inputShape: [6, 4] };
  assertEquals(products([new EinsumDense(heads)], [10, 6, 4]), 10 * 6 * (4 * 2 * 3));
});

Deno.test("estimateWorkload() counts every step, in wrappers too, and no look-up", () => {
  const rnn = layers.simpleRNN({ units: 3, inputShape: [6, 2] });
  assertEquals(products([rnn], [10, 6, 2]), 10 * 6 * (2 * 3 + 3 * 3));
  const both = layers.bidirectional({
    layer: layers.simpleRNN({ units: 3 }) as never,
    inputShape: [6, 2],
    mergeMode: "concat",
  });
  assertEquals(products([both], [10, 6, 2]), 2 * 10 * 6 * (2 * 3 + 3 * 3));
  const each = layers.timeDistributed({ layer: layers.dense({ units: 3 }), inputShape: [6, 2] });
  assertEquals(products([each], [10, 6, 2]), 10 * 6 * (2 * 3));
  const words = layers.embedding({ inputDim: 900, outputDim: 4, inputLength: 6 });
  assertEquals(products([words, layers.flatten(), layers.dense({ units: 1 })], [10, 6]), 10 * 24);
  assertEquals(products([layers.flatten({ inputShape: [2, 3] })], [10, 2, 3]), 0);
});
