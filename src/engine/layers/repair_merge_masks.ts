import type { Tensor } from "../tensorflow.ts";
import type { LayerClass, LayerRepair } from "./layer_repair.ts";

/**
 * The masks of Add, Multiply, Average, Maximum and Minimum. TensorFlow.js gives them an axis too many and
 * leaves out the last input's. Here a step counts where it counts in every input that has a mask.
 */
export const repairMergeMasks: LayerRepair = ({ tf, classOf, patch }) => {
  const names = ["Add", "Multiply", "Average", "Maximum", "Minimum"];
  const known = names.map(classOf).find((layerClass) => layerClass !== undefined);
  const merge = known && Object.getPrototypeOf(known) as LayerClass;
  patch(
    merge,
    "computeMask",
    () =>
      function (_inputs: unknown, mask?: (Tensor | null)[] | Tensor | null) {
        const masks = [mask ?? []].flat().filter((m) => m != null);
        if (masks.length === 0) return null;
        return tf.tidy(() => masks.reduce((a, b) => tf.logicalAnd(a, b)));
      },
  );
};
