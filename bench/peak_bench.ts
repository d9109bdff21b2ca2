/**
 * Distance of products from the machine's limit. In one process, in turns: a loop of nothing but
 * relaxed multiply-adds, products by our GEMM, stock TensorFlow.js's product, and the whole
 * gradient of the 10 x 512 network. One thread; the best of all runs counts.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import { installLayerRepairs, installOps } from "../src/engine/ops/mod.ts";
import { quickenOps } from "../src/engine/quicken_ops.ts";
import { processor } from "./machine.ts";
import { leastTime } from "./costs.ts";
import { dense } from "./networks.ts";
import { peakOf } from "./peak_of.ts";
import type { Row } from "./row.ts";

const ROUNDS = 12;

tf.env().set("PROD", true);
await tf.setBackend("wasm");
const network = dense(10, 512, 64);
const { model, input } = network.create(tf);
const peak = await peakOf();

/**
 * Timed work: its number of operations, its repetitions in a round, and the share of the peak that
 * it must reach.
 */
interface Work {
  operations: number;
  run: () => void;
  runs: number;
  least?: number;
}

/** A product of `batch` matrices of m x k by k x n, B stored transposed or not. */
function product(
  [batch, m, k, n]: number[],
  transposeB: boolean,
  { runs, least }: { runs: number; least?: number },
): Work {
  const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, "float32", seed);
  const b = normal(transposeB ? [batch, n, k] : [batch, k, n], 2);
  const [left, right] = [normal([batch, m, k], 1), b].map((x) => batch === 1 ? x.squeeze([0]) : x);
  const run = () => tf.matMul(left, right, false, transposeB).dispose();
  return { operations: 2 * batch * m * n * k, run, runs, least };
}

/** The share of the peak that a large product is to reach: V8 checks the bounds of every load, which AMD hides better. */
const PRODUCT = /AMD/.test(processor()) ? 0.9 : 0.88;

const square = product([1, 512, 512, 512], false, { runs: 10, least: PRODUCT });
const OURS: Record<string, Work> = {
  "512^3 product": square,
  "1024^3 product": product([1, 1024, 1024, 1024], false, { runs: 3, least: PRODUCT }),
  "64 x 512 x 512, B transposed": product([1, 64, 512, 512], true, { runs: 20 }),
  "8 x 12 products 512 x 64 x 512, B transposed": product([96, 512, 64, 512], true, { runs: 1 }),
  "8 x 12 products 512 x 512 x 64": product([96, 512, 512, 64], false, { runs: 1 }),
  [`whole gradient of ${network.name}`]: {
    operations: network.operations,
    run() {
      const { value, grads } = tf.variableGrads(() => tf.sum(model.apply(input) as tf.Tensor));
      tf.dispose([value, ...Object.values(grads)]);
    },
    runs: 8,
    least: 0.72,
  },
};
const PEAK: Work = { ...peak, runs: 10 };
const STOCK: Work = { ...square, least: undefined };

/** Prints the distance of each from the peak, in billions of operations a second. */
export async function rows(): Promise<Row[]> {
  const best = new Map<Work, number>();
  const time = (work: Work) => {
    const rate = work.operations / leastTime(work.runs, work.run) / 1e6;
    best.set(work, Math.max(rate, best.get(work) ?? 0));
  };
  for (let round = 0; round < ROUNDS; round++) {
    time(PEAK);
    time(STOCK);
    // The engine as a program starts it, without its workers: kernels, layers, and less around them.
    const takeBack = [await installOps(tf), installLayerRepairs(tf), quickenOps(tf)];
    Object.values(OURS).forEach(time);
    for (const undo of takeBack.reverse()) await undo();
  }
  const against = { what: "multiply-adds alone", figure: best.get(PEAK)! };
  return Object.entries({ ...OURS, "512^3 product, stock": STOCK }).map(([what, work]) => ({
    what,
    figure: best.get(work)!,
    unit: "G/s",
    against,
    ...work.least !== undefined && { target: { of: "ratio", least: work.least } },
  }));
}
