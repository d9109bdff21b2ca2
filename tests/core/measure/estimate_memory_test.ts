import { assertEquals } from "@std/assert";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import { startEngine } from "../../../src/engine/mod.ts";
import type { LayersModel } from "../../../src/engine/tensorflow.ts";
import { estimateWorkload, keptEntries } from "../../../src/core/measure/estimate_memory.ts";
import { layerUses } from "../../../src/core/measure/layer_uses.ts";
import { containerLayers } from "../../../src/core/model/layers/leaf_layers.ts";
import { leafLayers } from "../../../src/entry/model.ts";
import { LAYERS } from "../../../src/ground/traits/layers.ts";

const { tf } = await startEngine();
const { layers } = tf;

type Layer = LayersModel["layers"][0];

/**
 * Returns the entries that a model's layers keep for ten examples, relative to those of its first
 * output.
 */
function copies(model: LayersModel, ...inputs: number[][]): number {
  const layers = leafLayers(model).map(({ layer }) => layer);
  const uses = layerUses(model, layers, containerLayers(model), inputs);
  const kept = uses.map(keptEntries).reduce((sum, entries) => sum + entries, 0);
  const entries = uses[0].times * uses[0].output.reduce((a, b) => a * b, 1);
  model.dispose();
  return kept / entries;
}

Deno.test("keptEntries() counts z where an activation needs it, and what a bias is added to apart", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { layers } = tf;
  const of = (layer: unknown, shape: number[]) =>
    copies(tf.sequential({ layers: [layer as Layer] }), shape);
  const row = { units: 3, inputShape: [8] };
  assertEquals(of(layers.dense(row), [10, 8]), 1);
  assertEquals(of(layers.dense({ ...row, activation: "tanh" }), [10, 8]), 1);
  assertEquals(of(layers.dense({ ...row, activation: "relu" }), [10, 8]), 2);
  assertEquals(of(layers.activation({ activation: "tanh", inputShape: [8] }), [10, 8]), 1);
  const map = { filters: 3, kernelSize: 3, inputShape: [6, 6, 2] };
  assertEquals(of(layers.conv2d({ ...map, activation: "relu" }), [10, 6, 6, 2]), 2);
  assertEquals(of(layers.conv2dTranspose(map), [10, 6, 6, 2]), 2);
  assertEquals(of(layers.conv2dTranspose({ ...map, activation: "relu" }), [10, 6, 6, 2]), 3);
  assertEquals(of(layers.conv2dTranspose({ ...map, activation: "tanh" }), [10, 6, 6, 2]), 2);
  assertEquals(of(layers.conv2dTranspose({ ...map, useBias: false }), [10, 6, 6, 2]), 1);
});

Deno.test("keptEntries() counts nothing for an activation that it does not know", () => {
  const kept = (name: string | null) => {
    const activation = { apply: () => {}, getClassName: () => name };
    const layer = { getClassName: () => "Dense", ...name === null ? {} : { activation } };
    return keptEntries({ layer, input: [1, 0], output: [1, 10], times: 1 } as never);
  };
  for (const none of ["Unheard", "linear", null]) assertEquals(kept(none), 10);
  assertEquals(kept("relu"), 20);
});

Deno.test("keptEntries() counts every step of a recurrent layer, swept or not, and each cell of a stack", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { layers } = tf;
  const entries = (layer: Layer) => {
    const model = tf.sequential({ layers: [layer] });
    const shape = model.inputs[0].shape.map((size) => size ?? 10);
    const [use] = layerUses(model, model.layers, [], [shape]);
    const kept = keptEntries(use);
    model.dispose();
    return kept;
  };
  const { LSTMCell, GRUCell, ConvLSTM2DCell } = LAYERS;
  for (const returnSequences of [false, true]) {
    const more = { returnSequences, inputShape: [5, 2] };
    const steps = 10 * 5 * 3;
    assertEquals(entries(layers.lstm({ units: 3, ...more })), LSTMCell.sweptCopies! * steps);
    assertEquals(
      entries(layers.lstm({ units: 3, activation: "elu", ...more })),
      LSTMCell.memoryCopies * steps,
    );
    const cells = [layers.lstmCell({ units: 3 }), layers.gruCell({ units: 3 })];
    assertEquals(
      entries(layers.rnn({ cell: layers.stackedRNNCells({ cells }), ...more }) as Layer),
      (LSTMCell.memoryCopies + GRUCell.memoryCopies) * steps,
    );
    const images = { ...more, inputShape: [5, 8, 7, 2] };
    assertEquals(
      entries(layers.convLstm2d({ filters: 3, kernelSize: 2, ...images }) as Layer),
      ConvLSTM2DCell.memoryCopies * 10 * 5 * 7 * 6 * 3,
    );
  }
});

Deno.test("keptEntries() counts what a TimeDistributed puts together, once", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { layers } = tf;
  const inner = tf.sequential({
    layers: [layers.dense({ units: 3, inputShape: [4] }), layers.dense({ units: 3 })],
  });
  const model = tf.sequential({
    layers: [layers.timeDistributed({ layer: inner as never, inputShape: [5, 4] })],
  });
  assertEquals(copies(model, [10, 5, 4]), 3);
});

Deno.test("keptEntries() counts the sums of an attention that adds, and the windows of an adaptive pooling", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { Attention, AdaptiveMaxPooling1D } = kerasLayers(tf);
  const kept = (scoreMode: "dot" | "concat") => {
    const query = tf.input({ shape: [7, 6] }), value = tf.input({ shape: [5, 6] });
    const layer = new Attention({ scoreMode });
    const outputs = layer.apply([query, value]) as never;
    return copies(tf.model({ inputs: [query, value], outputs }), [10, 7, 6], [10, 5, 6]);
  };
  // For each score its six sums, squashed, and their scaled values.
  assertEquals(Math.round(kept("concat") - kept("dot")), 2 * 6);
  const pooling = new AdaptiveMaxPooling1D({ outputSize: 2 });
  const pooled = tf.sequential();
  pooled.add(tf.layers.inputLayer({ inputShape: [8, 3] }));
  pooled.add(pooling as Layer);
  assertEquals(copies(pooled, [10, 8, 3]), 4 + 1.5 * 4);
});

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
