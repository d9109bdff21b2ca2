import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";

const EPSILON = 1e-3;

type Kind = "Columns" | "Rows";

/** Sums up what belongs to one mean, in float64. */
function reference(kind: Kind, x: Float32Array, dy: Float32Array, scale: Float32Array) {
  const width = scale.length, rows = x.length / width;
  const count = kind === "Columns" ? rows : width;
  const owner = (i: number) => kind === "Columns" ? i % width : Math.floor(i / width);
  const groups = kind === "Columns" ? width : rows;
  const sumsOf = (term: (i: number) => number, place = owner, size = groups) => {
    const sums = new Float64Array(size);
    for (let i = 0; i < x.length; i++) sums[place(i)] += term(i);
    return sums;
  };
  const mean = sumsOf((i) => x[i] / count);
  const variance = sumsOf((i) => (x[i] - mean[owner(i)]) ** 2 / count);
  const slopeOf = (i: number) => 1 / Math.sqrt(variance[owner(i)] + EPSILON);
  const unit = (i: number) => (x[i] - mean[owner(i)]) * slopeOf(i);
  const g = (i: number) => dy[i] * scale[i % width];
  const meanG = sumsOf((i) => g(i) / count), meanGUnit = sumsOf((i) => g(i) * unit(i) / count);
  const each = (f: (i: number) => number) => Array.from(x, (_, i) => f(i));
  return {
    y: each((i) => unit(i) * scale[i % width] + 0.5),
    mean: [...mean],
    variance: [...variance],
    dx: each((i) => slopeOf(i) * (g(i) - meanG[owner(i)] - unit(i) * meanGUnit[owner(i)])),
    dScale: [...sumsOf((i) => dy[i] * unit(i), (i) => i % width, width)],
    dOffset: [...sumsOf((i) => dy[i], (i) => i % width, width)],
  };
}

function assertNear(actual: Tensor, expected: number[], what: string) {
  const values = actual.dataSync();
  assertEquals(values.length, expected.length, what);
  const most = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  const worst = expected.reduce(
    (worst, value, i) => Math.max(worst, Math.abs(value - values[i])),
    0,
  );
  assert(worst <= 2e-5 * most, `${what} is off by ${worst} of ${most}`);
}

function check(tf: TensorFlow, kind: Kind, rows: number, width: number, shift: number) {
  tf.tidy(() => {
    const x = tf.randomNormal([rows, width], shift, 1, "float32", 1) as Tensor;
    const dy = tf.randomNormal([rows, width], 0.3, 1, "float32", 2) as Tensor;
    const scale = tf.randomNormal([width], 1, 1, "float32", 3) as Tensor;
    const offset = tf.fill([width], 0.5);
    const attributes = { epsilon: EPSILON };
    const run = (name: string, inputs: Record<string, Tensor>) =>
      tf.engine().runKernel(`Normalize${kind}${name}`, inputs, attributes) as Tensor[];
    const [y, mean, variance, lack] = run("", { x, scale, offset });
    const [dx, dScale, dOffset] = run("Grad", { dy, x, scale, mean, variance, lack });
    const data = [x, dy, scale].map((tensor) => tensor.dataSync() as Float32Array);
    const expected = reference(kind, data[0], data[1], data[2]);
    Object.entries({ y, mean, variance, dx, dScale, dOffset }).forEach(([name, tensor]) => {
      assertNear(tensor, expected[name as keyof typeof expected], `${name}, ${[rows, width]}`);
    });
  });
}

for (const relaxedSimd of [true, false]) {
  const build = relaxedSimd ? "relaxed" : "plain";
  Deno.test(`NormalizeColumns, NormalizeRows and their gradients are a naive loop's, ${build} SIMD`, async () => {
    await onBackend("this engine", (tf) => {
      fc.assert(
        fc.property(
          fc.constantFrom<Kind>("Columns", "Rows"),
          fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(512, 513, 1100)),
          fc.oneof(fc.integer({ min: 1, max: 35 }), fc.constantFrom(64, 255, 301)),
          fc.constantFrom(0, 3, -20, 1000, -1e6),
          (kind, rows, width, shift) => check(tf, kind, rows, width, shift),
        ),
        { numRuns: 80 },
      );
    }, { relaxedSimd });
  });
}

