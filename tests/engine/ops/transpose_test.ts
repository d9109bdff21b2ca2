import { assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";

/** Returns the transposition of numbers 0, 1, ..., entry by entry. */
function naive(shape: number[], perm: number[]): number[] {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  return perm.reduce(
    (places, axis) =>
      places.flatMap((place) =>
        Array.from({ length: shape[axis] }, (_, i) => place + i * strides[axis])
      ),
    [0],
  );
}

const cases: [shape: number[], perm: number[]][] = [
  [[2, 3, 2, 3, 4], [2, 0, 3, 1, 4]],
  [[2, 3, 2, 3, 4], [4, 3, 2, 1, 0]],
  [[2, 3, 2, 3, 2, 2], [0, 5, 1, 4, 2, 3]],
  [[2, 3, 2, 3, 2, 2], [0, 1, 3, 2, 4, 5]],
  [[40, 2, 3, 2, 70], [4, 1, 2, 3, 0]],
  [[2, 40, 3, 2, 35], [0, 4, 3, 2, 1]],
  [[3, 1, 4], [1, 0, 2]],
  [[3, 4, 5], [1, 0, 2]],
  [[3, 4, 5], [2, 0, 1]],
  [[3, 4], [1, 0]],
  [[3, 37, 50], [0, 2, 1]],
  [[2, 21, 18, 3, 19], [0, 4, 1, 3, 2]],
  [[19, 18, 9], [2, 1, 0]],
  [[4, 0, 2, 3, 2, 2], [1, 0, 2, 4, 3, 5]],
  [[3], [0]],
];

for (const dtype of ["float32", "int32", "bool"] as const) {
  Deno.test(`Transpose moves each entry of a ${dtype} to its place`, async () => {
    await using engine = await startEngine();
    const { tf } = engine;
    for (const [shape, perm] of cases) {
      const size = shape.reduce((a, b) => a * b, 1);
      const values = Array.from(
        { length: size },
        (_, i) => dtype === "bool" ? Number(i % 3 === 0) : i,
      );
      const turned = tf.tidy(() => tf.transpose(tf.tensor(values, shape, dtype), perm));
      const expected = naive(shape, perm).map((place) => values[place]);
      assertEquals(turned.shape, perm.map((axis) => shape[axis]));
      assertEquals(Array.from(turned.dataSync()), size === 0 ? [] : expected, `${shape} ${perm}`);
      turned.dispose();
    }
  });
}
