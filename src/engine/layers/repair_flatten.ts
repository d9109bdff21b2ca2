import type { LayerRepair } from "./layer_repair.ts";

interface Input {
  shape: readonly unknown[];
}

/** Flatten of what is flat already: TensorFlow.js refuses it. Here it passes its input on, as in Keras. */
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
