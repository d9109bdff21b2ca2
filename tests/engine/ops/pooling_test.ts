import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";

interface Pooling {
  shape: [number, number, number, number];
  filterSize: [number, number];
  strides: [number, number];
  pad: "valid" | "same";
  special: [number, number][];
}

const size = fc.integer({ min: 1, max: 7 });
const pair = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }));
const cases: fc.Arbitrary<Pooling> = fc.record({
  shape: fc.tuple(fc.integer({ min: 1, max: 3 }), size, size, fc.integer({ min: 1, max: 9 })),
  filterSize: pair,
  strides: pair,
  pad: fc.constantFrom("valid", "same"),
  special: fc.array(fc.tuple(fc.nat(), fc.constantFrom(NaN, Infinity, -Infinity)), {
    maxLength: 3,
  }),
});

/** Returns, by a naive loop, the places of x that each entry of the result sees. */
function windowsOf(tf: TensorFlow, { shape, filterSize, strides, pad }: Pooling) {
  const [, height, width, channels] = shape;
  const info = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad);
  const { outHeight, outWidth, padInfo } = info;
  const windows = Array.from({ length: info.outShape.reduce((a, b) => a * b) }, (_, i) => {
    const channel = i % channels, outX = Math.floor(i / channels) % outWidth;
    const row = Math.floor(i / channels / outWidth);
    const image = Math.floor(row / outHeight), outY = row % outHeight;
    const places: number[] = [];
    for (let dy = 0; dy < filterSize[0]; dy++) {
      for (let dx = 0; dx < filterSize[1]; dx++) {
        const y = outY * strides[0] - padInfo.top + dy;
        const column = outX * strides[1] - padInfo.left + dx;
        if (y < 0 || y >= height || column < 0 || column >= width) continue;
        places.push(((image * height + y) * width + column) * channels + channel);
      }
    }
    return places;
  });
  return { windows, outShape: info.outShape };
}

/** The place of the largest entry, the first one of equals; NaN is larger than any number. */
function largest(x: number[], places: number[]): number {
  return places.reduce((best, place) =>
    x[place] > x[best] || (Number.isNaN(x[place]) && !Number.isNaN(x[best])) ? place : best
  );
}

function check(tf: TensorFlow, pooling: Pooling) {
  const { shape, filterSize, strides, pad, special } = pooling;
  fc.pre(pad === "same" || (filterSize[0] <= shape[1] && filterSize[1] <= shape[2]));
  const x = Array.from(
    { length: shape.reduce((a, b) => a * b) },
    (_, i) => (i * 7919) % 101 - 50,
  );
  for (const [place, value] of special) x[place % x.length] = value;
  const { windows, outShape } = windowsOf(tf, pooling);
  const dy = windows.map((_, i) => (i * 31) % 17 - 8);
  const max = windows.map((places) => x[largest(x, places)]);
  const mean = windows.map((places) =>
    places.reduce((sum, place) => sum + x[place], 0) / places.length
  );
  const maxGradient = new Float64Array(x.length), meanGradient = new Float64Array(x.length);
  windows.forEach((places, i) => {
    maxGradient[largest(x, places)] += dy[i];
    for (const place of places) meanGradient[place] += dy[i] / places.length;
  });
  tf.tidy(() => {
    const inputs = { x: tf.tensor(x, shape), input: tf.tensor(x, shape) };
    const gradient = { ...inputs, dy: tf.tensor(dy, outShape), output: tf.tensor(max, outShape) };
    const attributes = { filterSize, strides, pad };
    const expected = {
      MaxPool: max,
      AvgPool: mean,
      MaxPoolGrad: [...maxGradient],
      AvgPoolGrad: [...meanGradient],
    };
    for (const [name, values] of Object.entries(expected)) {
      const given = name.endsWith("Grad") ? gradient : inputs;
      const result = (tf.engine().runKernel(name, given, attributes) as Tensor).dataSync();
      assertEquals(result.length, values.length);
      values.forEach((value, i) => {
        const isSame = Object.is(result[i] + 0, value + 0) ||
          Math.abs(result[i] - value) <= 1e-5 * (1 + Math.abs(value));
        assert(isSame, `${name} has ${result[i]} at ${i}, expected ${value}`);
      });
    }
  });
}

for (const relaxedSimd of [true, false]) {
  const build = relaxedSimd ? "relaxed" : "plain";
  Deno.test(`poolings and their gradients are a naive loop's on random windows, ${build} SIMD`, async () => {
    await onBackend(
      "this engine",
      (tf) => fc.assert(fc.property(cases, (pooling) => check(tf, pooling))),
      { relaxedSimd },
    );
  });
}

Deno.test("the gradients of poolings whose windows begin within the image are 0 before them", async () => {
  await onBackend("this engine", (tf) => {
    const pad = [[0, 0], [-1, 1], [0, 0], [0, 0]] as [[0, 0], [number, number], [0, 0], [0, 0]];
    const attributes = { filterSize: [2, 2], strides: [2, 2], pad } as never;
    for (const kind of ["Max", "Avg"]) {
      tf.tidy(() => {
        const x = tf.ones([1, 4, 4, 4]);
        const y = tf.engine().runKernel(`${kind}Pool`, { x }, attributes) as Tensor;
        // The previous content would be seen.
        tf.fill(x.shape, 777).dispose();
        const dx = tf.engine().runKernel(
          `${kind}PoolGrad`,
          { dy: tf.onesLike(y), input: x, output: y },
          attributes,
        ) as Tensor;
        const values = [...dx.dataSync()];
        assertEquals(values.slice(0, 16), new Array(16).fill(0), kind);
        assert(values.slice(16, 32).some((value) => value > 0), kind);
      });
    }
  });
});
