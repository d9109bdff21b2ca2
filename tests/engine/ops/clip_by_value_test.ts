import { onBackend } from "../../conformance/backends.ts";
import { assertEquals } from "@std/assert";
import fc from "fast-check";

const whole = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

Deno.test("clipByValue() clips whole numbers to whole numbers", async () => {
  await onBackend("this engine", (tf) => {
    const cases = fc.record({
      values: fc.array(whole, { minLength: 1, maxLength: 9 }),
      bounds: fc.uniqueArray(fc.oneof(whole, fc.constantFrom(-1.5, 0.2, 0.7, 2.5)), {
        minLength: 2,
        maxLength: 2,
      }),
    });
    fc.assert(
      fc.property(cases, ({ values, bounds }) => {
        const [low, high] = bounds.toSorted((a, b) => a - b);
        tf.tidy(() => {
          const y = tf.clipByValue(tf.tensor1d(values, "int32"), low, high);
          assertEquals(y.dtype, "int32");
          const expected = values.map((x) => Math.trunc(Math.min(Math.max(x, low), high)));
          assertEquals([...y.dataSync()], expected.map((x) => x + 0));
        });
      }),
      { seed: 1, examples: [[{ values: [3, -5, 5], bounds: [-1, 1] }]] },
    );
  });
});