/** Returns the largest error of the gradient of x relative to its largest entry. */
function gradientError(tf: TensorFlow, kind: Kind, count: number): number {
  return tf.tidy(() => {
    const shape: [number, number] = kind === "Columns" ? [count, 40] : [40, count];
    const x = tf.randomNormal(shape, 0, 30, "float32", 1) as Tensor;
    const dy = tf.randomNormal(shape, 0.3, 1, "float32", 2) as Tensor;
    const scale = tf.ones([shape[1]]) as Tensor, offset = tf.zeros([shape[1]]) as Tensor;
    const run = (name: string, inputs: Record<string, Tensor>) =>
      tf.engine().runKernel(`Normalize${kind}${name}`, inputs, { epsilon: EPSILON }) as Tensor[];
    const [, mean, variance, lack] = run("", { x, scale, offset });
    const [dx] = run("Grad", { dy, x, scale, mean, variance, lack });
    const data = [x, dy, scale].map((tensor) => tensor.dataSync() as Float32Array);
    const exact = reference(kind, data[0], data[1], data[2]).dx;
    const found = dx.dataSync();
    const largest = Math.max(...exact.map(Math.abs));
    return Math.max(...exact.map((value, i) => Math.abs(value - found[i]))) / largest;
  });
}

Deno.test("the gradient of a normalisation of 2 to 16 entries keeps its digits where it cancels", async () => {
  await onBackend("this engine", (tf) => {
    for (const kind of ["Columns", "Rows"] as const) {
      // For two entries the gradient is epsilon / variance of its terms, here a millionth.
      for (const count of [2, 3, 16, 17]) {
        const error = gradientError(tf, kind, count);
        assert(error < 2e-6, `${kind} of ${count}: ${error}`);
      }
    }
  });
});

Deno.test("BatchNormalization and LayerNormalization differentiate twice", async () => {
  await onBackend("this engine", (tf) => {
    tf.tidy(() => {
      const layers = [tf.layers.batchNormalization({}), tf.layers.layerNormalization({})];
      for (const layer of layers) {
        const x = tf.randomNormal([6, 4], 0, 1, "float32", 1) as Tensor;
        const value = (x: Tensor) =>
          tf.sum(tf.pow(layer.apply(x, { training: true }) as Tensor, 3));
        const slope = tf.grad(value);
        const curve = tf.grad((x) => tf.sum(tf.square(slope(x))))(x);
        // By differences of the slope along the direction that the curve is taken in.
        const step = 1e-3, direction = slope(x);
        const norm = (x: Tensor) => tf.sum(tf.square(slope(x))).dataSync()[0];
        const plus = norm(tf.add(x, tf.mul(step, direction)));
        const minus = norm(tf.sub(x, tf.mul(step, direction)));
        const expected = (plus - minus) / (2 * step);
        const actual = tf.sum(tf.mul(curve, direction)).dataSync()[0];
        assert(Math.abs(actual - expected) < 0.02 * Math.abs(expected), `${[actual, expected]}`);
      }
    });
  });
});

Deno.test("a batch normalisation on a batch and its gradient are one operation each", async () => {
  await onBackend("this engine", (tf) => {
    const layers = [tf.layers.batchNormalization({}), tf.layers.layerNormalization({})];
    layers.forEach((layer, i) => {
      const kernels: string[] = [];
      const engine = tf.engine() as unknown as { runKernelFunc(params: object): unknown };
      const original = engine.runKernelFunc;
      tf.tidy(() => {
        const x = tf.randomNormal([4, 5, 3]) as Tensor;
        layer.apply(x, { training: true });
        engine.runKernelFunc = function (params) {
          kernels.push((params as { kernelName?: string }).kernelName ?? "");
          return original.call(this, params);
        };
        try {
          tf.grad((x) => tf.sum(layer.apply(x, { training: true }) as Tensor))(x);
        } finally {
          delete (engine as Partial<typeof engine>).runKernelFunc;
        }
      });
      const name = ["NormalizeColumns", "NormalizeRows"][i];
      assert(kernels.includes(name) && kernels.includes(`${name}Grad`), kernels.join());
      assert(!kernels.includes("SquaredDifference") && !kernels.includes("Square"), kernels.join());
      layer.dispose();
    });
  });
});
