import type { Tensor } from "../tensorflow.ts";
import { type LayerRepair, oneTensor } from "./layer_repair.ts";

interface CenterCropLayer {
  height: number;
  width: number;
}

/**
 * CenterCrop. TensorFlow.js crops by resampling with `cropAndResize`, which has no gradient. Here the same
 * pixels are sliced out, its habit included of moving a crop that is one column narrower to the right.
 * An image smaller than the crop is resized, as by TensorFlow.js outside a model: inside one it throws.
 */
export const repairCenterCrop: LayerRepair = ({ tf, patch }) => {
  patch(
    "CenterCrop",
    "call",
    (original) =>
      function (this: CenterCropLayer, inputs: Tensor | Tensor[], kwargs: unknown) {
        const x = oneTensor(inputs);
        const [rows, columns] = x.shape.slice(-3);
        const { height, width } = this;
        if (rows < height || columns < width) return original.call(this, x, kwargs);
        const top = Math.floor((rows - height) / 2);
        const left = columns - width === 1 ? 1 : Math.floor((columns - width) / 2);
        const outer = x.shape.slice(0, -3);
        return tf.slice(
          x,
          [...outer.map(() => 0), top, left, 0],
          [...outer, height, width, x.shape[x.rank - 1]],
        );
      },
  );
};
