import type { Tensor } from "../tensorflow.ts";
import { type LayerRepair, oneTensor } from "./layer_repair.ts";

/**
 * Resizing and RandomWidth. A model hands every layer a list of inputs; TensorFlow.js's two hand the list
 * on to the resizing operation, which throws, so that they work outside a model only. Here they get the
 * one image.
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
