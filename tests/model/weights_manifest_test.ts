import { assertEquals, assertThrows } from "@std/assert";
import { ModelError } from "../../src/model/model_error.ts";
import { parseWeightsManifest } from "../../src/model/weights/weights_manifest.ts";

const parse = (shape: number[]) =>
  parseWeightsManifest([{ paths: [], weights: [{ name: "w", shape, dtype: "bool" }] }]);

Deno.test("parseWeightsManifest() takes sizes from 0 up, and a weight without axes", () => {
  for (const [shape, count] of [[[0, 3], 0], [[1, 3], 3], [[], 1]] as const) {
    assertEquals(parse([...shape])[0].specs[0].count, count);
  }
  for (const size of [-1, 0.5]) {
    assertThrows(() => parse([size]), ModelError, "expected an array of whole numbers");
  }
});

Deno.test("parseWeightsManifest() takes weights of 2^31 entries at most", () => {
  assertEquals(parse([2 ** 30, 2])[0].specs[0].count, 2 ** 31);
  assertThrows(() => parse([2 ** 31 + 1]), ModelError, "expected at most 2^31 entries");
});
