import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { assert } from "@std/assert";

const P = Math.fround(0.1), Q = Math.fround(0.3);

/** All entries must be this one, up to what 256 additions in float32 may lose. */
function assertAll(found: Tensor, expected: number, what: string) {
  const worst = Math.max(...[...found.dataSync()].map((x) => Math.abs(x / expected - 1)));
  assert(worst < 5e-6, `${what} is off by ${worst}`);
}

const run = (tf: TensorFlow, name: string, inputs: Record<string, Tensor>, attributes: object) =>
  tf.engine().runKernel(name, inputs, attributes as never) as Tensor;

Deno.test("a product's error does not grow with its shared dimension", async () => {
  await onBackend("this engine", (tf) => {
    const k = 1 << 20;
    tf.tidy(() => {
      for (const [m, n] of [[3, 5], [1, 2]]) {
        const a = tf.fill([m, k], P), b = tf.fill([k, n], Q);
        const aT = tf.reshape(a, [k, m]);
        const bT = tf.reshape(b, [n, k]);
        assertAll(tf.matMul(a, b), k * P * Q, "A B");
        assertAll(tf.matMul(aT, b, true), k * P * Q, "A^T B");
        assertAll(tf.matMul(a, bT, false, true), k * P * Q, "A B^T");
        assertAll(tf.matMul(aT, bT, true, true), k * P * Q, "A^T B^T");
        const fused = (bias: number, activation: "relu" | "linear") =>
          tf.fused.matMul({ a, b: b as never, bias: tf.fill([n], bias), activation }) as Tensor;
        assertAll(fused(-1000, "linear"), k * P * Q - 1000, "A B + bias");
        const clipped = fused(-1e6, "relu").dataSync();
        assert(clipped.every((x) => x === 0), "relu(A B + bias)");
      }
    });
  });
});

Deno.test("a product is right whose sides and shared dimension exceed the blocks of each", async () => {
  await onBackend("this engine", (tf) => {
    const m = 511;
    const k = 8200;
    const n = 523;
    tf.tidy(() => {
      const a = tf.randomNormal([m, k], 0, 1, "float32", 1), av = a.dataSync();
      const b = tf.randomNormal([k, n], 0, 1, "float32", 2), bv = b.dataSync();
      const c = tf.matMul(a, b).dataSync();
      // C v is A (B v), for any v.
      const v = Float64Array.from({ length: n }, (_, i) => Math.sin(i + 1));
      const times = (x: ArrayLike<number>, rows: number, columns: number, v: Float64Array) =>
        Float64Array.from({ length: rows }, (_, i) => {
          let sum = 0;
          for (let j = 0; j < columns; j++) sum += x[i * columns + j] * v[j];
          return sum;
        });
      const expected = times(av, m, k, times(bv, k, n, v));
      times(c, m, n, v).forEach((sum, i) =>
        assert(Math.abs(sum - expected[i]) < 1e-6 * Math.sqrt(k * n) * 10, `row ${i}`)
      );
    });
  });
});

Deno.test("the error of a filter's gradient does not grow with the positions it sums over", async () => {
  await onBackend("this engine", (tf) => {
    const strides = [1, 1], dilations = [1, 1], pad = "valid", dataFormat = "NHWC";
    const attributes = { strides, dilations, pad, dataFormat };
    tf.tidy(() => {
      for (const shape of [[16, 256, 256, 2], [2, 3, 1 << 18, 2]]) {
        const [batch, height, width, channels] = shape;
        const x = tf.fill(shape, P);
        for (
          const [kernelName, window, filters] of [
            ["Conv2DBackpropFilter", 1, 3],
            ["Conv2DBackpropFilter", 3, 3],
            ["DepthwiseConv2dNativeBackpropFilter", 3, 1],
          ] as const
        ) {
          const depthwise = kernelName.startsWith("Depthwise");
          const outHeight = height - window + 1;
          const outWidth = width - window + 1;
          const dy = tf.fill([batch, outHeight, outWidth, depthwise ? channels : filters], Q);
          const filterShape = [window, window, channels, filters];
          const dw = run(tf, kernelName, { x, dy }, { ...attributes, filterShape });
          assertAll(dw, batch * outHeight * outWidth * P * Q, `${kernelName} of [${shape}]`);
        }
      }
    });
  });
});
