import { assertEquals } from "@std/assert";
import { type Layer, type LayersModel, startEngine } from "../../src/engine/mod.ts";
import { frontLayers } from "../../src/model/layers/leaf_layers.ts";

const { tf } = await startEngine();

const names = (model: LayersModel, which?: "first" | "last") => {
  const found = frontLayers(model, () => true, which)
    .map((layers) => layers?.map(({ name }) => name) ?? null);
  model.dispose();
  return found;
};

const apply = (layer: Layer, tensor: unknown) => layer.apply(tensor as never) as never;

Deno.test("frontLayers() looks at the calls of each input alone, where a layer is called with both", () => {
  const [one, other] = [0, 1].map(() => tf.input({ shape: [4] }));
  // What both go through passes them on; after it only one of them is scaled.
  const shared = tf.layers.reshape({ targetShape: [2, 2] });
  const scaled = apply(tf.layers.layerNormalization({ name: "norm" }), apply(shared, one));
  const sum = apply(tf.layers.add(), [scaled, apply(shared, other)]);
  assertEquals(names(tf.model({ inputs: [one, other], outputs: sum })), [["norm"], null]);
});

Deno.test("frontLayers() finds nothing for an input that no layer sees", () => {
  const input = tf.input({ shape: [4] });
  assertEquals(names(tf.model({ inputs: input, outputs: input })), [null]);
});

Deno.test("frontLayers() has the first or the last of several in a row", () => {
  const make = () =>
    tf.sequential({
      layers: [
        tf.layers.layerNormalization({ name: "a", inputShape: [4] }),
        tf.layers.dropout({ rate: 0.1 }),
        tf.layers.layerNormalization({ name: "b" }),
        tf.layers.dense({ units: 1 }),
      ],
    });
  assertEquals(names(make()), [["b"]]);
  assertEquals(names(make(), "last"), [["b"]]);
  assertEquals(names(make(), "first"), [["a"]]);
});

Deno.test("frontLayers() looks into a nested model, and behind one that only passes its input on", () => {
  const make = (inside: Layer) => {
    const nested = tf.sequential({ layers: [inside] });
    const input = tf.input({ shape: [4] });
    const after = tf.layers.layerNormalization({ name: "after" });
    return tf.model({ inputs: input, outputs: apply(after, apply(nested, input)) });
  };
  const norm = tf.layers.layerNormalization({ name: "inside", inputShape: [4] });
  assertEquals(names(make(norm), "first"), [["inside"]]);
  const passes = tf.layers.dropout({ rate: 0.1, inputShape: [4] });
  assertEquals(names(make(passes), "first"), [["after"]]);
});
