import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import * as fc from "fast-check";

type Options = { to: [number, number]; alignCorners: boolean; halfPixelCenters: boolean };

const resize = (tf: TensorFlow, { to, alignCorners, halfPixelCenters }: Options) => (x: Tensor) =>
  tf.image.resizeBilinear(x as never, to, alignCorners, halfPixelCenters) as Tensor;

Deno.test("the gradient of bilinear resizing is the transpose of the resizing", async () => {
  await onBackend("this engine", (tf) => {
    const size = fc.integer({ min: 1, max: 6 });
    const centers = fc.constantFrom([false, false], [true, false], [false, true]);
    fc.assert(fc.property(fc.tuple(size, size, size, size), centers, ([h, w, H, W], centers) => {
      const [alignCorners, halfPixelCenters] = centers;
      const forward = resize(tf, { to: [H, W], alignCorners, halfPixelCenters });
      tf.tidy(() => {
        const dy = tf.randomUniform([2, H, W, 3], -1, 1, "float32", 1);
        const dx = tf.valueAndGrad(forward)(tf.zeros([2, h, w, 3]), dy).grad;
        const direction = tf.randomUniform([2, h, w, 3], -1, 1, "float32", 2);
        const dot = (a: Tensor, b: Tensor) => {
          const [x, y] = [a.dataSync(), b.dataSync()] as Float32Array[];
          return x.reduce((sum, value, i) => sum + value * y[i], 0);
        };
        assertAlmostEquals(dot(dx, direction), dot(dy, forward(direction)), 1e-5);
      });
    }));
  });
});

Deno.test("a pixel that becomes 2^20 has the gradient of all of them", async () => {
  const options: Options = { to: [1024, 1024], alignCorners: false, halfPixelCenters: false };
  await onBackend("this engine", (tf) => {
    const nearest = (x: Tensor) => tf.image.resizeNearestNeighbor(x as never, options.to) as Tensor;
    for (const forward of [resize(tf, options), nearest]) {
      tf.tidy(() => {
        const dy = tf.fill([1, 1024, 1024, 1], 0.1);
        const dx = tf.valueAndGrad(forward)(tf.zeros([1, 1, 1, 1]), dy).grad.dataSync();
        assertEquals([...dx], [Math.fround(0.1) * 2 ** 20]);
      });
    }
  });
});
