import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { guardHeap } from "../../conformance/guard_heap.ts";

type Reduction = "sum" | "mean";

/** A reduction in double precision, by the definition. */
function reduce(kind: Reduction, x: ArrayLike<number>, shape: number[], axes: number[]): number[] {
  const kept = shape.map((size, axis) => axes.includes(axis) ? 1 : size);
  const sums = new Array<number>(kept.reduce((a, b) => a * b, 1)).fill(0);
  const count = axes.reduce((product, axis) => product * shape[axis], 1);
  for (let i = 0; i < x.length; i++) {
    let rest = i, place = 0, stride = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const at = rest % shape[axis];
      rest = (rest - at) / shape[axis];
      if (kept[axis] !== 1) place += at * stride;
      stride *= kept[axis];
    }
    sums[place] += x[i];
  }
  return kind === "sum" ? sums : sums.map((sum) => sum / count);
}

/** The largest relative error of a reduction of entries that are all positive. */
function worstError(tf: TensorFlow, kind: Reduction, shape: number[], axes: number[]): number {
  const size = shape.reduce((a, b) => a * b, 1);
  const values = Float32Array.from({ length: size }, (_, i) => 0.1 + (i % 7) * 0.01);
  const found = tf.tidy(() => tf[kind](tf.tensor(values, shape), axes).dataSync());
  const expected = reduce(kind, values, shape, axes);
  return Math.max(...expected.map((value, i) => Math.abs(found[i] - value) / value));
}

const LARGE: [shape: number[], axes: number[]][] = [
  [[1 << 20], [0]],
  [[1 << 19, 1], [0]],
  [[1 << 19, 1], [0, 1]],
  [[4, 1 << 17], [1]],
  [[1 << 17, 3], [0]],
  [[1 << 17, 4], [0, 1]],
  [[2, 1 << 16, 3], [1]],
  [[1 << 16, 3, 2], [0, 2]],
  [[256, 2, 256, 2], [0, 2]],
  [[2, 256, 256, 2], [1, 2]],
];

Deno.test("Sum and Mean of many entries are as exact as float32 is", async () => {
  await onBackend("this engine", (tf) => {
    for (const kind of ["sum", "mean"] as const) {
      for (const [shape, axes] of LARGE) {
        const error = worstError(tf, kind, shape, axes);
        assert(error < 1.3e-7, `${kind} of [${shape}] over [${axes}] is off by ${error}`);
      }
    }
  });
});

Deno.test("average pooling over large windows is as exact as float32 is", async () => {
  await onBackend("this engine", (tf) => {
    const shapes: [shape: number[], window: number][] = [
      [[1, 8, 8, 1], 8],
      [[1, 300, 300, 3], 300],
      [[2, 80, 80, 1], 64],
      [[1, 4, 4, 4, 2], 4],
      [[1, 40, 40, 40, 1], 40],
    ];
    for (const [shape, window] of shapes) {
      tf.tidy(() => {
        const x = tf.fill(shape, 0.1);
        const y = shape.length === 4
          ? tf.avgPool(x as never, window, 1, "valid") as Tensor
          : tf.avgPool3d(x as never, window, 1, "valid") as Tensor;
        const error = Math.max(...[...y.dataSync()].map((mean) => Math.abs(mean / 0.1 - 1)));
        assert(error < 1e-6, `the mean over windows of ${window} is off by ${error}`);
      });
    }
  });
});

Deno.test("the gradient of a bias over many examples is exact", async () => {
  await onBackend("this engine", (tf) => {
    const layer = tf.layers.dense({ units: 1, inputShape: [1] });
    const x = tf.zeros([100_000, 1]);
    tf.dispose(layer.apply(x) as Tensor);
    const loss = () => tf.sum(tf.mul(layer.apply(x) as Tensor, 0.2)).asScalar();
    const { value, grads } = tf.variableGrads(loss);
    const bias = Object.values(grads).find(({ rank }) => rank === 1)!;
    assertEquals(bias.dataSync()[0], Math.fround(Math.fround(0.2) * 100_000));
    tf.dispose([value, x, ...Object.values(grads)]);
    layer.dispose();
  });
});

