import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";

/** Makes a tensor that begins with the number under test and goes on with ones. */
type Begin = (...shape: number[]) => Tensor;

/** The first output of a kernel, or the only one. */
const first = (
  name: string,
  inputs: (x: Begin, tf: TensorFlow) => Record<string, Tensor>,
  attributes: object = {},
) =>
(tf: TensorFlow, x: Begin): Tensor =>
  [tf.engine().runKernel(name, inputs(x, tf), { epsilon: 0.1, ...attributes })].flat()[0];

const forward = (x: Begin, tf: TensorFlow) => ({
  x: x(3, 4),
  scale: tf.ones([4]),
  offset: tf.zeros([4]),
});
const backward = (statistics: number) => (x: Begin, tf: TensorFlow) => ({
  dy: x(3, 2),
  x: tf.ones([3, 2]),
  scale: tf.ones([2]),
  mean: tf.ones([statistics]),
  variance: tf.ones([statistics]),
});

/**
 * Calls of kernels that sweep over entries or rows in which the first entry of the input matters.
 */
export const SWEEPS = {
  Add: { run: (tf: TensorFlow, x: Begin) => tf.add(x(2, 3), tf.ones([3])) as Tensor },
  NormalizeColumns: { run: first("NormalizeColumns", forward) },
  NormalizeColumnsGrad: {
    run: first("NormalizeColumnsGrad", backward(2), { isBatch: false }),
  },
  NormalizeRows: { run: first("NormalizeRows", forward) },
  NormalizeRowsGrad: { run: first("NormalizeRowsGrad", backward(3)) },
  Relu: { run: (tf: TensorFlow, x: Begin) => tf.relu(x(3)) },
  Relu6: { run: (tf: TensorFlow, x: Begin) => tf.relu6(x(3)), bounded: true },
  ReluGrad: { run: first("ReluGrad", (x, tf) => ({ dy: x(3), x: tf.ones([3]) })) },
  TanhGrad: { run: first("TanhGrad", (x, tf) => ({ dy: x(3), y: tf.zeros([3]) })) },
};
