import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { guardHeap } from "../../conformance/guard_heap.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";

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
    // What the heap held before is not 0.
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
