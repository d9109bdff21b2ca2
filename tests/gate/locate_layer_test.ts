import { assertEquals } from "@std/assert";
import { locateLayer } from "../../src/gate/apply_suppressions.ts";

const SOURCE = `// a model
export function createModel({ tf }) {
  return tf.sequential({
    layers: [
      tf.layers.dense({ name: "dense_10" }),
      tf.layers.dense({ name: 'dense_1' }),
    ],
  });
}
`;

Deno.test("locateLayer() finds the line of a layer's name, else of createModel", () => {
  assertEquals(locateLayer(SOURCE, "dense_10"), 5);
  assertEquals(locateLayer(SOURCE, "dense_1"), 6);
  assertEquals(locateLayer(SOURCE, "encoder/dense_1"), 6);
  assertEquals(locateLayer(SOURCE, "dense_2"), 2);
  assertEquals(locateLayer(SOURCE, null), 2);
});

Deno.test("locateLayer() prefers what is a name to the same word elsewhere", () => {
  const source = `export function createModel({ tf }) {
  const relu = { activation: "relu" };
  return tf.layers.reLU({ name: 'relu' });
}
const json = { "name" : "tanh" };
`;
  assertEquals(locateLayer(source, "relu"), 3);
  assertEquals(locateLayer(source, "tanh"), 5);
  assertEquals(locateLayer(source.replace("name: 'relu'", ""), "relu"), 2);
});

Deno.test("locateLayer() finds the line of a model that is exported as model or as default", () => {
  assertEquals(locateLayer("// net\nexport const model = tf.sequential();", null), 2);
  assertEquals(locateLayer("export const model = tf.sequential();", null), 1);
  assertEquals(locateLayer("\nexport const model = tf.sequential();", null), 2);
  assertEquals(locateLayer("// net\n\nexport default tf.sequential();", "dense_2"), 3);
});

Deno.test("locateLayer() says nothing of a file that says nothing", () => {
  assertEquals(locateLayer('{"class_name": "Dense"}', "dense_1"), null);
  assertEquals(locateLayer("", null), null);
});
