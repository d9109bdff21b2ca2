import type { LayerRepair } from "./layer_repair.ts";

interface Input {
  shape: readonly unknown[];
}

/**
 * Repairs Flatten for flat input, which TensorFlow.js rejects. Here it passes its input on, as in
 * Keras.
 */
export const repairFlatten: LayerRepair = ({ patch }) => {
  patch(
    "Flatten",
    "assertInputCompatibility",
    (original) =>
      function (this: unknown, inputs: Input | Input[]) {
        const isFlat = [inputs].flat().every(({ shape }) => shape.length === 2);
        if (!isFlat) original.call(this, inputs);
      },
  );
};
