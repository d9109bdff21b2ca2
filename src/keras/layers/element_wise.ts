import { type LayerWeight, oneTensor } from "../../engine/repairs/layer_repair.ts";
import type { Tensor } from "../../engine/tensorflow.ts";
import { InputError, refusal } from "../../ground/words/input_error.ts";
import {
  kerasLayer,
  type KerasLayerFactory,
  type LayerArgs,
  stockClass,
} from "../../engine/keras_layer.ts";

/** Arguments of a Subtract. */
export interface SubtractArgs extends LayerArgs {
  /**
   * Treatment of masks: `none` if the layer represents an operation of Keras, which ignores masks.
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
      const [a, b] = twoOf(inputs, this.name);
      return tf.sub(a, b);
    }

    override getConfig() {
      return { ...super.getConfig(), ...this.maskRule && { maskRule: this.maskRule } };
    }
  };
});

function twoOf(inputs: Tensor[], name: string): Tensor[] {
  if (inputs.length === 2) return inputs;
  throw new InputError(refusal`${name} has ${inputs.length} inputs, expected 2`);
}

/** Arguments of a CustomScaleLayer. */
export interface CustomScaleLayerArgs extends LayerArgs {
  /** Factor of the second input. */
  scale: number;
}

/**
 * CustomScaleLayer of the InceptionResNetV2 in `keras.applications`: the first input plus the second
 * times a constant.
 */
export const createCustomScaleLayer: KerasLayerFactory<CustomScaleLayerArgs> = kerasLayer((tf) => {
  const Merge = stockClass<unknown, [LayerArgs]>(tf, "Add", 1);
  return class CustomScaleLayer extends Merge {
    static className = "CustomScaleLayer";
    /** Keras ignores masks here. */
    readonly maskRule = "none";
    readonly scale: number;

    constructor(args: CustomScaleLayerArgs) {
      super(args);
      this.scale = args.scale;
    }

    mergeFunction(inputs: Tensor[]): Tensor {
      const [a, b] = twoOf(inputs, this.name);
      return tf.add(a, tf.mul(b, this.scale));
    }

    override getConfig() {
      return { ...super.getConfig(), scale: this.scale };
    }
  };
});

/** Arguments of a LayerScale. */
export interface LayerScaleArgs extends LayerArgs {
  /** First value of each factor. */
  initValues: number;
  /** Number of channels. */
  projectionDim: number;
}

/** LayerScale of the ConvNeXt in `keras.applications`: each channel times a trained factor. */
export const createLayerScale: KerasLayerFactory<LayerScaleArgs> = kerasLayer((tf) =>
  class LayerScale extends tf.layers.Layer {
    static className = "LayerScale";
    readonly #given: Pick<LayerScaleArgs, "initValues" | "projectionDim">;
    #gamma: LayerWeight | null = null;

    constructor(args: LayerScaleArgs) {
      super(args);
      this.#given = { initValues: args.initValues, projectionDim: args.projectionDim };
    }

    override build(inputShape: number[]): void {
      const { initValues: value, projectionDim } = this.#given;
      const constant = tf.initializers.constant({ value });
      this.#gamma = this.addWeight("gamma", [projectionDim], "float32", constant);
      super.build(inputShape);
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => tf.mul(oneTensor(inputs), this.#gamma!.read()));
    }

    override getConfig() {
      return { ...super.getConfig(), ...this.#given };
    }
  }
);
