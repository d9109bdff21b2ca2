import { assertEquals } from "@std/assert";
import type { Tensor } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";

Deno.test("a pixel with 2^20 copies has the gradient of all of them", async () => {
  await onBackend("this engine", (tf) => {
    tf.tidy(() => {
      const enlarge = (x: Tensor) =>
        tf.image.resizeNearestNeighbor(x as never, [1024, 1024]) as Tensor;
      const dy = tf.fill([1, 1024, 1024, 1], 0.1);
      const dx = tf.valueAndGrad(enlarge)(tf.zeros([1, 1, 1, 1]), dy).grad.dataSync();
      assertEquals([...dx], [Math.fround(0.1) * 2 ** 20]);
    });
  });
});