Deno.test("Sum and Mean are right over any axes of any shape", async () => {
  await onBackend("this engine", (tf) => {
    const heap = guardHeap(tf);
    const cases = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 5 })
      .chain((shape) =>
        fc.record({
          shape: fc.constant(shape),
          axes: fc.subarray(shape.map((_, axis) => axis)),
          kind: fc.constantFrom("sum" as const, "mean" as const),
          keepDims: fc.boolean(),
        })
      );
    fc.assert(
      fc.property(cases, ({ shape, axes, kind, keepDims }) => {
        const size = shape.reduce((a, b) => a * b, 1);
        const values = Float32Array.from({ length: size }, (_, i) => Math.sin(i * i + 1));
        const before = tf.memory().numTensors;
        const x = tf.tensor(values, shape);
        const y = tf[kind](x, axes, keepDims);
        const kept = shape.map((n, axis) => axes.includes(axis) ? 1 : n);
        assertEquals(y.shape, keepDims ? kept : kept.filter((_, axis) => !axes.includes(axis)));
        const found = y.dataSync();
        reduce(kind, values, shape, axes).forEach((value, i) => {
          if (Number.isNaN(value)) assert(Number.isNaN(found[i]), `${found[i]} of nothing`);
          else assert(Math.abs(found[i] - value) <= 2e-7 * Math.max(1, Math.abs(value)));
        });
        tf.dispose([x, y]);
        assertEquals(tf.memory().numTensors, before);
      }),
      { numRuns: 300, seed: 1 },
    );
    heap.remove();
    assertEquals(heap.damaged(), 0, "a kernel wrote outside its output");
  });
});

Deno.test("Sum of nothing is 0 and Mean of nothing is NaN, of every type", async () => {
  await onBackend("this engine", (tf) => {
    // The previous content of the heap is not 0.
    tf.dispose([1, 2, 3].map(() => tf.fill([4], 7)));
    const read = (x: Tensor) => [x.dtype, [...x.dataSync()]];
    tf.tidy(() => {
      assertEquals(read(tf.sum(tf.zeros([0]))), ["float32", [0]]);
      assertEquals(read(tf.sum(tf.zeros([2, 0]), 1)), ["float32", [0, 0]]);
      assertEquals(read(tf.sum(tf.zeros([0, 3]), 0)), ["float32", [0, 0, 0]]);
      assertEquals(read(tf.sum(tf.zeros([2, 0, 2], "int32"), 1)), ["int32", [0, 0, 0, 0]]);
      assertEquals(read(tf.mean(tf.zeros([2, 0]), 1)), ["float32", [NaN, NaN]]);
      assertEquals(read(tf.mean(tf.zeros([0], "int32"))), ["float32", [NaN]]);
    });
  });
});

Deno.test("Sum and Mean take whole numbers, numbers that are not finite, and too large sums", async () => {
  await onBackend("this engine", (tf) => {
    const read = (x: Tensor) => [...x.dataSync()];
    tf.tidy(() => {
      assertEquals(read(tf.sum(tf.tensor1d([2 ** 24, 1, 1], "int32"))), [2 ** 24 + 2]);
      assertEquals(read(tf.mean(tf.tensor1d([1, 2], "int32"))), [1.5]);
      assertEquals(read(tf.mean(tf.tensor1d([1, 0, 1, 1], "bool"))), [0.75]);
      const large = tf.fill([300, 2], 3e38);
      assertEquals(read(tf.sum(large, 0)), [Infinity, Infinity]);
      assertEquals(read(tf.mean(large, 0)), [Math.fround(3e38), Math.fround(3e38)]);
      for (const axis of [0, 1]) {
        const x = tf.tensor2d([[NaN, 1], [1, Infinity]]);
        const [first, second] = read(tf.sum(x, axis));
        assert(Number.isNaN(first) && second === Infinity);
      }
      const both = tf.tensor1d([Infinity, -Infinity]);
      assert(Number.isNaN(read(tf.sum(both))[0]));
      assertEquals(read(tf.sum(tf.tensor1d([-0, -0]))), [0]);
    });
  });
});

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

/** Options of a cumulative sum or product. */
interface Cumulation {
  shape: number[];
  axis: number;
  exclusive: boolean;
  reverse: boolean;
}

/** A small shape, any of its axes, and every option. */
const cumulation = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 })
  .chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      axis: fc.integer({ min: -shape.length, max: shape.length - 1 }),
      exclusive: fc.boolean(),
      reverse: fc.boolean(),
    })
  );

