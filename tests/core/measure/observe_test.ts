import { assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import { heapOf } from "../../../src/engine/start/prepare_engine.ts";
import { deviationsBetween, measureFeatures, spreadOf } from "../../../src/core/measure/observe.ts";
import { sumTensor } from "../../../src/core/measure/sums.ts";

const engine = await startEngine();
const { tf } = engine;
const heap = heapOf(engine);

const DTYPES = ["float32", "int32"] as const;

/** Returns the observations of a tensor of this many examples. */
function find(rows: number[][], dtype: "float32" | "int32", examples = rows.length) {
  const tensor = tf.tensor(rows.flat(), [rows.length, rows[0].length], dtype);
  const sums = sumTensor(heap, tensor);
  const found = [
    deviationsBetween(heap, tensor, examples, sums),
    spreadOf(heap, tensor, examples, sums),
  ];
  tensor.dispose();
  return found;
}

Deno.test("deviationsBetween() and spreadOf() tell examples apart, of floats and of whole numbers", () => {
  for (const dtype of DTYPES) {
    // Deviations of 1 in the first column, of 2 in the second; squares of 1, 9, 4 and 36.
    assertEquals(find([[1, 2], [3, 6]], dtype), [2 + 8, 10 / 50]);
    assertEquals(find([[1, 2], [1, 2]], dtype), [0, 0]);
    assertEquals(find([[1, 2]], dtype), [0, null]);
    assertEquals(find([[0, 0], [0, 0]], dtype), [0, null]);
    // No axis has this many examples.
    assertEquals(find([[1, 2], [3, 6]], dtype, 4), [NaN, null]);
  }
  assertEquals(find([[1, NaN], [3, 6]], "float32"), [NaN, null]);
  assertEquals(find([[1, Infinity], [3, 6]], "float32"), [NaN, null]);
});

Deno.test("deviationsBetween() is 0 of a tensor without entries", () => {
  for (const dtype of DTYPES) assertEquals(find([[], []], dtype), [0, null]);
});

Deno.test("measureFeatures() measures each column of two entries or more", () => {
  const features = (values: number[], shape: number[], dtype: "float32" | "int32") => {
    const tensor = tf.tensor(values, shape, dtype);
    const found = measureFeatures(heap, tensor);
    tensor.dispose();
    return found;
  };
  const constant = { largestOffset: null, largestStd: null, smallestStd: null };
  for (const dtype of DTYPES) {
    assertEquals(features([1, 2], [1, 2], dtype), null);
    assertEquals(features([], [0, 2], dtype), null);
    assertEquals(features([1], [1], dtype), null);
    // Columns of mean 2 and deviation 1, of mean 30 and deviation 10, and one that is constant.
    assertEquals(features([1, 20, 7, 3, 40, 7], [2, 3], dtype), {
      count: 3,
      constant: 1,
      largestOffset: 3,
      largestStd: 10,
      smallestStd: 1,
    });
    assertEquals(features([7, 8, 7, 8], [2, 2], dtype), { count: 2, constant: 2, ...constant });
    // One axis is one feature.
    assertEquals(features([1, 3], [2], dtype), {
      count: 1,
      constant: 0,
      largestOffset: 2,
      largestStd: 1,
      smallestStd: 1,
    });
  }
});
