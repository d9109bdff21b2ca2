import fc from "fast-check";
import { assertEquals, assertThrows } from "@std/assert";
import { ModelError } from "../../src/core/model/model_error.ts";
import { parseWeightsManifest } from "../../src/files/weights_manifest.ts";
import { isFlatTensor, MAX_RANK, parseTensor } from "../../src/files/parse_tensor.ts";
import { BatchError } from "../../src/entry/model.ts";

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

const message = (value: unknown) => assertThrows(() => parseTensor(value, "x"), BatchError).message;

Deno.test("parseTensor() reads nested arrays and flat ones alike", () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: MAX_RANK });
  fc.assert(fc.property(shapes, (shape) => {
    const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i);
    const nest = (axis: number, from: number): unknown =>
      axis === shape.length ? values[from] : Array.from(
        { length: shape[axis] },
        (_, i) => nest(axis + 1, from * shape[axis] + i),
      );
    const expected = { place: "x", shape, values };
    assertEquals(parseTensor(nest(0, 0), "x"), expected);
    assertEquals(parseTensor({ shape, values }, "x"), expected);
  }));
});

Deno.test("parseTensor() takes shapes of up to six axes, of any size from 0", () => {
  const shape = (sizes: unknown[], count = 0) =>
    parseTensor({ shape: sizes, values: Array(count).fill(1) }, "x").shape;
  assertEquals(shape([], 1), []);
  assertEquals(shape([0]), [0]);
  assertEquals(shape([1, 1, 1, 1, 1, 1], 1), [1, 1, 1, 1, 1, 1]);
  const expected = "expected an array of at most 6 whole numbers";
  for (const sizes of [[1, 1, 1, 1, 1, 1, 1], [-1], [0.5], [2 ** 53], ["1"], [null]]) {
    assertEquals(
      assertThrows(() => shape(sizes), BatchError).message,
      `x.shape is ${JSON.stringify(sizes)}, ${expected}`,
    );
  }
  // A value that is too long for a message is described.
  const long = (length: number) => message({ shape: ["a".repeat(length - 4)], values: [] });
  assertEquals(long(60), `x.shape is ["${"a".repeat(56)}"], ${expected}`);
  assertEquals(long(61), `x.shape is an array of 1 item, ${expected}`);
});

Deno.test("parseTensor() takes numbers that float32 can hold, and words for those that JSON lacks", () => {
  const most = 2 ** 128 - 2 ** 103;
  const { values } = parseTensor(["NaN", "Infinity", "-Infinity", most - 2 ** 76, 0], "x");
  assertEquals(values, [NaN, Infinity, -Infinity, most - 2 ** 76, 0]);
  for (const large of [most, -most]) {
    assertEquals(
      message([large]),
      `x[0] is ${large}, expected a number in the range of float32 (3.4e38)`,
    );
  }
  assertEquals(
    message([Infinity]),
    "x[0] is too large, expected a number in the range of float32 (3.4e38)",
  );
  for (const strange of ["1", "toString", true, null, {}]) {
    assertEquals(
      message([strange]).endsWith('expected a number (or "NaN", "Infinity", "-Infinity")'),
      true,
    );
  }
});

Deno.test("isFlatTensor() takes an object with a shape or values, and no array or other object", () => {
  for (const flat of [{ shape: [1] }, { values: [] }, { shape: 1, more: 2 }]) {
    assertEquals(isFlatTensor(flat), true);
  }
  for (const other of [null, 1, [], [1], {}, { more: 1 }, Object.create({ shape: [1] })]) {
    assertEquals(isFlatTensor(other), false);
  }
});
