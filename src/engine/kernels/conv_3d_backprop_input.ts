import { defineKernel } from "./define_kernel.ts";
import { eachTap, geometry3d } from "./window_geometry.ts";

/** Attributes of `Conv3DBackpropInputV2`; `dilations` is our addition. */
export interface Conv3dBackpropInputAttributes {
  inputShape: [number, number, number, number, number];
  strides: number | [number, number, number];
  pad: "valid" | "same";
  dilations?: number | [number, number, number];
}

/**
 * `Conv3DBackpropInputV2`, the gradient of a 3d convolution with respect to its input, and the forward
 * pass of a transposed one. The stock kernel was wrong in every shape tried. Here, for each output
 * position `o` and tap `k` of its window at input position `i`: `dx[i, in] += sum over out of
 * dy[o, out] W[k, in, out]`.
 */
export const conv3dBackpropInputKernel = defineKernel<Conv3dBackpropInputAttributes>(
  "Conv3DBackpropInputV2",
  (context, { dy, filter }, { inputShape, strides, pad, dilations = 1 }) => {
    const info = context.tf.backend_util.computeConv3DInfo(
      inputShape,
      filter.shape as [number, number, number, number, number],
      strides,
      dilations,
      pad,
    );
    const { inChannels, outChannels } = info;
    const dx = context.backend.makeOutput(inputShape, "float32");
    const gradient = context.backend.typedArrayFromHeap(dy);
    const weights = context.backend.typedArrayFromHeap(filter);
    const to = context.backend.typedArrayFromHeap(dx);
    // Sums of many terms stay in float64 until they are whole.
    const sums = new Float64Array(to.length);
    eachTap(geometry3d(info), (position, source, tap) => {
      const o = position * outChannels, s = source * inChannels;
      for (let i = 0; i < inChannels; i++) {
        const w = (tap * inChannels + i) * outChannels;
        let sum = 0;
        for (let j = 0; j < outChannels; j++) sum += gradient[o + j] * weights[w + j];
        sums[s + i] += sum;
      }
    });
    to.set(sums);
    return dx;
  },
);
