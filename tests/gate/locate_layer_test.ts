import { assertEquals } from "@std/assert";
import { codeOn, locateLayer } from "../../src/gate/locate_layer.ts";

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

const UNNAMED = `export const createModel = ({ tf }) =>
  tf.sequential({
    layers: [
      tf.layers.dense({
        units: 64,
        kernelInitializer: tf.initializers.constant({ value: 1 }),
        name: "first",
      }),
      tf.layers.batchNormalization(),
      tf.layers.dense({ units: 64 }), tf.layers.batchNormalization({}),
    ],
  });
`;

Deno.test("locateLayer() counts the calls of layers that are named after their class", () => {
  const source = UNNAMED.replace('        name: "first",\n', "");
  const layers = ["dense_1", "batch_normalization_1", "net/dense_2", "batch_normalization_2"];
  const lineOf = (layer: string) => locateLayer(source, layer, layers);
  assertEquals(layers.map(lineOf), [4, 8, 9, 9]);
  // A layer more or less than there are calls: some are made in a loop.
  assertEquals(locateLayer(source, "dense_2", [...layers, "dense_3"]), 1);
  assertEquals(locateLayer(source, "dense_2", ["dense_1"]), 1);
  for (const between of ["for (;;) 0", "function f() {}", "() => 0"]) {
    const split = source.replace("tf.layers.batchNorm", `${between}, tf.layers.batchNorm`);
    assertEquals(locateLayer(split, "dense_2", layers), 1);
  }
});

Deno.test("codeOn() joins the lines of a call", () => {
  const whole =
    'tf.layers.dense({ units: 64, kernelInitializer: tf.initializers.constant({ value: 1 }), name: "first", }),';
  assertEquals(codeOn(UNNAMED, 4), whole);
  assertEquals(codeOn(UNNAMED, 7), whole);
  assertEquals(codeOn(UNNAMED, 9), "tf.layers.batchNormalization(),");
  assertEquals(codeOn("a\nb: 1,", 2), "b: 1,");
  assertEquals(codeOn("f(\n".repeat(99), 1).length < 60, true);
});
