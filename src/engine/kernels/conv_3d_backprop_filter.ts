import { defineKernel } from "./define_kernel.ts";
import { eachTap, geometry3d } from "./window_geometry.ts";

/** Attributes of `Conv3DBackpropFilterV2`; `dilations` is our addition. */
export interface Conv3dBackpropFilterAttributes {
  filterShape: [number, number, number, number, number];
  strides: number | [number, number, number];
  pad: "valid" | "same";
  dilations?: number | [number, number, number];
}

/**
 * `Conv3DBackpropFilterV2`, the gradient of a 3d convolution with respect to its kernel. The stock
 * kernel is wrong for strides larger than 1. Here, for each output position `o` and tap `k` of its
 * window at input position `i`: `dW[k, in, out] += x[i, in] dy[o, out]`.
 */
export const conv3dBackpropFilterKernel = defineKernel<Conv3dBackpropFilterAttributes>(
  "Conv3DBackpropFilterV2",
  (context, { x, dy }, { filterShape, strides, pad, dilations = 1 }) => {
    const info = context.tf.backend_util.computeConv3DInfo(
      x.shape as [number, number, number, number, number],
      filterShape,
      strides,
      dilations,
      pad,
    );
    const { inChannels, outChannels } = info;
    const dw = context.backend.makeOutput(filterShape, "float32");
    const from = context.backend.typedArrayFromHeap(x);
    const gradient = context.backend.typedArrayFromHeap(dy);
    // Every entry sums over the whole batch and all positions: in float64.
    const sums = new Float64Array(info.filterShape.reduce((a, b) => a * b));
    eachTap(geometry3d(info), (position, source, tap) => {
      const o = position * outChannels, s = source * inChannels;
      for (let i = 0; i < inChannels; i++) {
        const w = (tap * inChannels + i) * outChannels;
        const value = from[s + i];
        for (let j = 0; j < outChannels; j++) sums[w + j] += value * gradient[o + j];
      }
    });
    context.backend.typedArrayFromHeap(dw).set(sums);
    return dw;
  },
);
