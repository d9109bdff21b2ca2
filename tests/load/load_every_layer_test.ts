import { assertEquals } from "@std/assert";
import { type LayersModel, startEngine } from "../../src/engine/mod.ts";
import { loadModel } from "../../src/entry/model.ts";
import type { Row } from "../conformance/row.ts";
import { ROWS } from "../conformance/rows/mod.ts";
import { saveModel, withFolder } from "../core/model/save_model.ts";

const { tf } = await startEngine();

/** Settings that TensorFlow.js omits when it writes a file. */
const isLost = ({ subject, options }: Row) =>
  subject === "conv1d" && options.includes("channelsFirst") ||
  subject === "separableConv2d" && options.includes("depthMultiplier");

/** Rows of layers that a file can hold. */
const SAVED = ROWS.filter((row) =>
  row.create && !row.call && !isLost(row) && !/Cell$|^randomWidth$/.test(row.subject)
);

/** A model of the row's layer alone. Rows of whole models are models already. */
function modelOf(row: Row): LayersModel {
  const layer = row.create!(tf) as unknown as LayersModel;
  if (["Sequential", "Functional"].includes(layer.getClassName())) return layer;
  const inputs = row.inputs.map(({ shape }) => tf.input({ batchShape: [...shape] }));
  const outputs = layer.apply((inputs.length === 1 ? inputs[0] : inputs) as never);
  return tf.model({ inputs, outputs: outputs as never });
}

Deno.test("loadModel() loads every layer that TensorFlow.js saves, with any options", async () => {
  const refused: string[] = [];
  await withFolder(async (folder) => {
    for (const row of SAVED) {
      const model = modelOf(row);
      try {
        const { model: loaded } = await loadModel(await saveModel(tf, model, folder));
        assertEquals(
          loaded.weights.map(({ shape }) => shape),
          model.weights.map(({ shape }) => shape),
        );
        loaded.dispose();
      } catch (error) {
        refused.push(
          `${row.subject} ${row.options}: ${(error as Error).message.slice(folder.length)}`,
        );
      }
      model.dispose();
    }
  });
  assertEquals(refused, []);
});
