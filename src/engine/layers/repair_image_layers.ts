import type { Tensor } from "../tensorflow.ts";
import { type LayerRepair, oneTensor } from "./layer_repair.ts";

interface CenterCropLayer {
  height: number;
  width: number;
}

/**
 * Repairs CenterCrop. TensorFlow.js crops by resampling with `cropAndResize`, which has no
 * gradient. Here the same pixels are sliced out, including its shift to the right of a crop that is
 * one column narrower. Images smaller than the crop are resized, as by TensorFlow.js outside a
 * model; inside one it throws.
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

/**
 * Repairs Resizing and RandomWidth. A model passes every layer a list of inputs; these two pass the
 * list on to the resizing operation, which throws, so they only work outside a model. Here they get
 * the single image.
 */
export const repairResizing: LayerRepair = ({ patch }) => {
  for (const className of ["Resizing", "RandomWidth"]) {
    patch(
      className,
      "call",
      (original) =>
        function (this: unknown, inputs: Tensor | Tensor[], kwargs: unknown) {
          return original.call(this, oneTensor(inputs), kwargs);
        },
    );
  }
};

type Shape = (number | null)[];

/** Returns the shape, unwrapped if it was given in a list of one. */
const oneShape = (shape: Shape | Shape[]): Shape =>
  (Array.isArray(shape[0]) ? shape[0] : shape) as Shape;

/**
 * Repairs the output shapes that some layers announce while a model is built. TensorFlow.js's
 * Resizing and RandomWidth omit the batch axis, so the next layer is built for the wrong size;
 * CenterCrop and CategoryEncoding overwrite the shape that they were given, which belongs to the
 * layer before.
 */
export const repairOutputShapes: LayerRepair = ({ patch }) => {
  patch(
    "Resizing",
    "computeOutputShape",
    () =>
      function (this: { height: number; width: number }, inputShape: Shape | Shape[]) {
        const shape = oneShape(inputShape);
        return [...shape.slice(0, -3), this.height, this.width, shape.at(-1)];
      },
  );
  // The width is drawn in each call.
  patch("RandomWidth", "computeOutputShape", () =>
    function (inputShape: Shape | Shape[]) {
      const shape = oneShape(inputShape);
      return [...shape.slice(0, -2), null, shape.at(-1)];
    });
  for (const className of ["CenterCrop", "CategoryEncoding"]) {
    patch(
      className,
      "computeOutputShape",
      (original) =>
        function (this: unknown, inputShape: Shape | Shape[]) {
          return original.call(this, [...oneShape(inputShape)]);
        },
    );
  }
};
