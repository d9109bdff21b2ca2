import type { LayerMeasurements, WeightMeasurements } from "../measure/measurements.ts";
import { type Fans, fans } from "../theory/fans.ts";

/** A dense or convolutional layer as initialisers see it. */
export interface KernelLayer {
  /** The row that holds the kernel. */
  layer: LayerMeasurements;
  /** The row that holds the activation: the same, or the one after it. */
  output: LayerMeasurements;
  /** Its kernel. */
  kernel: WeightMeasurements;
  /** The fans that initialisers reckon with: from the shape alone. */
  fans: Fans;
  /** Terms in the sum of one output, in the mean: where a transposed convolution strides, they are fewer. */
  fanIn: number;
  /** How many units it has, or channels. */
  units: number;
  /** sigma_w: the rms of the kernel times the root of the fan-in. */
  sigma: number;
  /** The activation that its outputs go through, in the layer itself or in one right after it. */
  activation: string;
  /** Whether it ends a branch that is added to another, as in a residual block. */
  added: boolean;
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
  const chain: KernelLayer[] = [];
  layers.forEach((layer, index) => {
    const kernel = layer.weights[0];
    if (!CLASSES.test(layer.className) || kernel === undefined || kernel.shape.length < 2) return;
    const own = fans(kernel.shape, layer.className);
    const strides = (layer.strides ?? []).reduce((product, stride) => product * stride, 1);
    const fanIn = own.fanIn / strides;
    let active: LayerMeasurements | null = null;
    let normalized = false;
    let added = false;
    // Plain loops: a study asks for this eight times a point.
    for (let i = index; i < layers.length; i++) {
      const next = layers[i];
      if (i > index && next.weights.some(({ shape }) => shape.length >= 2)) break;
      if (next.depth !== layer.depth) continue;
      if (next.activation !== null && next.activation !== "linear") active ??= next;
      added ||= next.className === "Add";
      normalized ||= next.className.endsWith("Normalization");
    }
    chain.push({
      layer,
      output: active ?? layer,
      kernel,
      fans: own,
      fanIn,
      units: kernel.shape.at(layer.className.endsWith("Transpose") ? -2 : -1)!,
      sigma: kernel.values.rms * Math.sqrt(fanIn),
      activation: active?.activation ?? "linear",
      added,
      normalized,
    });
  });
  return chain;
}
