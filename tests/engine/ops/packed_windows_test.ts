import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { eachTap, windowGeometry } from "../../conformance/reference/mod.ts";
import { assertEquals } from "@std/assert";
import fc from "fast-check";

/** A convolution over [batch, depth, height, width, channels]; in 2d the depth is 1. */
interface Case {
  batch: number;
  space: number[];
  window: number[];
  strides: number[];
  dilations: number[];
  pad: "same" | "valid";
  channels: number;
  filters: number;
}

const triple = (least: number, most: number) =>
  fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: least, max: most })));

/** Channels and filters that fill tiles, leave some of one over, and make the shared dimension several blocks. */
const cases = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  space: triple(1, 11),
  window: triple(1, 5),
  strides: triple(1, 3),
  dilations: triple(1, 2),
  isPlain: fc.boolean(),
  is2d: fc.boolean(),
  pad: fc.constantFrom("same" as const, "valid" as const),
  channels: fc.constantFrom(1, 3, 4, 8, 12, 20, 32, 36),
  filters: fc.constantFrom(1, 4, 7, 8, 16, 19),
}).map(({ isPlain, is2d, ...given }): Case => {
  const sized = (sizes: number[]) =>
    is2d ? [1, ...sizes.slice(1)] : sizes.map((n) => Math.min(n, 5));
  const ones = [1, 1, 1];
  return {
    ...given,
    space: sized(given.space),
    window: sized(given.window),
    strides: isPlain ? ones : sized(given.strides),
    dilations: isPlain || !is2d ? ones : sized(given.dilations),
  };
}).filter(hasOutput);

/** Returns true if the window fits. */
function hasOutput({ space, window, strides, dilations, pad }: Case): boolean {
  return space.every((n, axis) =>
    windowGeometry(n, window[axis], strides[axis], dilations[axis], pad).output > 0
  );
}

/** Whole numbers, whose products and sums are exact in float32. */
const whole = (count: number, seed: number) =>
  Float32Array.from({ length: count }, (_, i) => (i * 7919 + seed * 104729) % 17 % 7 - 3);

const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Returns the place of an entry without batch and channels, by its place in space. */
const flat = (shape: readonly number[], [z, y, x]: readonly number[]) =>
  (z * shape[1] + y) * shape[2] + x;

/** Shows every entry of x, of the filter and of y that meet. */
function eachMeeting(c: Case, out: number[], see: (x: number, w: number, y: number) => void): void {
  const { space, window, channels, filters } = c;
  eachTap(space, window, { ...c, padding: c.pad }, (position, tap, source) => {
    for (let image = 0; image < c.batch; image++) {
      const pixel = image * count(space) + flat(space, source);
      const target = image * count(out) + flat(out, position);
      for (let channel = 0; channel < channels; channel++) {
        const weight = flat(window, tap) * channels + channel;
        for (let filter = 0; filter < filters; filter++) {
          see(pixel * channels + channel, weight * filters + filter, target * filters + filter);
        }
      }
    }
  });
}

/** The kernels of a convolution and of its gradients. */
function run(tf: TensorFlow, c: Case, out: number[], [x, filter, dy]: Float32Array[]): number[][] {
  const is2d = c.space[0] === 1 && c.window[0] === 1;
  const of = (sizes: number[]) => is2d ? sizes.slice(1) : sizes;
  const shapes = {
    x: [c.batch, ...of(c.space), c.channels],
    filter: [...of(c.window), c.channels, c.filters],
    dy: [c.batch, ...of(out), c.filters],
  };
  const attributes = {
    strides: of(c.strides),
    dilations: of(c.dilations),
    pad: c.pad,
    dataFormat: is2d ? "NHWC" : "NDHWC",
    filterShape: shapes.filter,
    inputShape: shapes.x,
  };
  const [kernel, toFilter, toInput] = is2d
    ? ["Conv2D", "Conv2DBackpropFilter", "Conv2DBackpropInput"]
    : ["Conv3D", "Conv3DBackpropFilterV2", "Conv3DBackpropInputV2"];
  const tensors = {
    x: tf.tensor(x, shapes.x) as Tensor,
    filter: tf.tensor(filter, shapes.filter) as Tensor,
    dy: tf.tensor(dy, shapes.dy) as Tensor,
  };
  const compute = (name: string, ...given: (keyof typeof tensors)[]) => {
    const inputs = Object.fromEntries(given.map((one) => [one, tensors[one]]));
    return [...(tf.engine().runKernel(name, inputs, attributes as never) as Tensor).dataSync()];
  };
  return [
    compute(kernel, "x", "filter"),
    compute(toFilter, "x", "dy"),
    compute(toInput, "dy", "filter"),
  ];
}

