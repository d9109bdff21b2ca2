import { startEngine } from "../../../src/engine/mod.ts";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import { assertEquals, assertNotEquals, assertStrictEquals, assertThrows } from "@std/assert";

const { tf } = await startEngine();

Deno.test("kerasLayers() registers its classes, but not over one that a program has", () => {
  class EinsumDense extends tf.layers.Layer {
    static className = "EinsumDense";
  }
  tf.serialization.registerClass(EinsumDense);
  const layers = kerasLayers(tf);
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  assertStrictEquals(classNameMap.EinsumDense[0] as unknown, EinsumDense);
  for (const [name, own] of Object.entries(layers)) {
    assertEquals(own.className, name);
    if (name === "EinsumDense") assertNotEquals(own as unknown, EinsumDense);
    else assertStrictEquals(classNameMap[name][0] as unknown, own);
  }
  assertStrictEquals(kerasLayers(tf), layers);
});

Deno.test("kerasLayers() takes TensorFlow.js alone", () => {
  assertThrows(
    () => kerasLayers({} as never),
    TypeError,
    "tf is an object, expected the module of",
  );
});
