import { assertEquals } from "@std/assert";
import type { LayersModel } from "../../../src/engine/mod.ts";
import { startEngine } from "../../../src/engine/mod.ts";
import { measure, MeasureError } from "../../../src/entry/measure.ts";
import { assertRefusedLater, parts } from "../../assert_refused.ts";

const { tf } = await startEngine({ threads: 1 });

function embedding(rows = 4): LayersModel {
  const first = tf.layers.embedding({
    inputDim: rows,
    outputDim: 2,
    inputLength: 3,
    name: "words",
  });
  const last = tf.layers.dense({ units: 1, kernelInitializer: "ones" });
  return tf.sequential({ layers: [first, tf.layers.flatten(), last] });
}

const measured = (model: LayersModel, indices: number[], dtype: "float32" | "int32") =>
  measure(model, { inputs: tf.tensor2d([indices], [1, indices.length], dtype) });

Deno.test("measure() counts the rows of an embedding that fractional indices read", async () => {
  const cases: [number[], number, number][] = [
    [[0, 1, 3], 6, 1],
    [[0, 1.7, 3.2], 6, 1],
    [[0, 0.2, 0.9], 2, 3],
    [[-0.5, 0, 3.9], 4, 1.5],
  ];
  for (const [indices, count, mean] of cases) {
    const { layers: [{ weights: [{ gradientsOfUsedRows }] }] } = await measured(
      embedding(),
      indices,
      "float32",
    );
    assertEquals([gradientsOfUsedRows!.count, gradientsOfUsedRows!.mean], [count, mean]);
  }
});

Deno.test("measure() refuses indices that point at no row, and says which", async () => {
  const said = (index: number) =>
    parts(
      "Layer words (Embedding)",
      `given the index ${index}, and it has 4 rows`,
      "whole numbers from 0 to 3",
    );
  for (const index of [NaN, -1, 4, 2 ** 32, -Infinity, Infinity]) {
    await assertRefusedLater(
      () => measured(embedding(), [0, index, 1], "float32"),
      said(index),
      MeasureError,
    );
  }
  for (const index of [-1, 4]) {
    await assertRefusedLater(
      () => measured(embedding(), [0, index, 1], "int32"),
      said(index),
      MeasureError,
    );
  }
  await assertRefusedLater(
    () => measured(embedding(1), [0, 1, 0], "int32"),
    parts("Layer words (Embedding)", "given the index 1, and it has 1 row", "0"),
    MeasureError,
  );
});

Deno.test("measure() refuses categories that an encoding does not have", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.categoryEncoding({ numTokens: 4, inputShape: [1], name: "kinds" }),
      tf.layers.dense({ units: 1 }),
    ],
  });
  for (const index of [NaN, -1, 4]) {
    await assertRefusedLater(
      () => measured(model, [index], "float32"),
      parts(
        "Layer kinds (CategoryEncoding)",
        `given the index ${index}, and it has 4 rows`,
        "whole numbers from 0 to 3",
      ),
      MeasureError,
    );
  }
  assertEquals((await measured(model, [3.5], "float32")).layers[0].activations!.count, 4);
});
