import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import type { LayersModel } from "../../src/engine/tensorflow.ts";
import { leafLayers } from "../../src/model/layers/leaf_layers.ts";
import { loadModel } from "../../src/load/load_model.ts";
import { nameAlike } from "../../src/cli/commands/run_fix.ts";
import { saveModel } from "../../src/load/save_model.ts";
import { withFolder } from "./save_model.ts";

const { tf } = await startEngine();
const { layers } = tf;

const paths = (model: LayersModel) => leafLayers(model).map(({ path }) => path);

Deno.test("nameAlike() calls the layers of a copy as the model's, those in wrappers and models too", async () => {
  const inner = tf.sequential({ layers: [layers.dense({ units: 3, inputShape: [4] })] });
  const both = layers.bidirectional({
    layer: layers.gru({ units: 2, returnSequences: true }) as never,
    mergeMode: "concat",
  });
  const model = tf.sequential({
    layers: [
      layers.timeDistributed({ layer: inner, inputShape: [5, 4] }),
      both,
      layers.dense({ units: 2, name: "given" }),
      layers.dense({ units: 1 }),
    ],
  });
  await withFolder(async (folder) => {
    const { model: copy } = await loadModel(await saveModel(model, `${folder}/copy`));
    assertNotEquals(paths(copy), paths(model));
    nameAlike(model, copy);
    assertEquals(paths(copy), paths(model));
    assert(paths(copy).includes("given"));
    copy.dispose();
  });
  model.dispose();
});