/** The same in loops. */
function naive(c: Case, out: number[], [x, filter, dy]: Float32Array[]): number[][] {
  const [y, dw, dx] = [dy, filter, x].map((like) => new Array<number>(like.length).fill(0));
  eachMeeting(c, out, (i, j, k) => {
    y[k] += x[i] * filter[j];
    dw[j] += x[i] * dy[k];
    dx[i] += dy[k] * filter[j];
  });
  return [y, dw, dx];
}

function check(tf: TensorFlow, c: Case): void {
  const out = c.space.map((n, axis) =>
    windowGeometry(n, c.window[axis], c.strides[axis], c.dilations[axis], c.pad).output
  );
  const operands = [
    whole(c.batch * count(c.space) * c.channels, 1),
    whole(count(c.window) * c.channels * c.filters, 2),
    whole(c.batch * count(out) * c.filters, 3),
  ];
  tf.tidy(() => assertEquals(run(tf, c, out, operands), naive(c, out, operands)));
}

Deno.test("convolutions and their gradients are exact over whole numbers, of any geometry", async () => {
  await onBackend(
    "this engine",
    (tf) => fc.assert(fc.property(cases, (c) => check(tf, c)), { seed: 1, numRuns: 250 }),
  );
});

Deno.test("convolutions are exact whose blocks end within a line, a tile, an image or a filter", async () => {
  const common = { dilations: [1, 1, 1], strides: [1, 1, 1], pad: "same" as const };
  await onBackend("this engine", (tf) => {
    // Of 800 and 360 entries of a window; of 9409 positions, which are summed in float64; of a large filter.
    check(tf, {
      ...common,
      batch: 3,
      space: [1, 9, 7],
      window: [1, 5, 5],
      channels: 32,
      filters: 12,
    });
    check(tf, {
      ...common,
      batch: 2,
      space: [1, 9, 7],
      window: [1, 3, 3],
      channels: 40,
      filters: 9,
    });
    check(tf, {
      ...common,
      batch: 1,
      space: [1, 97, 97],
      window: [1, 3, 3],
      channels: 4,
      filters: 6,
    });
    check(tf, {
      ...common,
      batch: 1,
      space: [1, 4, 5],
      window: [1, 3, 3],
      channels: 176,
      filters: 172,
    });
  });
});

/** Window of 3 x 3 that moves by 1: computed in tiles from 64 of them and 64 channels on. */
const tiled = { strides: [1, 1, 1], dilations: [1, 1, 1], window: [1, 3, 3] };

Deno.test("convolutions in tiles are exact whose tiles leave the image and whose channels are several blocks", async () => {
  await onBackend("this engine", (tf) => {
    const sizes = { batch: 4, space: [1, 9, 7], channels: 64, filters: 72 };
    check(tf, { ...tiled, ...sizes, pad: "same" });
    check(tf, { ...tiled, ...sizes, pad: "valid", space: [1, 11, 10] });
    check(tf, { ...tiled, ...sizes, pad: "same", batch: 1, space: [1, 41, 23], filters: 64 });
    check(tf, { ...tiled, ...sizes, pad: "same", channels: 264 });
    check(tf, { ...tiled, ...sizes, pad: "valid", space: [1, 10, 11], channels: 72, filters: 264 });
  });
});

