import { oneTensor } from "../layers/layer_repair.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import {
  type KerasLayer,
  kerasLayer,
  type KerasLayerFactory,
  type LayerArgs,
} from "./keras_layer.ts";

/** Arguments of a layer that changes pictures in training: any that Keras accepts. */
export type AugmentationArgs = LayerArgs & Record<string, unknown>;

/**
 * Creates a Keras layer that changes pictures at random in training, and otherwise passes them on.
 * Here it also passes them on in training, so a trial sees every picture unchanged.
 *
 * @param className Its name.
 */
export function createAugmentation(className: string): KerasLayerFactory<AugmentationArgs> {
  return kerasLayer((tf: TensorFlow): KerasLayer<AugmentationArgs> =>
    class extends tf.layers.Layer {
      static className = className;
      readonly #settings: AugmentationArgs;

      constructor(args: AugmentationArgs = {}) {
        super(args);
        const { customObjects: _, ...settings } = args;
        this.#settings = settings;
        this.supportsMasking = true;
      }

      override call(inputs: Tensor | Tensor[]): Tensor {
        // A separate tensor, so that the consumers of the layer differ from those of its input.
        return tf.clone(oneTensor(inputs));
      }

      override getConfig() {
        return { ...this.#settings as object, ...super.getConfig() };
      }
    }
  );
}
