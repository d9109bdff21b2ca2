import type { Tensor4D } from "@tensorflow/tfjs";
import { type LayerActivation, type LayerWeight, oneTensor } from "../layers/layer_repair.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";

/** What a layer that convolves sequences has. */
interface SequenceLayer {
  dataFormat: "channelsFirst" | "channelsLast";
  bias: LayerWeight | null;
  activation: LayerActivation;
}

/**
 * Convolves sequences as pictures of one row, which TensorFlow.js has kernels for; then adds the bias, and applies the
 * activation.
 *
 * @param inputs What the layer was called with.
 * @param convolve Makes other rows of [examples, 1, steps, channels].
 */
export function convolveRow(
  tf: TensorFlow,
  { dataFormat, bias, activation }: SequenceLayer,
  inputs: Tensor | Tensor[],
  convolve: (rows: Tensor4D) => Tensor,
): Tensor {
  return tf.tidy(() => {
    const x = oneTensor(inputs);
    // Channels go last for the convolution, and come back after it.
    const turned = (x: Tensor) => dataFormat === "channelsFirst" ? tf.transpose(x, [0, 2, 1]) : x;
    const y: Tensor = tf.squeeze(convolve(tf.expandDims(turned(x), 1) as Tensor4D), [1]);
    return activation.apply(turned(bias ? tf.add(y, bias.read()) : y));
  });
}

/** A kernel of one axis as one of pictures of one row. */
export const kernelOfRow = (tf: TensorFlow, kernel: Tensor): Tensor4D =>
  tf.expandDims(kernel, 0) as Tensor4D;
