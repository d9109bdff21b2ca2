import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { eachTap } from "../../conformance/reference/convolution.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";

const CHANNELS = 2, FILTERS = 3, BATCH = 2;

interface Case {
  input: number[];
  window: number[];
  strides: number[];
  depthwise: boolean;
}

/** y, dx and dW by the definition: no tap meets a padding. */
function reference(
  { input, window, strides, depthwise }: Case,
  { x, filter, dy }: Record<"x" | "filter" | "dy", Float32Array>,
) {
  const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
  const flat = (shape: number[], at: number[]) => at.reduce((i, n, axis) => i * shape[axis] + n, 0);
  const geometry = { strides, padding: "same" } as const;
  const output = eachTap(input, window, geometry, () => {});
  const outChannels = depthwise ? CHANNELS : FILTERS;
  const y = new Float64Array(BATCH * size(output) * outChannels);
  const dx = new Float64Array(x.length), dw = new Float64Array(filter.length);
  for (let batch = 0; batch < BATCH; batch++) {
    eachTap(input, window, geometry, (position, tap, source) => {
      const o = (batch * size(output) + flat(output, position)) * outChannels;
      const i = (batch * size(input) + flat(input, source)) * CHANNELS;
      const w = flat(window, tap) * CHANNELS;
      for (let c = 0; c < CHANNELS; c++) {
        const [first, end] = depthwise ? [c, c + 1] : [0, FILTERS];
        for (let f = first; f < end; f++) {
          const weight = depthwise ? w + c : (w + c) * FILTERS + f;
          y[o + f] += x[i + c] * filter[weight];
          dx[i + c] += dy[o + f] * filter[weight];
          dw[weight] += dy[o + f] * x[i + c];
        }
      }
    });
  }
  return { y, dx, dw, output };
}

function check(
  tf: TensorFlow,
  geometry: Case,
  where: "x" | "filter" | "dy",
  at: number,
  value: number,
) {
  const { input, window, strides, depthwise } = geometry;
  const outChannels = depthwise ? CHANNELS : FILTERS;
  const output = eachTap(input, window, { strides, padding: "same" }, () => {});
  const shapes = {
    x: [BATCH, ...input, CHANNELS],
    filter: [...window, CHANNELS, depthwise ? 1 : FILTERS],
    dy: [BATCH, ...output, outChannels],
  };
  const draw = (shape: number[], seed: number) =>
    Float32Array.from(
      { length: shape.reduce((a, b) => a * b) },
      (_, i) => Math.sin(seed * (i + 1)),
    );
  const values = { x: draw(shapes.x, 1), filter: draw(shapes.filter, 2), dy: draw(shapes.dy, 3) };
  values[where][at % values[where].length] = value;
  const expected = reference(geometry, values);
  tf.tidy(() => {
    const x = tf.tensor(values.x, shapes.x), filter = tf.tensor(values.filter, shapes.filter);
    const convolve = (x: Tensor, filter: Tensor): Tensor =>
      depthwise
        ? tf.depthwiseConv2d(x as never, filter as never, strides as [number, number], "same")
        : input.length === 1
        ? tf.conv1d(x as never, filter as never, strides[0], "same")
        : input.length === 2
        ? tf.conv2d(x as never, filter as never, strides as [number, number], "same")
        : tf.conv3d(x as never, filter as never, strides as [number, number, number], "same");
    const dy = tf.tensor(values.dy, shapes.dy);
    const { value: y, grads } = tf.valueAndGrads(convolve)([x, filter], dy);
    for (const [name, tensor] of [["y", y], ["dx", grads[0]], ["dw", grads[1]]] as const) {
      const found = tensor.dataSync();
      expected[name].forEach((number, i) => {
        if (Number.isFinite(number)) assert(Math.abs(found[i] - number) < 1e-4, `${name}[${i}]`);
        else assertEquals(found[i], number, `${name}[${i}]`);
      });
    }
  });
}

Deno.test("no convolution makes NaN of a number that is not finite and the zeros of its padding", async () => {
  const cases = fc.integer({ min: 1, max: 3 }).chain((rank) => {
    const axis = (max: number) =>
      fc.array(fc.integer({ min: 1, max }), { minLength: rank, maxLength: rank });
    return fc.record({
      input: axis(rank === 3 ? 3 : 5),
      window: axis(3),
      // TensorFlow.js asks for the same stride along both axes of a depthwise one.
      strides: fc.integer({ min: 1, max: 2 }).map((stride) => Array<number>(rank).fill(stride)),
      depthwise: rank === 2 ? fc.boolean() : fc.constant(false),
    });
  });
  await onBackend("this engine", (tf) => {
    fc.assert(
      fc.property(
        cases,
        fc.constantFrom("x" as const, "filter" as const, "dy" as const),
        fc.nat(),
        fc.constantFrom(NaN, Infinity, -Infinity),
        (geometry, where, at, value) => check(tf, geometry, where, at, value),
      ),
      { seed: 1, numRuns: 300 },
    );
  });
});

Deno.test("a padded convolution adds its bias and clips also where a weight is not finite", async () => {
  await onBackend("this engine", (tf) => {
    tf.tidy(() => {
      const x = tf.ones([1, 1, 2, 1]) as never;
      const filter = tf.tensor4d([NaN, -1, 1], [1, 3, 1, 1]);
      const bias = tf.tensor1d([-0.5]);
      const fused = (activation: "relu" | "linear") =>
        (tf.fused.conv2d({ x, filter, strides: 1, pad: "same", bias, activation }) as Tensor)
          .dataSync();
      assertEquals([...fused("linear")], [-0.5, NaN]);
      assertEquals([...fused("relu")], [0, NaN]);
    });
  });
});
