import { assertEquals } from "@std/assert";
import type { Tensor3D, Tensor4D, Tensor5D } from "@tensorflow/tfjs";
import { startEngine } from "../../../src/engine/mod.ts";
import { unmeasurableReason } from "../../../src/engine/repairs/layer_repair.ts";
import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { assertRefused, type Parts, parts } from "../../assert_refused.ts";

/** The output of an operation, and the gradients of a weighted sum of it. */
function differentiate(tf: TensorFlow, f: (...xs: Tensor[]) => Tensor, ...xs: Tensor[]) {
  const y = f(...xs);
  const weights = tf.reshape(tf.linspace(1, 2, y.size), y.shape);
  const gradients = tf.grads((...xs: Tensor[]) => tf.sum(tf.mul(f(...xs), weights)))(xs);
  const figures = [y, ...gradients].map((x) => ({ shape: x.shape, values: [...x.dataSync()] }));
  tf.dispose([y, weights, ...gradients]);
  return figures;
}

Deno.test("poolings take windows of any size: what lies beyond the input does not count", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  const image = tf.randomNormal([2, 5, 4, 3], 0, 1, "float32", 1);
  const volume = tf.randomNormal([2, 3, 4, 5, 2], 0, 1, "float32", 2);
  const holed = tf.where(tf.greater(image, 1), tf.fill(image.shape, NaN), image);
  const pools: Record<string, (size: number, steps: number) => (x: Tensor) => Tensor> = {
    max: (size, steps) => (x) => tf.maxPool(x as Tensor4D, [size, 1], steps, "same"),
    average: (size, steps) => (x) => tf.avgPool(x as Tensor4D, [1, size], steps, "same"),
    "max of volumes": (size, steps) => (x) =>
      tf.maxPool3d(x as Tensor5D, [size, 2, 2], steps, "same"),
    "average of volumes": (size, steps) => (x) =>
      tf.avgPool3d(x as Tensor5D, [2, size, 2], steps, "same"),
  };
  for (const [name, pool] of Object.entries(pools)) {
    for (const steps of [1, 2]) {
      await t.step(`${name}, strides ${steps}`, () => {
        const inputs = name.includes("volumes") ? [volume] : [image, holed];
        for (const x of inputs) {
          // A window much larger than the input meets all of it, wherever it begins.
          const expected = differentiate(tf, pool(100, steps), x);
          for (const size of [1e6 + 1, 1e9, 2 ** 31, 2 ** 32 + 2, 1e308]) {
            assertEquals(differentiate(tf, pool(size, steps), x), expected, `${size}`);
          }
        }
      });
    }
  }
  tf.dispose([image, volume, holed]);
});

Deno.test("convolutions take any dilation: the taps that meet the input are those that count", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  const image = tf.randomNormal([2, 5, 4, 3], 0, 1, "float32", 1);
  const kinds: Record<string, [number[], (w: Tensor4D, rate: number) => (x: Tensor4D) => Tensor]> =
    {
      conv2d: [[3, 3, 3, 2], (w, rate) => (x) => tf.conv2d(x, w, 1, "same", "NHWC", rate)],
      depthwise: [
        [3, 3, 3, 2],
        (w, rate) => (x) => tf.depthwiseConv2d(x, w, 1, "same", "NHWC", rate),
      ],
    };
  for (const [name, [shape, make]] of Object.entries(kinds)) {
    await t.step(name, () => {
      const filter = tf.randomNormal(shape, 0, 1, "float32", 3);
      const run = (rate: number) => (x: Tensor, w: Tensor) =>
        make(w as Tensor4D, rate)(x as Tensor4D);
      // Gaps of 10 leave the tap in the middle alone.
      const expected = differentiate(tf, run(10), image, filter);
      for (const rate of [11, 1e6, 2 ** 30, 2 ** 31 + 1, 1e12]) {
        assertEquals(differentiate(tf, run(rate), image, filter), expected, `${rate}`);
      }
      filter.dispose();
    });
  }
  image.dispose();
});

