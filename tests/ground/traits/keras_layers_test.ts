import { assertEquals } from "@std/assert";
import golden from "../../../fixtures/golden/masking.json" with { type: "json" };
import { carriesMask } from "../../../src/keras/files/implied_masks.ts";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import { startEngine } from "../../../src/engine/mod.ts";
import { LAYER_SETTINGS } from "../../../src/keras/topology/layer_settings.ts";
import {
  KERAS_LAYER_RECORDS,
  KERAS_LAYER_TRAITS,
} from "../../../src/ground/traits/keras_layers.ts";
import { LAYERS } from "../../../src/ground/traits/layers.ts";
import { layerTraits, registerLayer } from "../../../src/ground/traits/layer_traits.ts";

Deno.test("every layer of kerasLayers() has its record, and each record its layer, and none is TensorFlow.js's", async () => {
  await using engine = await startEngine();
  const names = Object.keys(kerasLayers(engine.tf));
  assertEquals(names.filter((name) => layerTraits(name).kind === "opaque"), []);
  assertEquals(names.toSorted(), Object.keys(KERAS_LAYER_RECORDS).toSorted());
  for (const name of names) assertEquals(LAYER_SETTINGS[name], KERAS_LAYER_RECORDS[name].settings);
  assertEquals(Object.keys(KERAS_LAYER_TRAITS).filter((name) => Object.hasOwn(LAYERS, name)), []);
});

Deno.test("registerLayer() declares a layer of one's own that has the name of one of Keras's", () => {
  assertEquals(layerTraits("Attention").kind, "container");
  registerLayer("Attention", { kind: "opaque", memoryCopies: 7 });
  assertEquals(layerTraits("Attention").memoryCopies, 7);
});

Deno.test("a mask ends at the layers at which it ends in Keras", () => {
  // Its class passes masks on in Keras, but no call does: the steps are gone.
  const steps = ["GlobalAveragePooling1D"];
  const outputOf = (name: string) => ({ config: { keras_history: [name, 0, 0] } });
  const found: Record<string, boolean> = {};
  const expected: Record<string, boolean> = {};
  for (const [name, passes] of Object.entries(golden.passesMask)) {
    const isKnown = Object.hasOwn(KERAS_LAYER_RECORDS, name) || Object.hasOwn(LAYERS, name);
    if (!isKnown || name.endsWith("Cell")) continue;
    const layer = {
      class_name: name,
      module: "keras.layers",
      config: { return_sequences: true },
      inbound_nodes: [{ args: [{ class_name: "__keras_tensor__", ...outputOf("words") }] }],
    };
    const words = { class_name: "Embedding", config: { mask_zero: true } };
    found[name] = carriesMask(
      { class_name: "__keras_tensor__", ...outputOf("layer") },
      new Map<unknown, typeof words>([["words", words], ["layer", layer as never]]),
    );
    expected[name] = passes && !steps.includes(name);
  }
  assertEquals(found, expected);
  // Keras exports the second by another name, and has the others in its applications alone.
  const missing = Object.keys(KERAS_LAYER_RECORDS).filter((name) => !Object.hasOwn(found, name));
  assertEquals(missing, ["CustomScaleLayer", "GroupQueryAttention", "LayerScale"]);
});
