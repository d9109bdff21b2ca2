import type { Layer } from "../engine/tensorflow.ts";
import { type ActivationRegion, activationRegion } from "./activation_region.ts";

/** The activation that a layer consists of. */
export interface ActivationOfLayer {
  /** Its name, spelled as the activations of TensorFlow.js are. */
  name: string;
  /** Where it is flat. */
  region: ActivationRegion | null;
}

/**
 * Layers that are nothing but an activation: their input is z. (`Activation` itself holds an
 * activation object, as `Dense` does, and is treated like it.)
 *
 * @param layer Any layer.
 * @returns The activation, or `null` if the layer is something else.
 */
export function activationLayer(layer: Layer): ActivationOfLayer | null {
  const { maxValue, theta } = layer as unknown as { maxValue?: number; theta?: number };
  switch (layer.getClassName()) {
    case "ReLU": {
      const region = activationRegion("relu")!;
      return maxValue == null
        ? { name: "relu", region }
        : { name: "relu", region: { ...region, bounded: true, high: maxValue } };
    }
    case "ThresholdedReLU":
      return { name: "thresholdedRelu", region: { ...activationRegion("relu")!, low: theta! } };
    case "ELU":
      return { name: "elu", region: activationRegion("elu") };
    case "LeakyReLU":
      return { name: "leakyRelu", region: null };
    case "PReLU":
      return { name: "prelu", region: null };
    case "Softmax":
      return { name: "softmax", region: null };
    default:
      return null;
  }
}
