import { defineKernel } from "./define_kernel.ts";
import { eachTap, geometry3d, hasNegativePadding } from "./window_geometry.ts";

/** Attributes of `Conv3D`. */
export interface Conv3dAttributes {
  strides: number | [number, number, number];
  pad: "valid" | "same";
  dilations: number | [number, number, number];
}

/**
 * `Conv3D`. With `same` padding and a stride larger than the window the stock kernel (and that of `cpu`)
 * may begin at the wrong place. Here windows begin where TensorFlow puts them:
 * `y[o, out] = sum over taps k and in of x[i, in] W[k, in, out]`; other shapes still go to the stock
 * kernel.
 */
export const conv3dKernel = defineKernel<Conv3dAttributes>(
  "Conv3D",
  (context, { x, filter }, attrs) => {
    const { strides, pad, dilations } = attrs;
    const info = context.tf.backend_util.computeConv3DInfo(
      x.shape as [number, number, number, number, number],
      filter.shape as [number, number, number, number, number],
      strides,
      dilations,
      pad,
    );
    if (!hasNegativePadding(info)) return context.stock("Conv3D", { x, filter }, attrs);
    const { inChannels, outChannels } = info;
    const output = context.backend.makeOutput(info.outShape, "float32");
    const from = context.backend.typedArrayFromHeap(x);
    const weights = context.backend.typedArrayFromHeap(filter);
    const to = context.backend.typedArrayFromHeap(output);
    const sums = new Float64Array(to.length);
    eachTap(geometry3d(info), (position, source, tap) => {
      const o = position * outChannels, s = source * inChannels;
      for (let i = 0; i < inChannels; i++) {
        const w = (tap * inChannels + i) * outChannels;
        const value = from[s + i];
        for (let j = 0; j < outChannels; j++) sums[o + j] += value * weights[w + j];
      }
    });
    to.set(sums);
    return output;
  },
);
