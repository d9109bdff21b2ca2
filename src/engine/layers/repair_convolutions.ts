import type { Tensor1D, Tensor3D, Tensor4D } from "@tensorflow/tfjs";
import { showValue } from "../../words/show_value.ts";
import type { Tensor } from "../tensorflow.ts";
import {
  type LayerActivation,
  type LayerRepair,
  type LayerWeight,
  oneTensor,
} from "./layer_repair.ts";

interface ConvLayer {
  rank: 1 | 2;
  kernel: LayerWeight;
  bias: LayerWeight | null;
  kernelSize: number[];
  strides: number[];
  padding: "valid" | "same" | "causal";
  dilationRate: number | number[];
  dataFormat: "channelsFirst" | "channelsLast";
  activation: LayerActivation;
}

/**
 * Conv1D and Conv2D. TensorFlow.js throws for a causal Conv1D and promises a wrong output shape for it,
 * returns channels last from a channels-first Conv1D, and refuses the gradient of a dilated Conv2D in its
 * fused operation, whatever gradient the convolution itself has. Here those three are put together from
 * padding, convolution, bias and activation; any other Conv1D or Conv2D goes its own way.
 */
export const repairConvolutions: LayerRepair = ({ tf, patch }) => {
  const rates = (layer: ConvLayer) => [layer.dilationRate].flat();

  function needsRepair(layer: ConvLayer): boolean {
    if (layer.rank === 2) return rates(layer).some((rate) => rate > 1);
    return layer.padding === "causal" || layer.dataFormat === "channelsFirst";
  }

  function convolve(layer: ConvLayer, x: Tensor): Tensor {
    const kernel = layer.kernel.read();
    const dilations = rates(layer);
    if (layer.rank === 2) {
      return tf.conv2d(
        x as Tensor4D,
        kernel as Tensor4D,
        layer.strides as [number, number],
        layer.padding as "valid" | "same",
        "NHWC",
        [dilations[0], dilations.at(-1)!],
      );
    }
    if (layer.padding === "causal") return convolveCausally(layer, x as Tensor3D);
    return tf.conv1d(
      x as Tensor3D,
      kernel as Tensor3D,
      layer.strides[0],
      layer.padding as "valid" | "same",
      "NWC",
      dilations[0],
    );
  }

  /** Without the taps that look back further than the input is long: they meet nothing but padding. */
  function convolveCausally(layer: ConvLayer, x: Tensor3D): Tensor {
    const [rate] = rates(layer);
    if (!(rate >= 1)) {
      throw new RangeError(
        `The dilation rate of a causal convolution is ${showValue(rate)}, expected at least 1`,
      );
    }
    const kernel = layer.kernel.read() as Tensor3D;
    const taps = Math.min(kernel.shape[0], 1 + Math.max(0, Math.floor((x.shape[1] - 1) / rate)));
    const seen = taps === kernel.shape[0]
      ? kernel
      : tf.slice(kernel, [kernel.shape[0] - taps, 0, 0], [taps, -1, -1]);
    const padded = tf.pad(x, [[0, 0], [(taps - 1) * rate, 0], [0, 0]]);
    // One tap has no gaps.
    return tf.conv1d(padded, seen, layer.strides[0], "valid", "NWC", taps === 1 ? 1 : rate);
  }

  for (const className of ["Conv1D", "Conv2D"]) {
    patch(
      className,
      "call",
      (original) =>
        function (this: ConvLayer, inputs: Tensor | Tensor[], kwargs: unknown) {
          if (!needsRepair(this)) return original.call(this, inputs, kwargs);
          return tf.tidy(() => {
            const first = this.dataFormat === "channelsFirst";
            const [toLast, toFirst] = this.rank === 1
              ? [[0, 2, 1], [0, 2, 1]]
              : [[0, 2, 3, 1], [0, 3, 1, 2]];
            const x = oneTensor(inputs);
            let y = convolve(this, first ? tf.transpose(x, toLast) : x);
            if (this.bias) y = tf.add(y, this.bias.read());
            if (first) y = tf.transpose(y, toFirst);
            return this.activation.apply(y);
          });
        },
    );
  }

  // With the reach of the window put before it, a causal input gives as many steps as a padded one.
  patch(
    "Conv1D",
    "computeOutputShape",
    (original) =>
      function (this: ConvLayer, inputShape: unknown) {
        const layer = this.padding === "causal"
          ? Object.create(this, { padding: { value: "same" } })
          : this;
        return original.call(layer, inputShape);
      },
  );
};

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
