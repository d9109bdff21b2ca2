import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { Tensor3D, Tensor4D, Tensor5D } from "@tensorflow/tfjs";
import fc from "fast-check";
import { startEngine } from "../../../src/engine/mod.ts";
import { unmeasurableReason } from "../../../src/engine/repairs/unmeasurable_reason.ts";
import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { InputError } from "../../../src/words/input_error.ts";
import { onBackend } from "../../conformance/backends.ts";
import { convolve, type NdArray } from "../../conformance/reference/mod.ts";

Deno.test("conv3d and its gradients are right on images larger than the blocks they are unrolled in", async () => {
  await onBackend("this engine", (tf) => {
    const cases = [
      { strides: [1, 1, 1], dilations: [1, 1, 1], pad: "same" },
      { strides: [2, 1, 2], dilations: [1, 1, 1], pad: "same" },
      { strides: [1, 1, 1], dilations: [2, 3, 1], pad: "same" },
      { strides: [1, 3, 1], dilations: [1, 1, 1], pad: "valid" },
    ] as const;
    for (const attributes of cases) {
      tf.tidy(() => {
        const draw = (shape: number[], seed: number) =>
          tf.randomNormal(shape, 0, 1, "float32", seed) as Tensor;
        const run = (name: string, inputs: Record<string, Tensor>, more: object = {}) =>
          tf.engine().runKernel(name, inputs, { ...attributes, ...more } as never) as Tensor;
        const values = (tensor: Tensor): NdArray => ({
          shape: tensor.shape,
          data: Float64Array.from(tensor.dataSync()),
        });
        const dot = (a: Tensor, b: Tensor) => {
          const p = values(a).data;
          const q = values(b).data;
          return p.reduce((sum, value, i) => sum + value * q[i], 0);
        };
        const x = draw([2, 7, 19, 23, 3], 1), filter = draw([3, 2, 3, 3, 5], 2);
        const y = run("Conv3D", { x, filter });
        const expected = convolve(values(x), values(filter), {
          ...attributes,
          padding: attributes.pad,
        });
        const found = y.dataSync();
        expected.data.forEach((value, i) => assertAlmostEquals(found[i], value, 1e-4));
        // Linear in both: <dy, y> is <dx, x> and <dW, W>, for any x and W.
        const dy = draw(y.shape, 3);
        const dx = run("Conv3DBackpropInputV2", { dy, filter }, { inputShape: x.shape });
        const dw = run("Conv3DBackpropFilterV2", { x, dy }, { filterShape: filter.shape });
        for (const seed of [4, 5, 6]) {
          const other = draw(x.shape, seed), otherFilter = draw(filter.shape, seed);
          const scale = Math.sqrt(dot(dy, dy)) * 10;
          const ofX = dot(dy, run("Conv3D", { x: other, filter })) - dot(dx, other);
          const ofFilter = dot(dy, run("Conv3D", { x, filter: otherFilter })) -
            dot(dw, otherFilter);
          assert(Math.abs(ofX) < 1e-5 * scale, `dx is off by ${ofX} for ${attributes.pad}`);
          assert(Math.abs(ofFilter) < 1e-5 * scale, `dW is off by ${ofFilter}`);
        }
      });
    }
  });
});

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

Deno.test("a row of a product has the same bits beside few others and beside many", async () => {
  for (const relaxedSimd of [true, false]) {
    await onBackend("this engine", (tf) => {
      const cases = fc.record({
        k: fc.constantFrom(1, 7, 8, 9, 255, 256, 300, 700, 9000),
        n: fc.constantFrom(2, 3, 8, 13, 64, 511, 513),
        few: fc.integer({ min: 1, max: 9 }),
        transposeA: fc.boolean(),
        activation: fc.constantFrom("relu" as const, "linear" as const),
        useBias: fc.boolean(),
      });
      fc.assert(
        fc.property(cases, ({ k, n, few, transposeA, activation, useBias }) => {
          tf.tidy(() => {
            const a = tf.randomNormal([19, k], 0, 1, "float32", 1) as Tensor;
            const b = tf.randomNormal([k, n], 0, 1, "float32", 2) as Tensor;
            const bias = useBias ? tf.randomNormal([n], 0, 1, "float32", 3) : undefined;
            const product = (a: Tensor) => {
              const left = transposeA ? tf.transpose(a) : a;
              return (tf.fused.matMul(
                { a: left as never, b: b as never, transposeA, bias, activation },
              ) as Tensor).dataSync();
            };
            const all = product(a), some = product(tf.slice(a, [5, 0], [few, k]));
            assertEquals(some, all.slice(5 * n, (5 + few) * n));
          });
        }),
        { seed: 1, numRuns: 60 },
      );
    }, { relaxedSimd });
  }
});

Deno.test("a product of few rows is right", async () => {
  await onBackend("this engine", (tf) => {
    tf.tidy(() => {
      const m = 3;
      const k = 260;
      const n = 515;
      const a = tf.randomNormal([m, k], 0, 1, "float32", 1), av = a.dataSync();
      const b = tf.randomNormal([k, n], 0, 1, "float32", 2), bv = b.dataSync();
      const c = tf.matMul(a, b).dataSync();
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let q = 0; q < k; q++) sum += av[i * k + q] * bv[q * n + j];
          assert(Math.abs(c[i * n + j] - sum) < 1e-4, `(${i}, ${j})`);
        }
      }
    });
  });
});

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
    assertThrows(
      () => layer.call(x, {}),
      InputError,
      `The dilation rate of a causal convolution is ${rate}, expected at least 1`,
    );
    tf.dispose(layer.getWeights());
  }
  x.dispose();
});

Deno.test("a window that does not fit its input is refused", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const x = tf.ones([1, 2, 2, 1]) as Tensor4D;
  const calls: [() => Tensor, string][] = [
    [() => tf.maxPool(x, 9, 1, "valid"), "9 x 9 does not fit an input of 2 x 2"],
    [() => tf.avgPool(x, [9, 1], 1, "valid"), "9 x 1 does not fit an input of 2 x 2"],
    [() => tf.conv2d(x, tf.ones([5, 5, 1, 1]), 1, "valid"), "5 x 5 does not fit"],
    [() => tf.depthwiseConv2d(x, tf.ones([5, 5, 1, 1]), 1, "valid"), "5 x 5 does not fit"],
  ];
  for (const [call, says] of calls) assertThrows(() => tf.tidy(call), InputError, says);
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
