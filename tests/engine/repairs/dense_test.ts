import { startEngine } from "../../../src/engine/mod.ts";
import type { Layer, Tensor } from "../../../src/engine/tensorflow.ts";
import { recordTape } from "../../../src/core/measure/keep_state.ts";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { orthonormalColumns } from "../../../src/engine/repairs/dense.ts";
import { processorSeconds } from "../../../src/core/probe/open_trial.ts";
import type { Tensor2D } from "@tensorflow/tfjs";

const { tf } = await startEngine();

const UNITS = 5, INPUTS = 70;

function dense(activation: string, useBias: boolean): Layer {
  return tf.layers.dense({
    units: UNITS,
    useBias,
    activation: activation as "tanh",
    kernelInitializer: tf.initializers.randomNormal({ seed: 1 }),
    biasInitializer: tf.initializers.randomNormal({ seed: 2 }),
  });
}

/**
 * Computes the output as stock TensorFlow.js does: reshapes, its fused product, the bias by an
 * addition.
 */
function stock(layer: Layer, x: Tensor): Tensor {
  const [kernel, bias] = layer.weights.map((weight) => weight.read());
  const rows = tf.reshape(x, [-1, INPUTS]) as never;
  const product = tf.fused.matMul({ a: rows, b: kernel as never });
  const z = tf.reshape(product, [...x.shape.slice(0, -1), UNITS]);
  const { activation } = layer as unknown as { activation: { apply(z: Tensor): Tensor } };
  return activation.apply(bias === undefined ? z : tf.add(z, bias));
}

for (const activation of ["linear", "tanh", "relu", "elu", "sigmoid", "softmax"]) {
  for (const useBias of [true, false]) {
    for (const shape of [[1, INPUTS], [33, INPUTS], [3, 4, INPUTS], [2, 3, 2, INPUTS]]) {
      Deno.test(`Dense gives TensorFlow.js's bits: ${activation}, bias ${useBias}, [${shape}]`, () => {
        const layer = dense(activation, useBias);
        const x = tf.randomNormal(shape, 0, 1, "float32", 3);
        layer.apply(x);
        const coefficients = tf.randomNormal([...shape.slice(0, -1), UNITS], 0, 1, "float32", 4);
        const variables = layer.weights.map((weight) => weight.read()) as never[];
        const of = (run: () => Tensor) => {
          const { value, grads } = tf.variableGrads(
            () => tf.sum(tf.mul(run(), coefficients)),
            variables,
          );
          const dx = tf.grad((x) =>
            tf.sum(tf.mul(run === own ? layer.apply(x) as Tensor : stock(layer, x), coefficients))
          )(x);
          return [run(), value, dx, ...Object.values(grads)].map((tensor) =>
            Array.from(tensor.dataSync())
          );
        };
        const own = () => layer.apply(x) as Tensor;
        assertEquals(of(own), of(() => stock(layer, x)));
        layer.dispose();
      });
    }
  }
}

Deno.test("Dense puts the product and the activation on the tape, and nothing else", () => {
  const layer = dense("tanh", true);
  const x = tf.randomNormal([4, INPUTS]);
  layer.apply(x);
  const tape = recordTape(tf, () => layer.apply(x) as Tensor);
  assertEquals(tape.map(({ kernelName }) => kernelName), ["_FusedMatMul", "Tanh"]);
  for (const { saved } of tape) tf.dispose(saved);
  layer.dispose();
});

Deno.test("Dense has a gradient of its gradient", () => {
  const layer = dense("sigmoid", true);
  const x = tf.randomNormal([4, INPUTS], 0, 1, "float32", 5);
  layer.apply(x);
  const [kernel, bias] = layer.weights.map((weight) => weight.read());
  const second = (run: (x: Tensor) => Tensor) => {
    const slope = tf.grad((x) => tf.sum(tf.square(run(x))));
    return Array.from(tf.grad((x) => tf.sum(tf.square(slope(x))))(x).dataSync());
  };
  const plain = (x: Tensor) => tf.sigmoid(tf.add(tf.matMul(x as never, kernel as never), bias));
  assertEquals(second((x) => layer.apply(x) as Tensor), second(plain));
  layer.dispose();
});

Deno.test("Dense goes TensorFlow.js's own way with whole numbers, and _FusedMatMul differentiates no activation", () => {
  const layer = dense("linear", true);
  layer.apply(tf.ones([1, INPUTS]));
  const [whole, floats] = ["int32", "float32"].map((dtype) =>
    Array.from((layer.apply(tf.ones([2, INPUTS], dtype as "int32")) as Tensor).dataSync())
  );
  assertEquals(whole, floats);
  const a = tf.ones([2, 3]);
  const b = tf.ones([3, 4]);
  const bias = tf.ones([4]);
  const attributes = { transposeA: false, transposeB: false, activation: "relu" };
  assertThrows(
    () => tf.grad((a) => tf.engine().runKernel("_FusedMatMul", { a, b, bias }, attributes))(a),
    Error,
    'The gradient of _FusedMatMul is that of a linear one, found "relu"',
  );
  layer.dispose();
});

/** Sizes on both sides of a panel of 32 columns, square ones, which are the worst conditioned, and single columns. */
const SHAPES: [number, number][] = [
  [1, 1],
  [5, 1],
  [3, 3],
  [32, 32],
  [40, 33],
  [64, 64],
  [150, 100],
];

Deno.test("orthonormalColumns() returns the Q of a QR decomposition whose R has a positive diagonal", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const [rows, columns] of SHAPES) {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const x = tf.randomNormal([rows, columns], 0, 1, "float32", 3) as Tensor2D;
      const q = orthonormalColumns(tf, x);
      assertEquals(q.shape, [rows, columns]);
      const product = tf.matMul(q, q, true).arraySync() as number[][];
      const r = tf.matMul(q, x, true).arraySync() as number[][];
      for (let i = 0; i < columns; i++) {
        for (let j = 0; j < columns; j++) {
          assertAlmostEquals(product[i][j], i === j ? 1 : 0, 2e-6);
          if (i > j) assertAlmostEquals(r[i][j], 0, 2e-5);
        }
        assert(r[i][i] > 0, `entry ${i} of the diagonal is ${r[i][i]}`);
      }
    });
    assertEquals(tf.memory().numTensors, before);
  }
});

Deno.test("an orthogonal initialiser draws from a seed, wide and tall kernels, times the gain", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const shape of [[2, 3, 4], [4, 9]]) {
    const kernels = [0, 0, 1].map((seed) =>
      tf.initializers.orthogonal({ gain: 3, seed }).apply(shape as [number, number])
    );
    const [first, again, other] = kernels.map((kernel) => [...kernel.dataSync()]);
    assertEquals(first, again);
    assert(first.some((value, i) => Math.abs(value - other[i]) > 0.1));
    const flat = tf.reshape(kernels[0], [-1, shape.at(-1)!]) as Tensor2D;
    const isTall = flat.shape[0] >= flat.shape[1];
    const product = tf.matMul(flat, flat, isTall, !isTall).arraySync() as number[][];
    product.forEach((row, i) =>
      row.forEach((value, j) => assertAlmostEquals(value, i === j ? 9 : 0, 1e-5))
    );
  }
});

Deno.test("an orthogonal kernel of an LSTM of 1024 units does not take half a minute", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const before = processorSeconds();
  const kernel = tf.initializers.orthogonal({}).apply([1024, 4096]);
  kernel.dataSync();
  // 1 s of processor time; TensorFlow.js's own QR takes 38 s.
  assert(processorSeconds() - before < 15);
  kernel.dispose();
});
