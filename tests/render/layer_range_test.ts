import { assertEquals } from "@std/assert";
import { layerRange } from "../../src/render/layer_range.ts";

Deno.test("layerRange() makes a range of three numbered layers, not of two", () => {
  assertEquals(layerRange(["dense_2", "dense_3"]), "dense_2, dense_3");
  assertEquals(layerRange(["dense_2", "dense_3", "dense_4"]), "dense_2 ... dense_4");
  assertEquals(layerRange(["dense_8", "dense_9", "dense_10"]), "dense_8 ... dense_10");
});

Deno.test("layerRange() breaks a range where a number is left out or the stem changes", () => {
  const names = ["a_1", "a_2", "a_3", "a_5", "b_6", "head"];
  assertEquals(layerRange(names), "a_1 ... a_3, a_5, b_6, head");
});

Deno.test("layerRange() makes a range of layers that follow each other in the model", () => {
  const order = ["stem", "body", "neck", "head"];
  assertEquals(layerRange(["stem", "body", "neck"], { order }), "stem ... neck");
  assertEquals(layerRange(["stem", "neck", "head"], { order }), "stem, neck, head");
});

Deno.test("layerRange() says how many layers it left out", () => {
  const names = ["a", "b", "c_1", "c_2", "c_3"];
  assertEquals(layerRange(names, { max: 3 }), "a, b, c_1 ... c_3");
  assertEquals(layerRange(names, { max: 2 }), "a, b and 3 more");
  assertEquals(layerRange([]), "");
});
