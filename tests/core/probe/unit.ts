import type { LayersModel, Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";

/** Returns a column of numbers. */
export const column = (tf: TensorFlow, ...values: number[]) =>
  tf.tensor2d(values, [values.length, 1]);

/** Unit without a bias, whose kernel is given, with other options of its layer. */
export const unitLayer = (tf: TensorFlow, kernel: readonly number[], options: object = {}) =>
  tf.layers.dense({
    name: "unit",
    units: 1,
    useBias: false,
    inputShape: [kernel.length],
    weights: [column(tf, ...kernel) as Tensor],
    ...options,
  });

/** Model of that unit alone. */
export const unitModel = (
  tf: TensorFlow,
  kernel: readonly number[],
  options: object = {},
): LayersModel => tf.sequential({ layers: [unitLayer(tf, kernel, options)] });
