import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { assertAlmostEquals } from "@std/assert";

/** A dilated kernel as one without gaps: zeros where no tap is. */
function spread(tf: TensorFlow, kernel: Tensor, rate: number): Tensor {
  return [0, 1].reduce((spread, axis) => {
    const rows = tf.unstack(spread, axis);
    const gaps = Array<Tensor>(rate - 1).fill(tf.zerosLike(rows[0]));
    return tf.stack(rows.flatMap((row, i) => i === 0 ? [row] : [...gaps, row]), axis);
  }, kernel);
}

Deno.test("a dilated conv2d can be differentiated twice", async () => {
  await onBackend("this engine", (tf) => {
    const draw = (shape: number[], seed: number) =>
      tf.randomNormal(shape, 0, 1, "float32", seed) as Tensor;
    tf.tidy(() => {
      const x = draw([2, 6, 7, 2], 1), kernel = draw([3, 3, 2, 3], 2);
      // A gradient that depends on the input, and the gradient of its square.
      const penalty = (convolve: (x: Tensor, kernel: Tensor) => Tensor) => {
        const slope = (kernel: Tensor) =>
          tf.grad((x: Tensor) => tf.sum(tf.square(convolve(x, kernel))))(x);
        return tf.grad((kernel: Tensor) => tf.sum(tf.square(slope(kernel))))(kernel).dataSync();
      };
      const conv = (x: Tensor, kernel: Tensor, rate: number) =>
        tf.conv2d(x as never, kernel as never, 1, "same", "NHWC", rate) as Tensor;
      const expected = penalty((x, kernel) => conv(x, spread(tf, kernel, 2), 1));
      const found = penalty((x, kernel) => conv(x, kernel, 2));
      expected.forEach((value: number, i: number) => assertAlmostEquals(found[i] / value, 1, 1e-4));
    });
  });
});
