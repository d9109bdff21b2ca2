import { oneTensor } from "../layers/layer_repair.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import {
  type KerasLayer,
  kerasLayer,
  type KerasLayerFactory,
  type LayerArgs,
} from "./keras_layer.ts";

/** Arguments of a layer that changes pictures in training: whatever Keras takes. */
export type AugmentationArgs = LayerArgs & Record<string, unknown>;

/**
 * A layer of Keras that changes pictures at random in training, and passes them on as they are otherwise. Here it
 * passes them on in training, too: a trial sees every picture as it is.
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
        // A tensor of its own, so that what reads the layer is told from what reads its input.
        return tf.clone(oneTensor(inputs));
      }

      override getConfig() {
        return { ...this.#settings as object, ...super.getConfig() };
      }
    }
  );
}
