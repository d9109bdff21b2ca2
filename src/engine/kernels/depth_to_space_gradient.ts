import type { Tensor } from "../tensorflow.ts";
import type { GradientFactory } from "./kernel_context.ts";

/** Attributes of `DepthToSpace`. */
interface DepthToSpaceAttributes {
  blockSize: number;
  dataFormat: "NHWC" | "NCHW";
}

/**
 * The gradient of `DepthToSpace`, the pixel shuffle that super-resolution models end with (in a layer of
 * their own): every entry of `dy` goes back to the channel that it came from. TensorFlow.js has none.
 */
export const depthToSpaceGradient: GradientFactory = ({ tf }) => ({
  kernelName: "DepthToSpace",
  inputsToSave: ["x"],
  gradFunc(gradient, saved, attrs) {
    const dy = gradient as Tensor;
    const [x] = saved as Tensor[];
    const { blockSize: n, dataFormat } = attrs as unknown as DepthToSpaceAttributes;
    const [batch, a, b, c] = dy.shape;
    const [blocks, order] = dataFormat === "NHWC"
      ? [[batch, a / n, n, b / n, n, c], [0, 1, 3, 2, 4, 5]]
      : [[batch, a, b / n, n, c / n, n], [0, 3, 5, 1, 2, 4]];
    return { x: () => tf.reshape(tf.transpose(tf.reshape(dy, blocks), order), x.shape) };
  },
});
