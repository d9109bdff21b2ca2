import { assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";

/** Results of every operation that is shared, large enough to be, of odd sizes. */
function compute(tf: TensorFlow): Int32Array[] {
  const normal = (shape: number[], seed: number) =>
    tf.randomNormal(shape, 0, 1, "float32", seed) as Tensor;
  const run = (name: string, inputs: Record<string, Tensor>, attributes: object = {}) =>
    tf.engine().runKernel(name, inputs, attributes as never) as Tensor;
  const image = normal([3, 33, 31, 13], 1), filter = normal([3, 5, 13, 11], 2);
  const alone = normal([3, 5, 13, 1], 3);
  const attributes = { strides: [2, 1], pad: "same", dataFormat: "NHWC" };
  const volume = normal([2, 7, 11, 13, 5], 14), cube = normal([3, 2, 3, 5, 7], 15);
  const attributes3d = { strides: [1, 2, 1], pad: "same", dilations: [1, 1, 1] };
  const found: Int32Array[] = [];
  // See sweep_threads_test.ts: tidy() would walk what it returns.
  tf.tidy(() => {
    const z = run("Conv3D", { x: volume, filter: cube }, attributes3d);
    const y = run("Conv2D", { x: image, filter }, attributes);
    const each = run("DepthwiseConv2dNative", { x: image, filter: alone }, {
      ...attributes,
      strides: [1, 1],
      dilations: [1, 1],
    });
    const pool = { filterSize: [3, 2], strides: [1, 1], pad: "same" };
    const results = [
      z,
      run("Conv3DBackpropFilterV2", { x: volume, dy: z }, {
        ...attributes3d,
        filterShape: cube.shape,
      }),
      run("Conv3DBackpropInputV2", { dy: z, filter: cube }, {
        ...attributes3d,
        inputShape: volume.shape,
      }),
      y,
      run("Conv2DBackpropFilter", { x: image, dy: y }, {
        ...attributes,
        filterShape: filter.shape,
      }),
      run("Conv2DBackpropInput", { dy: y, filter }, { ...attributes, inputShape: image.shape }),
      each,
      run("DepthwiseConv2dNativeBackpropFilter", { x: image, dy: each }, {
        ...attributes,
        strides: [1, 1],
        filterShape: alone.shape,
      }),
      run("DepthwiseConv2dNativeBackpropInput", { dy: each, filter: alone }, {
        ...attributes,
        strides: [1, 1],
        inputShape: image.shape,
      }),
      run("MaxPoolGrad", { dy: image, input: image, output: image }, pool),
      tf.unsortedSegmentSum(
        normal([900, 333], 4),
        tf.randomUniform([900], 0, 50, "int32", 5) as never,
        49,
      ),
      tf.unsortedSegmentSum(
        normal([900, 333], 4),
        tf.randomUniform([900], 0, 700, "int32", 5) as never,
        700,
      ),
      tf.sum(normal([1111, 333], 6), 0),
      tf.sum(normal([1111, 333], 6), 1),
      tf.sum(normal([33_333, 7], 6), 1),
      tf.sum(normal([33_333, 11], 6), 0),
      tf.sum(normal([3, 1111, 77], 6), 1),
      tf.mean(normal([11, 77, 333], 6), [0, 2]),
      tf.tanh(normal([333, 777], 7)),
      run("TanhGrad", { dy: normal([333, 777], 8), y: normal([333, 777], 9) }),
      run("ClipByValueGrad", { dy: normal([333, 777], 8), x: normal([333, 777], 9) }, {
        clipValueMin: -1,
        clipValueMax: 1,
      }),
      tf.matMul(normal([7, 61, 67], 10), normal([7, 67, 71], 11)),
      tf.matMul(normal([61, 1300], 12), normal([131, 1300], 13), false, true),
      // Shared by rows, a part may have a few only.
      tf.matMul(normal([13, 3000], 16), normal([3000, 11], 17)),
      tf.matMul(normal([1, 3000], 16), normal([3000, 333], 17)),
      tf.matMul(normal([13, 9000], 16), normal([9000, 37], 17)),
      run("Conv2DBackpropFilter", {
        x: normal([1, 131, 131, 3], 18),
        dy: normal([1, 131, 131, 5], 19),
      }, {
        ...attributes,
        strides: [1, 1],
        filterShape: [3, 3, 3, 5],
      }),
      // One of the nine entries of a window is left for a part.
      run("Conv2DBackpropFilter", {
        x: normal([200, 10, 10, 1], 20),
        dy: normal([200, 8, 8, 1], 21),
      }, {
        ...attributes,
        strides: [1, 1],
        pad: "valid",
        filterShape: [3, 3, 1, 1],
      }),
    ];
    found.push(...results.map((tensor) => new Int32Array(tensor.dataSync().slice().buffer)));
  });
  return found;
}

Deno.test("no operation's bits depend on how many threads share it", async () => {
  const results: Int32Array[][] = [];
  for (const threads of [1, 2, 3]) {
    await using engine = await startEngine({ threads });
    results.push(compute(engine.tf));
  }
  assertEquals(results[1], results[0]);
  assertEquals(results[2], results[0]);
});

/** Results of what is shared by rows, of a single one: there are threads that have none. */
function computeRow(tf: TensorFlow): Int32Array[] {
  const normal = (shape: number[], seed: number) =>
    tf.randomNormal(shape, 0, 1, "float32", seed) as Tensor;
  const run = (name: string, inputs: Record<string, Tensor>, attributes: object) =>
    tf.engine().runKernel(name, inputs, attributes as never) as Tensor;
  const x = normal([1, 1, 4000, 16], 1), dy = normal([1, 1, 4000, 32], 2);
  const attributes = { strides: [1, 1], pad: "same", dataFormat: "NHWC" };
  const pool = { filterSize: [1, 2], strides: [1, 2], pad: "valid" };
  const alone = normal([1, 3, 16, 1], 3);
  const found: Int32Array[] = [];
  // See sweep_threads_test.ts: tidy() would walk what it returns.
  tf.tidy(() => {
    const convolution = (width: number) => {
      const filter = normal([1, width, 16, 32], 4);
      return [
        run("Conv2D", { x, filter }, attributes),
        run("Conv2DBackpropFilter", { x, dy }, { ...attributes, filterShape: filter.shape }),
        run("Conv2DBackpropInput", { dy, filter }, { ...attributes, inputShape: x.shape }),
      ];
    };
    const pooled = run("MaxPool", { x }, pool);
    const results = [
      ...convolution(1),
      ...convolution(3),
      run("DepthwiseConv2dNative", { x, filter: alone }, attributes),
      run("DepthwiseConv2dNativeBackpropInput", { dy: x, filter: alone }, {
        ...attributes,
        inputShape: x.shape,
      }),
      run("DepthwiseConv2dNativeBackpropFilter", { x, dy: x }, {
        ...attributes,
        filterShape: alone.shape,
      }),
      run("MaxPoolGrad", { dy: pooled, input: x, output: pooled }, pool),
      run("AvgPoolGrad", { dy: pooled, input: x }, pool),
      tf.softmax(normal([1, 64_000], 5)),
      tf.sum(normal([1, 64_000], 5), 1),
      tf.matMul(normal([1, 4000], 6), normal([4000, 64], 7)),
      tf.matMul(normal([64, 4000], 6), normal([1, 4000], 7), false, true),
    ];
    found.push(...results.map((tensor) => new Int32Array(tensor.dataSync().slice().buffer)));
  });
  return found;
}

Deno.test("no operation fails where there are more threads than rows", async () => {
  const results: Int32Array[][] = [];
  for (const threads of [1, 3]) {
    await using engine = await startEngine({ threads });
    results.push(computeRow(engine.tf));
  }
  assertEquals(results[1], results[0]);
});