/** Returns for each entry the sum or product of the entries up to it along the axis. */
function reference(
  x: ArrayLike<number>,
  { shape, axis, exclusive, reverse }: Cumulation,
  empty: number,
  add: (before: number, entry: number) => number,
): number[] {
  const at = axis < 0 ? axis + shape.length : axis;
  const stride = shape.slice(at + 1).reduce((a, b) => a * b, 1);
  return Array.from({ length: x.length }, (_, i) => {
    const place = Math.floor(i / stride) % shape[at];
    let total = empty;
    for (let other = 0; other < shape[at]; other++) {
      const before = reverse ? other > place : other < place;
      if (before || (other === place && !exclusive)) {
        total = add(total, x[i + (other - place) * stride]);
      }
    }
    return total;
  });
}

const sumOf = (x: ArrayLike<number>, cumulation: Cumulation) =>
  reference(x, cumulation, 0, (sum, entry) => sum + entry);

const productOf = (x: ArrayLike<number>, cumulation: Cumulation) =>
  reference(x, cumulation, 1, (product, entry) => product * entry);

Deno.test("Cumsum of 2^20 entries is as exact as float32 is", async () => {
  await onBackend("this engine", (tf) => {
    const count = 1 << 20;
    for (const reverse of [false, true]) {
      const x = tf.fill([count], 0.1);
      const y = tf.cumsum(x, 0, false, reverse);
      const sums = y.dataSync();
      tf.dispose([x, y]);
      const worst = Math.max(...[count >> 1, 0, count - 1].map((i) => {
        const expected = Math.fround(0.1) * (reverse ? count - i : i + 1);
        return Math.abs(sums[i] / expected - 1);
      }));
      assert(worst < 1e-7, `off by ${worst}`);
    }
  });
});

Deno.test("Cumsum and its gradient are right along any axis, with every option", async () => {
  await onBackend("this engine", (tf) => {
    fc.assert(
      fc.property(cumulation, (options) => {
        const { shape, axis, exclusive, reverse } = options;
        const size = shape.reduce((a, b) => a * b, 1);
        const draw = (seed: number) =>
          Float32Array.from({ length: size }, (_, i) => Math.sin(seed * (i + 1)));
        const values = draw(1), dys = draw(2);
        tf.tidy(() => {
          const f = (x: Tensor) => tf.cumsum(x, axis, exclusive, reverse);
          const { value, grad } = tf.valueAndGrad(f)(
            tf.tensor(values, shape),
            tf.tensor(dys, shape),
          );
          assertEquals(grad.shape, shape);
          const sums = value.dataSync();
          const slopes = grad.dataSync();
          sumOf(values, options).forEach((sum, i) => assertAlmostEquals(sums[i], sum, 1e-6));
          sumOf(dys, { ...options, reverse: !reverse }).forEach((slope, i) =>
            assertAlmostEquals(slopes[i], slope, 1e-6)
          );
        });
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

Deno.test("Cumsum of whole numbers is exact", async () => {
  await onBackend("this engine", (tf) => {
    const sums = tf.tidy(() => tf.cumsum(tf.tensor1d([2 ** 24, 1, 1], "int32"), -1));
    assertEquals([sums.dtype, [...sums.dataSync()]], ["int32", [
      2 ** 24,
      2 ** 24 + 1,
      2 ** 24 + 2,
    ]]);
    sums.dispose();
  });
});

Deno.test("Cumprod is right along any axis, with every option", async () => {
  await onBackend("this engine", (tf) => {
    fc.assert(
      fc.property(cumulation, (options) => {
        const { shape, axis, exclusive, reverse } = options;
        const x = Float32Array.from(
          { length: shape.reduce((a, b) => a * b) },
          (_, i) => 2 * Math.sin(i + 1),
        );
        const products = tf.tidy(() =>
          tf.cumprod(tf.tensor(x, shape), axis, exclusive, reverse).dataSync()
        );
        productOf(x, options).forEach((product, i) =>
          assertAlmostEquals(products[i], product, 1e-6)
        );
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

Deno.test("Cumprod of whole numbers is exact, and leaves other tensors alone", async () => {
  await onBackend("this engine", (tf) => {
    tf.tidy(() => {
      const before = tf.range(0, 1000), x = tf.tensor2d([[1, 2, 3], [4, 5, 6]], [2, 3], "int32");
      const products = tf.cumprod(x, -1), after = tf.range(0, 1000);
      assertEquals([...products.dataSync()], [1, 2, 6, 4, 20, 120]);
      assertEquals(products.dtype, "int32");
      assertEquals(before.dataSync(), after.dataSync());
    });
  });
});
