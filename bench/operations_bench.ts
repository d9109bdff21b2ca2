/**
 * Single operations of this engine beside those of TensorFlow.js as it is, in turns in one process; the least
 * time counts.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import { installLayerRepairs, installOps } from "../src/engine/ops/mod.ts";
import { leastTime } from "./costs.ts";
import type { Row } from "./row.ts";

const ROUNDS = 8, RUNS = 8;

tf.env().set("PROD", true);
await tf.setBackend("wasm");

const random = <R extends tf.Rank>(...shape: number[]) =>
  tf.randomNormal<R>(shape as tf.ShapeMap[R], 0, 1, "float32", 1);
const kernel = (name: string, inputs: object, attributes: object) => () =>
  tf.engine().runKernel(name, inputs as never, attributes as never) as tf.Tensor;

const volume = random<tf.Rank.R5>(2, 8, 16, 16, 8);
const filter = random<tf.Rank.R5>(3, 3, 3, 8, 16);
const volumeGradient = random<tf.Rank.R5>(2, 8, 16, 16, 16);
const same = { strides: [1, 1, 1], pad: "same", dataFormat: "NDHWC", dilations: [1, 1, 1] };
const row = random<tf.Rank.R2>(1, 2048), weights = random<tf.Rank.R2>(2048, 2048);
const million = random(2 ** 20), pairs = random(2 ** 18, 4), batch = random(2048, 512);
const logits = random(32, 32000), labels = tf.oneHot(tf.range(0, 32, 1, "int32"), 32000);
const slopes = random(32, 32000);
const image = random<tf.Rank.R4>(32, 32, 32, 16), tokens = random(1024, 512);
const batchNormalization = tf.layers.batchNormalization({});
const layerNormalization = tf.layers.layerNormalization({});
const training = { training: true };

const OPERATIONS: Record<string, () => tf.Tensor> = {
  "sum of 2^20": () => tf.sum(million),
  "sum of 2^18 x 4 along rows": () => tf.sum(pairs, 1),
  "sum of 2048 x 512 along columns": () => tf.sum(batch, 0),
  "softmax of 32 x 32000": () => tf.softmax(logits),
  "softmax of 32 x 32000 and its gradient": () => tf.grad((x) => tf.softmax(x))(logits, slopes),
  "log-softmax of 32 x 32000": () => tf.logSoftmax(logits),
  "softmax cross-entropy of 32 x 32000": () => tf.losses.softmaxCrossEntropy(labels, logits),
  "relu of 32 x 32 x 32 x 16 and its gradient": () => tf.grad((x) => tf.relu(x))(image, image),
  "sum of two of them": () => tf.add(image, image),
  "max pooling 2 x 2 of it and its gradient": () =>
    tf.grad((x) => tf.maxPool(x as tf.Tensor4D, 2, 2, "same"))(image),
  "average pooling 2 x 2 of it and its gradient": () =>
    tf.grad((x) => tf.avgPool(x as tf.Tensor4D, 2, 2, "same"))(image),
  "batch normalisation of it and its gradient": () =>
    tf.grad((x) => batchNormalization.apply(x, training) as tf.Tensor)(image, image),
  "layer normalisation of 1024 x 512 and its gradient": () =>
    tf.grad((x) => layerNormalization.apply(x) as tf.Tensor)(tokens, tokens),
  "conv3d 2x8x16x16x8 * 3x3x3x8x16": kernel("Conv3D", { x: volume, filter }, same),
  "its filter gradient": kernel("Conv3DBackpropFilterV2", { x: volume, dy: volumeGradient }, {
    ...same,
    filterShape: filter.shape,
  }),
  "its input gradient": kernel("Conv3DBackpropInputV2", { dy: volumeGradient, filter }, {
    ...same,
    inputShape: volume.shape,
  }),
  "1 x 2048 times 2048 x 2048": () => tf.matMul(row, weights),
  "its input gradient, B transposed": () => tf.matMul(row, weights, false, true),
  "its weight gradient, A transposed": () => tf.matMul(row, row, true, false),
};

/** Largest share of stock's time that they may take. */
const TARGETS: Record<string, number> = { "softmax of 32 x 32000": 1 };

/** Each operation over stock's. */
export async function rows(): Promise<Row[]> {
  const ours = new Map<string, number>(), stock = new Map<string, number>();
  const timeAll = (least: Map<string, number>) => {
    for (const [name, run] of Object.entries(OPERATIONS)) {
      const ms = leastTime(RUNS, () => run().dispose());
      least.set(name, Math.min(ms, least.get(name) ?? Infinity));
    }
  };
  for (let round = 0; round < ROUNDS; round++) {
    timeAll(stock);
    const takeBack = await installOps(tf);
    const takeLayersBack = installLayerRepairs(tf);
    timeAll(ours);
    takeLayersBack();
    await takeBack();
  }
  return [...ours].map(([what, figure]) => ({
    what,
    figure,
    unit: "ms",
    against: { what: "stock WASM", figure: stock.get(what)! },
    ...what in TARGETS && { target: { of: "ratio", most: TARGETS[what] } },
  }));
}
