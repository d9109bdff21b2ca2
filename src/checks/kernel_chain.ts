import type { LayerMeasurements, WeightMeasurements } from "../measure/measurements.ts";
import { fans } from "../theory/fans.ts";

/** A dense or convolutional layer as initialisers see it. */
export interface KernelLayer {
  /** The row that holds the kernel. */
  layer: LayerMeasurements;
  /** The row that holds the activation: the same, or the one after it. */
  output: LayerMeasurements;
  /** Its kernel. */
  kernel: WeightMeasurements;
  /** Terms in the sum of one output. */
  fanIn: number;
  /** Outputs that one input contributes to. */
  fanOut: number;
  /** sigma_w: the rms of the kernel times the root of the fan-in. */
  sigma: number;
  /** The activation that its outputs go through, in the layer itself or in one right after it. */
  activation: string;
  /** Whether a normalisation follows, which makes the scale of the kernel irrelevant. */
  normalized: boolean;
}

/** Kernels of other layers (recurrent, separable, embeddings) are not judged by a fan-in. */
const CLASSES = /^(Dense|Conv[123]D|Conv[23]DTranspose|DepthwiseConv2D)$/;

/**
 * The dense and convolutional layers with the activation that each one's outputs go through:
 * `Dense(tanh)` and a `Dense` with an `Activation(tanh)` after it are alike.
 *
 * @param layers All layers, in the order of the forward pass.
 */
export function kernelChain(layers: LayerMeasurements[]): KernelLayer[] {
  return layers.flatMap((layer, index) => {
    const kernel = layer.weights[0];
    if (!CLASSES.test(layer.className) || kernel === undefined) return [];
    const { fanIn, fanOut } = fans(kernel.shape, layer.className);
    const next = layers.findIndex(({ weights }, i) =>
      i > index && weights.some(({ shape }) => shape.length >= 2)
    );
    const own = layers.slice(index, next === -1 ? layers.length : next)
      .filter(({ depth }) => depth === layer.depth);
    const active = own.find(({ activation }) => activation !== null && activation !== "linear");
    return [{
      layer,
      output: active ?? layer,
      kernel,
      fanIn,
      fanOut,
      sigma: kernel.values.rms * Math.sqrt(fanIn),
      activation: active?.activation ?? "linear",
      normalized: own.some(({ className }) => className.endsWith("Normalization")),
    }];
  });
}
