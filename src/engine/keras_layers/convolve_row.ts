import type { Tensor4D } from "@tensorflow/tfjs";
import { type LayerActivation, type LayerWeight, oneTensor } from "../layers/layer_repair.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";

/** Members of a layer that convolves sequences. */
interface SequenceLayer {
  dataFormat: "channelsFirst" | "channelsLast";
  bias: LayerWeight | null;
  activation: LayerActivation;
}

/**
 * Convolves sequences as pictures of one row, for which TensorFlow.js has ops; then adds the bias,
 * and applies the activation.
 *
 * @param inputs Inputs of the layer's call.
 * @param convolve Convolves rows of [examples, 1, steps, channels].
 */
export function convolveRow(
  tf: TensorFlow,
  { dataFormat, bias, activation }: SequenceLayer,
  inputs: Tensor | Tensor[],
  convolve: (rows: Tensor4D) => Tensor,
): Tensor {
  return tf.tidy(() => {
    const x = oneTensor(inputs);
    // Moves the channels last for the convolution, and back after it.
    const turned = (x: Tensor) => dataFormat === "channelsFirst" ? tf.transpose(x, [0, 2, 1]) : x;
    const y: Tensor = tf.squeeze(convolve(tf.expandDims(turned(x), 1) as Tensor4D), [1]);
    return activation.apply(turned(bias ? tf.add(y, bias.read()) : y));
  });
}

/** Returns a kernel of one axis as one for pictures of one row. */
export const kernelOfRow = (tf: TensorFlow, kernel: Tensor): Tensor4D =>
  tf.expandDims(kernel, 0) as Tensor4D;
