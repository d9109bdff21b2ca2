import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { assertEquals } from "@std/assert";
import fc from "fast-check";

const values = fc.oneof(
  fc.float({ noNaN: true, min: -100, max: 100 }),
  fc.constantFrom(0, -0, NaN, Infinity, -Infinity),
);
const some = fc.array(values, { minLength: 1, maxLength: 37 });
const of = (tensor: Tensor) => [...tensor.dataSync()];
/** As the engine rounds: -0 and 0 are one, since which of them a maximum has is nobody's. */
const float32 = (numbers: number[]) => numbers.map((x) => Math.fround(x) + 0);

async function eachBuild(test: (tf: TensorFlow) => void): Promise<void> {
  for (const relaxedSimd of [true, false]) {
    await onBackend("this engine", (tf) => tf.tidy(() => test(tf)), { relaxedSimd });
  }
}

Deno.test("Relu clips at 0 from below, and keeps NaN", async () => {
  await eachBuild((tf) => {
    fc.assert(fc.property(some, (x) => {
      const expected = x.map((x) => x < 0 ? 0 : x);
      assertEquals(float32(of(tf.relu(tf.tensor1d(x)))), float32(expected));
    }));
  });
});

Deno.test("ReluGrad multiplies by the step, which is NaN at NaN", async () => {
  await eachBuild((tf) => {
    fc.assert(fc.property(fc.array(fc.tuple(values, values), { minLength: 1 }), (pairs) => {
      const [x, dy] = [0, 1].map((k) => tf.tensor1d(pairs.map((pair) => pair[k])));
      const expected = pairs.map(([x, dy]) => dy * (x > 0 ? 1 : Number.isNaN(x) ? NaN : 0));
      const actual = tf.engine().runKernel("ReluGrad", { x, dy }) as Tensor;
      assertEquals(float32(of(actual)), float32(expected));
    }));
  });
});

Deno.test("Add adds tensors of one shape, a row to rows, and whatever else broadcasts", async () => {
  const size = fc.integer({ min: 0, max: 6 });
  await eachBuild((tf) => {
    fc.assert(
      fc.property(fc.array(size, { maxLength: 4 }), fc.nat(4), fc.nat(15), (shape, cut, ones) => {
        const other = shape.slice(Math.min(cut, shape.length))
          .map((size, axis) => ones >> axis & 1 ? 1 : size);
        const count = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
        const x = tf.tensor(Array.from({ length: count(shape) }, (_, i) => i - 7), shape);
        const y = tf.tensor(Array.from({ length: count(other) }, (_, i) => 100 * i), other);
        const wide = tf.broadcastTo(y, shape).dataSync();
        const expected = [...x.dataSync()].map((x, i) => x + wide[i]);
        assertEquals(of(tf.add(x, y)), expected);
        assertEquals(of(tf.add(y, x)), expected);
        assertEquals(tf.add(x, y).shape, shape);
      }),
    );
  });
});

Deno.test("Add keeps whole numbers and truth values TensorFlow.js's", async () => {
  await onBackend("this engine", (tf) => {
    tf.tidy(() => {
      const whole = tf.tensor1d([2 ** 25 + 1, 2], "int32");
      assertEquals(tf.add(whole, whole).dtype, "int32");
      assertEquals(of(tf.add(whole, whole)), [2 ** 26 + 2, 4]);
      assertEquals(of(tf.add(whole, tf.tensor1d([0.5, 0.5]))), [2 ** 25, 2.5]);
    });
  });
});

Deno.test("Cast to the same type shares the entries, and each may be disposed of first", async () => {
  await onBackend("this engine", (tf) => {
    const before = tf.memory().numTensors;
    const x = tf.tensor1d([1, 2]);
    const same = tf.engine().runKernel("Cast", { x }, { dtype: "float32" }) as Tensor;
    x.dispose();
    assertEquals(of(same), [1, 2]);
    same.dispose();
    assertEquals(tf.memory().numTensors, before);
  });
});
