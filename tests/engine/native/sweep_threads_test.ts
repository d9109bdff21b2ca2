import { assert, assertEquals } from "@std/assert";
import { GATES } from "../../../src/engine/native/operations.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { heapOf } from "../../../src/engine/start/prepare_engine.ts";
import type { Tensor } from "../../../src/engine/tensorflow.ts";
import { sumTensor } from "../../../src/core/measure/sums.ts";

/** Results of the sweeps that are shared, large enough to be, of odd sizes. */
function compute(engine: Engine): Int32Array[] {
  const { tf } = engine;
  const draw = (shape: number[], seed: number) => {
    const entries = new Float32Array(shape.reduce((a, b) => a * b));
    for (let i = 0; i < entries.length; i++) entries[i] = Math.sin(i * (i + seed));
    return tf.tensor(entries, shape) as Tensor;
  };
  const run = (name: string, inputs: Record<string, Tensor>, attributes: object = {}) =>
    [tf.engine().runKernel(name, inputs, attributes as never)].flat() as Tensor[];
  const found: Int32Array[] = [];
  // It returns nothing, since tidy() would look for tensors in each entry: nine tenths of the time.
  tf.tidy(() => {
    const results: Tensor[] = [];
    for (const shape of [[40_001, 5], [3003, 67], [51, 1031]]) {
      const x = draw(shape, 1), dy = draw(shape, 2);
      const scale = draw([shape[1]], 3), offset = draw([shape[1]], 4);
      for (const kind of ["NormalizeColumns", "NormalizeRows"]) {
        const [y, mean, variance, lack] = run(kind, { x, scale, offset }, { epsilon: 1e-3 });
        const inputs = { dy, x, scale, mean, variance, lack };
        results.push(y, mean, variance, lack, ...run(`${kind}Grad`, inputs, { epsilon: 1e-3 }));
      }
      for (const gate of GATES) {
        results.push(
          ...run("SelfGated", { x }, { gate }),
          ...run("SelfGatedGrad", { x, dy }, { gate }),
        );
      }
      results.push(...run("ReluGrad", { dy, x }), tf.relu(x), tf.add(x, dy), tf.add(x, offset));
    }
    const image = draw([3, 35, 33, 61], 5);
    const pool = { filterSize: [3, 2], strides: [2, 1], pad: "same" };
    results.push(...run("MaxPool", { x: image }, pool), ...run("AvgPool", { x: image }, pool));
    for (const kernel of ["MaxPoolGrad", "AvgPoolGrad"]) {
      const [dy] = run("MaxPool", { x: image }, pool);
      results.push(...run(kernel, { dy, input: image, output: dy }, pool));
    }
    const heap = heapOf(engine);
    const many = (seed: number) => draw([200_003], seed);
    const weights = many(6);
    const slopes = many(7);
    const to = many(8);
    const first = many(9);
    const second = many(10);
    const rates = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, rate: 0.01, scale: 2 };
    heap.native.adam(
      {
        weights: heap.address(weights),
        slopes: heap.address(slopes),
        first: heap.address(first),
        second: heap.address(second),
        to: heap.address(to),
      },
      to.size,
      rates,
    );
    results.push(first, second, to);
    const sums = results.map((tensor) =>
      new Int32Array(Float64Array.from(Object.values(sumTensor(heap, tensor))).buffer)
    );
    found.push(
      ...results.map((tensor) => new Int32Array(tensor.dataSync().slice().buffer)),
      ...sums,
    );
  });
  return found;
}

Deno.test("no sweep's bits depend on how many threads share it", async () => {
  const results: Int32Array[][] = [];
  for (const threads of [1, 2, 3]) {
    await using engine = await startEngine({ threads });
    results.push(compute(engine));
  }
  for (const others of results.slice(1)) {
    results[0].forEach((bits, i) => {
      assertEquals(others[i].length, bits.length);
      assert(bits.every((word, k) => others[i][k] === word), `result ${i}`);
    });
  }
});
