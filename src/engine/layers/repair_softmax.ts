import type { Tensor } from "../tensorflow.ts";
import { type LayerRepair, oneTensor } from "./layer_repair.ts";

interface SoftmaxLayer {
  axis: number | number[];
}

/**
 * Repairs Softmax over an axis other than the last: TensorFlow.js throws, though the layer's
 * default axis is 1. Here that axis is swapped with the last one for the operation. The last axis,
 * and several at once, keep TensorFlow.js's code.
 */
export const repairSoftmax: LayerRepair = ({ tf, patch }) => {
  patch(
    "Softmax",
    "call",
    (original) =>
      function (this: SoftmaxLayer, inputs: Tensor | Tensor[], kwargs?: { mask?: Tensor | null }) {
        let x = oneTensor(inputs);
        const axes = [this.axis].flat().map((axis) => axis < 0 ? axis + x.rank : axis);
        if (axes.length > 1 || axes[0] === x.rank - 1) return original.call(this, inputs, kwargs);
        return tf.tidy(() => {
          // Masks as TensorFlow.js does: masked entries get almost no weight.
          const mask = kwargs?.mask;
          if (mask != null) x = tf.add(x, tf.mul(tf.sub(1, tf.cast(mask, "float32")), -1e9));
          const order = x.shape.map((_, axis) => axis);
          [order[axes[0]], order[x.rank - 1]] = [order[x.rank - 1], order[axes[0]]];
          return tf.transpose(tf.softmax(tf.transpose(x, order)), order);
        });
      },
  );
};
