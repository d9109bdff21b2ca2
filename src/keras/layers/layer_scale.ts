import { type LayerWeight, oneTensor } from "../../engine/repairs/layer_repair.ts";
import type { Tensor } from "../../engine/tensorflow.ts";
import { kerasLayer, type KerasLayerFactory, type LayerArgs } from "./keras_layer.ts";

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
