import { assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { beyondStock } from "../../src/cli/commands/run_fix.ts";
import { loadModel } from "../../src/load/mod.ts";
import { FOLDER } from "../keras/files/fixtures.ts";

await startEngine();

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
