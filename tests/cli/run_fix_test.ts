import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { beyondStock, nameAlike } from "../../src/cli/commands/run_fix.ts";
import { loadModel } from "../../src/entry/model.ts";
import { FOLDER } from "../keras/files/fixtures.ts";
import type { Layer, LayersModel } from "../../src/engine/tensorflow.ts";
import { leafLayers } from "../../src/core/model/layers/leaf_layers.ts";
import { saveModel as saveFiles } from "../../src/keras/save_model.ts";
import { saveModel, withFolder } from "../core/model/save_model.ts";
import { runCommand } from "./run_command.ts";

const { tf } = await startEngine();
const { layers } = tf;

const CASES: Record<string, string[]> = {
  dense: [],
  lstm: [],
  gru_reset_after: ["resetAfter of GRU"],
  group_norms: ["GroupNormalization"],
  groups: ["groups of Conv2D", "groups of Conv1D"],
  kept_axes: [
    "SpatialDropout2D",
    "keepdims of GlobalAveragePooling2D",
    "keepdims of GlobalMaxPooling2D",
    "Subtract",
    "keepdims of GlobalAveragePooling1D",
    "keepdims of GlobalMaxPooling1D",
  ],
  masked_transformer: ["EinsumDense", "MultiHeadAttention", "maskRule of Add"],
  pictures: ["asKeras of CenterCrop", "asKeras of Resizing"],
  rectifiers: [
    "leakyRelu(0.1)",
    "negativeSlope of ReLU",
    "threshold of ReLU",
    "alpha of ELU",
  ],
  rms_norms: ["RMSNormalization", "rmsScaling of LayerNormalization"],
  small_pictures: ["asKeras of CenterCrop", "asKeras of UpSampling2D", "asKeras of Resizing"],
  spectral_norms: ["SpectralNormalization"],
  unet: [],
};

for (const [name, expected] of Object.entries(CASES)) {
  Deno.test(`beyondStock() tells what TensorFlow.js lacks for ${name}.keras`, async () => {
    const { model } = await loadModel(new URL(`${name}.keras`, FOLDER).pathname);
    assertEquals(beyondStock(model).toSorted(), expected.toSorted());
    model.dispose();
  });
}

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
    const { model: copy } = await loadModel(await saveFiles(model, `${folder}/copy`));
    assertNotEquals(paths(copy), paths(model));
    nameAlike(model, copy);
    assertEquals(paths(copy), paths(model));
    assert(paths(copy).includes("given"));
    copy.dispose();
  });
  model.dispose();
});

Deno.test("fix says where TensorFlow.js by itself does not read the copy as it is", async () => {
  const { classNameMap } = tf.serialization.SerializationMap.getMap() as never as {
    classNameMap: Record<string, [unknown, (cls: unknown, config: object) => Layer]>;
  };
  const [cls, fromConfig] = classNameMap.GRU;
  for (const resetAfter of [true, false]) {
    await withFolder(async (folder) => {
      const model = tf.sequential({
        layers: [
          fromConfig(cls, {
            units: 16,
            resetAfter,
            recurrentActivation: "sigmoid",
            inputShape: [6, 8],
          }),
          tf.layers.dense({
            units: 32,
            activation: "relu",
            biasInitializer: tf.initializers.constant({ value: -100 }),
          }),
          tf.layers.dense({ units: 1 }),
        ],
      });
      await saveModel(tf, model, folder);
      model.dispose();
      const args = ["fix", "model.json", "--out", "fixed", "--quiet", "--columns", "1000"];
      const { code, stdout, stderr } = await runCommand(args, { cwd: folder });
      assertEquals([code, stderr], [0, ""]);
      assertStringIncludes(stdout, "Wrote into fixed: model.json");
      assertEquals(
        stdout.includes(
          "Read model.json with loadModel() of this package: " +
            "TensorFlow.js by itself refuses or ignores resetAfter of GRU.\n",
        ),
        resetAfter,
      );
    });
  }
});
