import { InputError, refusal } from "../../words/input_error.ts";
import type { Tensor } from "../../engine/tensorflow.ts";
import { kerasLayer, type KerasLayerFactory, type LayerArgs, stockClass } from "./keras_layer.ts";

/** Arguments of a Subtract. */
export interface SubtractArgs extends LayerArgs {
  /**
   * Treatment of masks: `none` if the layer stands for an operation of Keras, which ignores them.
   */
  maskRule?: "keras3" | "none";
}

/** Subtract: the first input minus the second. */
export const createSubtract: KerasLayerFactory<SubtractArgs> = kerasLayer((tf) => {
  const Merge = stockClass<unknown, [SubtractArgs]>(tf, "Add", 1);
  return class Subtract extends Merge {
    static className = "Subtract";
    readonly maskRule: SubtractArgs["maskRule"];

    constructor(args: SubtractArgs = {}) {
      super(args);
      this.maskRule = args.maskRule;
    }

    /** Called by TensorFlow.js's base of all merges, with inputs whose axes fit. */
    mergeFunction(inputs: Tensor[]): Tensor {
      if (inputs.length !== 2) {
        throw new InputError(refusal`${this.name} has ${inputs.length} inputs, expected 2`);
      }
      return tf.sub(inputs[0], inputs[1]);
    }

    override getConfig() {
      return { ...super.getConfig(), ...this.maskRule && { maskRule: this.maskRule } };
    }
  };
});
