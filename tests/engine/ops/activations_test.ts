import type { Tensor } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { assert, assertEquals } from "@std/assert";
import type { Tensor1D } from "@tensorflow/tfjs";

Deno.test("Softmax over many classes, and its gradient, are as exact as float32 is", async () => {
  await onBackend("this engine", (tf) => {
    for (const width of [1024, 1025, 1 << 16]) {
      tf.tidy(() => {
        // All classes alike but one, and the rows unlike.
        const logits = tf.tensor2d(
          [0, 1, 5].flatMap((row) => Array.from({ length: width }, (_, i) => i === 7 ? row : 0)),
          [3, width],
        );
        const weights = tf.oneHot(tf.tensor1d([7, 7, 7], "int32") as Tensor1D, width);
        const { value, grad } = tf.valueAndGrad((x: Tensor) => tf.softmax(x))(
          logits,
          tf.cast(weights, "float32"),
        );
        const y = value.dataSync();
        const dx = grad.dataSync();
        [0, 1, 5].forEach((logit, row) => {
          const total = width - 1 + Math.exp(logit), one = Math.exp(logit) / total;
          for (const i of [0, 7, width - 1]) {
            const share = (i === 7 ? Math.exp(logit) : 1) / total;
            assert(Math.abs(y[row * width + i] / share - 1) < 4e-6, `${width}: ${row}, ${i}`);
            const slope = share * ((i === 7 ? 1 : 0) - one);
            assert(Math.abs(dx[row * width + i] / slope - 1) < 1e-5, `${width}: ${row}, ${i}`);
          }
        });
      });
    }
  });
});

Deno.test("Softmax of a wide row that has NaN is NaN, and of the others is not", async () => {
  await onBackend("this engine", (tf) => {
    tf.tidy(() => {
      const width = 2000;
      const values = new Float32Array(2 * width);
      values[3] = NaN;
      const y = tf.softmax(tf.tensor2d(values, [2, width])).dataSync();
      assert(y.subarray(0, width).every(Number.isNaN));
      assertEquals(y[width], Math.fround(1 / width));
    });
  });
});