Deno.test("a causal conv1d of any dilation pads no further than its input is long", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const x = tf.randomNormal([2, 6, 3], 0, 1, "float32", 1);
  const outputs = (rate: number, kernelSize = 3) => {
    const layer = tf.layers.conv1d({
      filters: 2,
      kernelSize,
      padding: "causal" as const,
      dilationRate: rate,
      kernelInitializer: tf.initializers.glorotNormal({ seed: 4 }),
    });
    layer.build([null, 6, 3]);
    const kernel = layer.getWeights()[0];
    const y = differentiate(
      tf,
      (x) => layer.apply(x as Tensor3D) as Tensor,
      x,
    );
    const gradient = tf.tidy(() =>
      tf.variableGrads(() => tf.sum(layer.apply(x) as Tensor), [
        (layer as unknown as { kernel: { val: never } }).kernel.val,
      ])
    );
    const [dw] = Object.values(gradient.grads).map((g) => [...g.dataSync()]);
    tf.dispose(gradient as never);
    const last = tf.tidy(
      () => [
        ...tf.add(
          tf.matMul(tf.reshape(x, [12, 3]), tf.reshape(tf.slice(kernel, [2, 0, 0]), [3, 2])),
          0,
        )
          .dataSync(),
      ],
    );
    tf.dispose(layer.getWeights());
    return { y, dw, last };
  };
  // At 5 the second tap meets the first step; at 6 it looks back too far.
  const near = outputs(5), far = outputs(6);
  assertEquals(near.dw.slice(0, 6), Array(6).fill(0));
  assertEquals(near.dw.slice(6, 12).some((g) => g !== 0), true);
  assertEquals(far.dw.slice(0, 12), Array(12).fill(0));
  assertEquals(far.y[0].values.map((v) => v.toFixed(5)), far.last.map((v) => v.toFixed(5)));
  for (const rate of [7, 1e6, 2 ** 31 - 1, 1e12]) assertEquals(outputs(rate), far);
  for (const rate of [-5, -1e6, 0, 0.5]) {
    const layer = tf.layers.conv1d({ filters: 1, kernelSize: 3, padding: "causal" });
    (layer as unknown as { dilationRate: number[] }).dilationRate = [rate];
    layer.build([null, 6, 3]);
    assertEquals(
      unmeasurableReason(layer),
      `Layer ${layer.name} (Conv1D) has a dilationRate of ${rate}: expected whole numbers of at least 1`,
    );
    const place = "The dilation rate of a causal convolution";
    assertRefused(() => layer.call(x, {}), parts(place, `${rate}`, "at least 1"));
    tf.dispose(layer.getWeights());
  }
  x.dispose();
});

Deno.test("a window that does not fit its input is refused", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const x = tf.ones([1, 2, 2, 1]) as Tensor4D;
  const calls: [() => Tensor, Parts][] = [
    [
      () => tf.maxPool(x, 9, 1, "valid"),
      parts("The window", "9 x 9", "one that fits an input of 2 x 2"),
    ],
    [
      () => tf.avgPool(x, [9, 1], 1, "valid"),
      parts("The window", "9 x 1", "one that fits an input of 2 x 2"),
    ],
    [
      () => tf.conv2d(x, tf.ones([5, 5, 1, 1]), 1, "valid"),
      parts("The window", "5 x 5", "one that fits an input of 2 x 2"),
    ],
    [
      () => tf.depthwiseConv2d(x, tf.ones([5, 5, 1, 1]), 1, "valid"),
      parts("The window", "5 x 5", "one that fits an input of 2 x 2"),
    ],
  ];
  for (const [call, says] of calls) assertRefused(() => tf.tidy(call), says);
  // One that just fits gives one position, one entry more gives none.
  assertEquals(tf.tidy(() => tf.maxPool(x, 2, 1, "valid").shape), [1, 1, 1, 1]);
  x.dispose();
});

Deno.test("the gradient of tile() adds up a million copies at once", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const start = performance.now();
  const x = tf.ones([2, 1, 3]);
  const dx = tf.grad((x) => tf.sum(tf.tile(x, [1, 1_000_000, 1])))(x);
  assertEquals([...dx.dataSync()], Array(6).fill(1e6));
  const seconds = (performance.now() - start) / 1000;
  assertEquals(seconds < 10, true, `took ${seconds} s`);
  const many = tf.ones([1, 2, 1, 3, 1]);
  const weights = tf.range(0, 2 * 2 * 2 * 3 * 3).reshape([2, 2, 2, 3, 3]);
  const gradient = tf.grad((x) => tf.sum(tf.mul(tf.tile(x, [2, 1, 2, 1, 3]), weights)))(many);
  const expected = tf.tidy(() => [...tf.sum(weights, [0, 2, 4]).dataSync()]);
  assertEquals([...gradient.dataSync()], expected);
  tf.dispose([x, dx, many, weights, gradient]);
});