Deno.test("a filter gradient in tiles counts more of them than float32 adds up at once", async () => {
  await onBackend("this engine", (tf) =>
    tf.tidy(() => {
      const size = 186, shape = [1, size, size, 32];
      const attributes = { strides: [1, 1], pad: "same", dataFormat: "NHWC" };
      const dw = tf.engine().runKernel(
        "Conv2DBackpropFilter",
        { x: tf.ones(shape), dy: tf.ones(shape) },
        { ...attributes, filterShape: [3, 3, 32, 32] } as never,
      ) as Tensor;
      const sides = [size - 1, size, size - 1];
      const expected = sides.flatMap((height) => sides.map((width) => height * width));
      const means = tf.mean(dw, [2, 3]).dataSync();
      assertEquals([...means], expected);
    }));
});

Deno.test("a convolution in tiles spreads what is not finite as far as windows reach", async () => {
  await onBackend("this engine", (tf) =>
    tf.tidy(() => {
      const shape = [1, 16, 16, 32];
      const x = tf.buffer(shape);
      x.set(Infinity, 0, 5, 6, 7);
      const filter = tf.ones([3, 3, 32, 32]);
      const attributes = {
        strides: [1, 1],
        pad: "same",
        dataFormat: "NHWC",
        filterShape: [3, 3, 32, 32],
        inputShape: shape,
      };
      const run = (name: string, inputs: Record<string, Tensor>) =>
        (tf.engine().runKernel(name, inputs, attributes as never) as Tensor).dataSync();
      const reached = (values: ArrayLike<number>) =>
        Array.from(values).filter((value) => value === Infinity).length;
      const image = x.toTensor() as Tensor;
      assertEquals(reached(run("Conv2D", { x: image, filter })), 9 * 32);
      assertEquals(reached(run("Conv2DBackpropInput", { dy: image, filter })), 9 * 32);
      const dy = tf.ones(shape);
      assertEquals(reached(run("Conv2DBackpropFilter", { x: image, dy })), 9 * 32);
      // Finite, except for the tiles of the products.
      const large = tf.fill(shape, 2e38) as Tensor, small = tf.fill([3, 3, 32, 32], 1e-3) as Tensor;
      const sums = run("Conv2D", { x: large, filter: small });
      assertEquals(Array.from(sums).every(Number.isFinite), true);
    }));
});

Deno.test("convolutions of one channel or three are exact where rows end within a block", async () => {
  const narrow = fc.record({
    batch: fc.integer({ min: 1, max: 4 }),
    space: fc.tuple(
      fc.constant(1),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 10, max: 40 }),
    ),
    window: fc.tuple(
      fc.constant(1),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 11 }),
    ),
    strides: triple(1, 2),
    dilations: fc.tuple(fc.constant(1), fc.integer({ min: 1, max: 2 }), fc.constant(1)),
    pad: fc.constantFrom("same" as const, "valid" as const),
    channels: fc.constantFrom(1, 2, 3),
    filters: fc.constantFrom(1, 4, 8, 19),
  }).map((c) => ({ ...c, strides: [1, ...c.strides.slice(1)] })).filter(hasOutput);
  await onBackend(
    "this engine",
    (tf) => fc.assert(fc.property(narrow, (c) => check(tf, c)), { seed: 1, numRuns: 100 }),
  );
});

Deno.test("a filter that is not finite spoils no gradient that it has no part in", async () => {
  await onBackend("this engine", (tf) =>
    tf.tidy(() => {
      const filter = tf.buffer([3, 3, 8, 8]);
      filter.set(Infinity, 0, 0, 0, 0);
      const dx = tf.engine().runKernel("Conv2DBackpropInput", {
        dy: tf.ones([1, 4, 4, 8]),
        filter: filter.toTensor(),
      }, {
        strides: [1, 1],
        dilations: [1, 1],
        pad: "same",
        dataFormat: "NHWC",
        inputShape: [1, 4, 4, 8],
      }) as Tensor;
      const last = tf.slice(dx, [0, 3, 3, 0], [1, 1, 1, 8]).dataSync();
      assertEquals([...last], [0, 0, 0, 0, 0, 0, 0, 0]);
    }));
});
