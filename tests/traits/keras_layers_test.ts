import { assertEquals } from "@std/assert";
import { kerasLayers } from "../../src/keras/layers/mod.ts";
import { startEngine } from "../../src/engine/mod.ts";
import { LAYER_SETTINGS } from "../../src/keras/topology/layer_settings.ts";
import { KERAS_LAYER_RECORDS, KERAS_LAYER_TRAITS } from "../../src/traits/keras_layers.ts";
import { LAYERS } from "../../src/traits/layers.ts";
import { layerTraits } from "../../src/traits/layer_traits.ts";
import { registerLayer } from "../../src/traits/register_layer.ts";

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
