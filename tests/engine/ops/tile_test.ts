import { onBackend } from "../../conformance/backends.ts";
import { assertEquals } from "@std/assert";
import fc from "fast-check";

const axes = fc.array(
  fc.record({ size: fc.integer({ min: 0, max: 4 }), times: fc.integer({ min: 0, max: 5 }) }),
  { minLength: 0, maxLength: 6 },
);

/** Entry by entry: what a row-major tensor of this shape repeats at each place of the result. */
function repeated(values: number[], shape: number[], reps: number[]): number[] {
  const sizes = shape.map((size, axis) => size * reps[axis]);
  return Array.from({ length: sizes.reduce((a, b) => a * b, 1) }, (_, flat) => {
    let at = 0, rest = flat, stride = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += rest % sizes[axis] % shape[axis] * stride;
      rest = Math.floor(rest / sizes[axis]);
      stride *= shape[axis];
    }
    return values[at];
  });
}

Deno.test("tile() repeats along every axis, of any shape and of every type", async () => {
  await onBackend("this engine", (tf) =>
    fc.assert(
      fc.property(axes, fc.constantFrom("float32", "int32", "bool"), (axes, dtype) => {
        tf.tidy(() => {
          const shape = axes.map(({ size }) => size), reps = axes.map(({ times }) => times);
          const count = shape.reduce((a, b) => a * b, 1);
          const values = Array.from({ length: count }, (_, i) => dtype === "bool" ? i % 2 : i);
          const result = tf.tile(tf.tensor(values, shape, dtype as "float32"), reps);
          assertEquals(result.shape, shape.map((size, axis) => size * reps[axis]));
          assertEquals([...result.dataSync()], repeated(values, shape, reps));
        });
      }),
      { seed: 1, numRuns: 500 },
    ));
});
