import type { TensorInfo } from "@tensorflow/tfjs";
import { defineKernel } from "./define_kernel.ts";
import type { KernelContext, KernelRepair } from "./kernel_context.ts";
import { pool2dInfo, pool3dInfo, type PoolAttributes } from "./window_attributes.ts";
import { eachTap, geometry3d, trimWindows, type WindowGeometry } from "./window_geometry.ts";
import { floatView, windowsOnHeap } from "./windows_on_heap.ts";

/** Finds the largest entry of each window; NaN is larger than any number. */
function maxPool(
  context: KernelContext,
  untrimmed: WindowGeometry,
  x: TensorInfo,
  shape: number[],
): TensorInfo {
  const geometry = trimWindows(untrimmed);
  const { channels } = geometry;
  const output = context.backend.makeOutput(shape, "float32");
  const from = floatView(context, x), to = floatView(context, output);
  to.fill(-Infinity);
  eachTap(geometry, (position, source) => {
    const o = position * channels, s = source * channels;
    for (let c = 0; c < channels; c++) {
      const value = from[s + c];
      if (value > to[o + c] || value !== value) to[o + c] = value;
    }
  });
  return output;
}

/** Gives each window's gradient to its first largest entry. */
function maxPoolGrad(
  context: KernelContext,
  untrimmed: WindowGeometry,
  x: TensorInfo,
  dy: TensorInfo,
): TensorInfo {
  const geometry = trimWindows(untrimmed);
  const { channels } = geometry;
  const output = context.backend.makeOutput(x.shape, "float32");
  const from = floatView(context, x),
    gradient = floatView(context, dy),
    to = floatView(context, output);
  const largest = new Float32Array(gradient.length);
  const where = new Int32Array(gradient.length).fill(-1);
  eachTap(geometry, (position, source) => {
    const o = position * channels, s = source * channels;
    for (let c = 0; c < channels; c++) {
      const value = from[s + c], best = largest[o + c];
      // NaN is largest, and stays: no value compares greater.
      if (where[o + c] < 0 || value > best || (value !== value && best === best)) {
        largest[o + c] = value;
        where[o + c] = s + c;
      }
    }
  });
  to.fill(0);
  // A window entirely in the padding has no entries.
  for (let i = 0; i < where.length; i++) if (where[i] >= 0) to[where[i]] += gradient[i];
  return output;
}

/**
 * `MaxPool`. The stock op ignores NaN, and gives -Infinity for a window of nothing else. Here a
 * window with a NaN gives NaN.
 */
const maxPoolKernel = defineKernel<PoolAttributes>("MaxPool", (context, { x }, attrs) => {
  if (x.dtype !== "float32") return context.stock("MaxPool", { x }, attrs);
  const info = pool2dInfo(context.tf, x.shape, attrs);
  return windowsOnHeap(context, "maxPool", [x, x], info, info.outShape);
});

/**
 * `MaxPoolGrad`. The stock op starts its search for the largest entry at 0, so a window whose
 * largest entry is 0 or less gets no gradient. Here every window gives its `dy` to its first
 * largest entry: `dx[argmax] += dy`.
 */
const maxPoolGradKernel = defineKernel<
  PoolAttributes,
  { dy: TensorInfo; input: TensorInfo }
>("MaxPoolGrad", (context, { dy, input }, attributes) => {
  const info = pool2dInfo(context.tf, input.shape, attributes);
  return windowsOnHeap(context, "maxPoolGradient", [input, dy], info, info.inShape);
});

/**
 * `MaxPool3D`. The stock op starts its search at the smallest positive number, so a window of
 * negative entries gives about 0, and it ignores NaN. Here: `y = max of the window`, NaN if it has
 * one.
 */
const maxPool3dKernel = defineKernel<PoolAttributes>(
  "MaxPool3D",
  (context, { x }, attributes) => {
    const info = pool3dInfo(context.tf, x.shape, attributes);
    return maxPool(context, geometry3d(info), x, info.outShape);
  },
);

/**
 * `MaxPool3DGrad`. Like the stock `MaxPoolGrad`, the stock op loses windows whose largest entry is
 * 0 or less; with a stride larger than the window it may also start at the wrong position. Here:
 * `dx[argmax] += dy`.
 */
const maxPool3dGradKernel = defineKernel<PoolAttributes>(
  "MaxPool3DGrad",
  (context, { dy, input }, attributes) => {
    const info = pool3dInfo(context.tf, input.shape, attributes);
    return maxPoolGrad(context, geometry3d(info), input, dy);
  },
);

/** Ops and gradients that this file installs. */
export const repair: KernelRepair = {
  kernels: [maxPool3dGradKernel, maxPool3dKernel, maxPoolGradKernel, maxPoolKernel],
};
