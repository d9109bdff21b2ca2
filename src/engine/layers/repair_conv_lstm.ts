import type { Tensor1D, Tensor4D } from "@tensorflow/tfjs";
import type { Tensor } from "../tensorflow.ts";
import type { LayerRepair } from "./layer_repair.ts";

interface ConvLstmCell {
  strides: [number, number];
  dilationRate: [number, number];
  dataFormat: "channelsFirst" | "channelsLast";
}

/**
 * The cell of a ConvLSTM2D with channels first. It asks for a convolution in that layout, which the WASM
 * backend does not have. Here the channels go last for the convolution and come back after it.
 */
export const repairConvLstm: LayerRepair = ({ tf, patch }) => {
  const channelsFirst = (x: Tensor, f: (x: Tensor4D) => Tensor): Tensor =>
    tf.transpose(f(tf.transpose(x, [0, 2, 3, 1]) as Tensor4D), [0, 3, 1, 2]);

  patch("ConvLSTM2DCell", "inputConv", (original) =>
    function (
      this: ConvLstmCell,
      x: Tensor,
      kernel: Tensor4D,
      bias: Tensor1D | null,
      padding?: "valid" | "same",
    ) {
      if (this.dataFormat !== "channelsFirst") {
        return original.call(this, x, kernel, bias, padding);
      }
      return channelsFirst(x, (image) => {
        const { strides, dilationRate } = this;
        const y = tf.conv2d(image, kernel, strides, padding ?? "valid", "NHWC", dilationRate);
        return bias ? tf.add(y, bias) : y;
      });
    });

  patch(
    "ConvLSTM2DCell",
    "recurrentConv",
    (original) =>
      function (this: ConvLstmCell, x: Tensor, kernel: Tensor4D) {
        if (this.dataFormat !== "channelsFirst") return original.call(this, x, kernel);
        return channelsFirst(x, (image) => tf.conv2d(image, kernel, 1, "same"));
      },
  );
};
