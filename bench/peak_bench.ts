/**
 * How far products are from the machine's limit: `deno run -A bench/peak_bench.ts`. In one process, in
 * turns: a loop of nothing but relaxed multiply-adds, our GEMM, stock TensorFlow.js's product, and the
 * whole gradient of the 10 x 512 network.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import { installKernels } from "../src/engine/kernels/mod.ts";
import { dense } from "./networks.ts";
import { peakOf } from "./peak_of.ts";
import { printTable } from "./print_table.ts";

const ROUNDS = 12, SIZE = 512, PRODUCT = 2 * SIZE ** 3;

tf.env().set("PROD", true);
await tf.setBackend("wasm");
const network = dense(10, SIZE, 64);
const { model, input } = network.create(tf);
const [a, b] = [1, 2].map((seed) => tf.randomNormal([SIZE, SIZE], 0, 1, "float32", seed));
const product = () => tf.matMul(a, b).dispose();
const gradient = () => {
  const { value, grads } = tf.variableGrads(() => tf.sum(model.apply(input) as tf.Tensor));
  tf.dispose([value, ...Object.values(grads)]);
};
const peak = await peakOf();

/** Billions of operations a second, the best of some runs. */
function rate(operations: number, run: () => void, runs: number): number {
  let least = Infinity;
  for (let i = 0; i < runs; i++) {
    const before = performance.now();
    run();
    least = Math.min(least, performance.now() - before);
  }
  return operations / least / 1e6;
}

const best = { peak: 0, stock: 0, gemm: 0, gradient: 0 };
const keep = (name: keyof typeof best, figure: number) => best[name] = Math.max(best[name], figure);
for (let round = 0; round < ROUNDS; round++) {
  keep("peak", rate(peak.operations, peak.run, 10));
  keep("stock", rate(PRODUCT, product, 10));
  const takeBack = await installKernels(tf);
  keep("gemm", rate(PRODUCT, product, 10));
  keep("gradient", rate(network.operations, gradient, 8));
  await takeBack();
}

console.log(`operations a second, one thread, best of ${ROUNDS} rounds:`);
for (
  const [what, figure] of [
    ["relaxed multiply-add alone, the machine's limit", best.peak],
    [`our ${SIZE}^3 product`, best.gemm],
    [`the whole gradient of ${network.name}`, best.gradient],
    [`stock ${SIZE}^3 product`, best.stock],
  ] as const
) {
  const share = `${(100 * figure / best.peak).toFixed(0)} %`;
  console.log(`  ${what.padEnd(52)} ${figure.toFixed(1).padStart(5)} G  ${share.padStart(5)}`);
}
printTable([{
  what: "rate of the whole gradient",
  against: "stock product",
  times: [network.operations / best.gradient / 1e6, PRODUCT / best.stock / 1e6],
  ratio: best.gradient / best.stock,
  target: { least: 0.9 },
}]);
