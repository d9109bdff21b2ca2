import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
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

/** A dilated kernel without gaps, with zeros between the taps. */
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
