import type { Tensor } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { convolve, type NdArray } from "../../conformance/reference/mod.ts";
import { assert, assertAlmostEquals } from "@std/assert";

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
