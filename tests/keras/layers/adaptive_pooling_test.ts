import { startEngine } from "../../../src/engine/mod.ts";
import type { Tensor } from "../../../src/engine/tensorflow.ts";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import { assertAlmostEquals, assertEquals } from "@std/assert";

const { tf } = await startEngine();
const { AdaptiveAveragePooling1D, AdaptiveMaxPooling1D, AdaptiveAveragePooling2D } = kerasLayers(
  tf,
);

/** The windows of PyTorch's documentation: from floor(i n / k) to below ceil((i + 1) n / k). */
function pooled(values: number[], count: number, pool: (window: number[]) => number): number[] {
  const size = values.length;
  return Array.from(
    { length: count },
    (_, i) => pool(values.slice(Math.floor(i * size / count), Math.ceil((i + 1) * size / count))),
  );
}

const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;

Deno.test("adaptive pooling of a sequence has the windows of PyTorch, whatever the sizes", () => {
  for (let size = 1; size <= 9; size++) {
    const values = Array.from({ length: size }, (_, i) => Math.cos(3 * i * i + 1));
    for (let count = 1; count <= 11; count++) {
      tf.tidy(() => {
        const x = tf.tensor(values, [1, size, 1]);
        for (
          const [Pooling, pool] of [
            [AdaptiveAveragePooling1D, mean],
            [AdaptiveMaxPooling1D, (window: number[]) => Math.max(...window)],
          ] as const
        ) {
          const y = new Pooling({ outputSize: count }).apply(x) as Tensor;
          assertEquals(y.shape, [1, count, 1]);
          const wanted = pooled(values, count, pool);
          y.dataSync().forEach((value, i) => assertAlmostEquals(value, wanted[i], 1e-6));
        }
      });
    }
  }
});

Deno.test("adaptive pooling gives each entry the gradient of the windows that it is in", () => {
  tf.tidy(() => {
    const x = tf.tensor([1, 5, 2, 4, 3], [1, 5, 1]);
    const gradientOf = (Pooling: typeof AdaptiveMaxPooling1D) => {
      const layer = new Pooling({ outputSize: 2 });
      return [...tf.grad((x) => tf.sum(layer.apply(x) as Tensor))(x).dataSync()];
    };
    // Windows of 3: entries 0 to 2, and 2 to 4.
    [1, 1, 2, 1, 1].forEach((times, i) =>
      assertAlmostEquals(gradientOf(AdaptiveAveragePooling1D)[i], times / 3, 1e-6)
    );
    assertEquals(gradientOf(AdaptiveMaxPooling1D), [0, 1, 0, 1, 0]);
  });
});

Deno.test("adaptive pooling takes pictures of any size, channels first too, and is saved as it is", () => {
  const layer = new AdaptiveAveragePooling2D({ outputSize: [2, 1], dataFormat: "channelsFirst" });
  assertEquals(layer.computeOutputShape([null, 3, null, null]), [null, 3, 2, 1]);
  const { outputSize, dataFormat } = layer.getConfig();
  assertEquals([outputSize, dataFormat], [[2, 1], "channelsFirst"]);
  tf.tidy(() => {
    const y = layer.apply(tf.tensor([1, 2, 3, 4, 5, 6], [1, 1, 3, 2])) as Tensor;
    assertEquals([y.shape, [...y.dataSync()]], [[1, 1, 2, 1], [2.5, 4.5]]);
  });
});
