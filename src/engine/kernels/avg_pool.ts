import type { TensorInfo } from "@tensorflow/tfjs";
import { defineKernel } from "./define_kernel.ts";
import type { KernelContext, KernelRepair } from "./kernel_context.ts";
import { pool2dInfo, pool3dInfo, type PoolAttributes } from "./window_attributes.ts";
import {
  eachTap,
  geometry2d,
  geometry3d,
  hasNegativePadding,
  trimWindows,
  type WindowGeometry,
} from "./window_geometry.ts";
import { floatView, windowsOnHeap } from "./windows_on_heap.ts";

/** Returns the number of input entries in each window: fewer at a padded border. */
function counts(geometry: WindowGeometry): Int32Array {
  const [depth, height, width] = geometry.output;
  const seen = new Int32Array(depth * height * width);
  eachTap({ ...geometry, batch: 1 }, (position) => seen[position]++);
  return seen;
}

/**
 * The stock ops add in float32, which is off by more than a few units beyond this number of
 * entries.
 */
const MAX_FLOAT32_ENTRIES = 64;

/**
 * Returns true if windows need means in float64. The stock 2d ops also keep an address for each
 * entry of each window, and trap if these do not fit in the heap.
 */
function hasLargeWindow({ window }: WindowGeometry): boolean {
  return window.reduce((product, size) => product * size) > MAX_FLOAT32_ENTRIES;
}

/** Computes the mean of the entries in each window, in float64. */
function averagePool(
  context: KernelContext,
  untrimmed: WindowGeometry,
  x: TensorInfo,
  shape: number[],
): TensorInfo {
  const geometry = trimWindows(untrimmed);
  const { channels } = geometry;
  const output = context.backend.makeOutput(shape, "float32");
  const from = floatView(context, x), to = floatView(context, output);
  const seen = counts(geometry);
  const sums = new Float64Array(to.length);
  eachTap(geometry, (position, source) => {
    const o = position * channels, s = source * channels;
    for (let c = 0; c < channels; c++) sums[o + c] += from[s + c];
  });
  for (let i = 0, position = 0; i < to.length; position++) {
    const count = seen[position % seen.length];
    // A window entirely in the padding has no entries; its mean is 0.
    for (let c = 0; c < channels; c++, i++) to[i] = count === 0 ? 0 : sums[i] / count;
  }
  return output;
}

/** Divides each window's gradient equally among its entries. */
function averagePoolGrad(
  context: KernelContext,
  untrimmed: WindowGeometry,
  x: TensorInfo,
  dy: TensorInfo,
): TensorInfo {
  const geometry = trimWindows(untrimmed);
  const { channels } = geometry;
  const output = context.backend.makeOutput(x.shape, "float32");
  const gradient = floatView(context, dy), to = floatView(context, output);
  const seen = counts(geometry);
  to.fill(0);
  eachTap(geometry, (position, source) => {
    const o = position * channels, s = source * channels;
    const share = 1 / seen[position % seen.length];
    for (let c = 0; c < channels; c++) to[s + c] += gradient[o + c] * share;
  });
  return output;
}

/**
 * `AvgPool`. The stock op turns NaN into -Infinity and adds in float32, which puts the mean over
 * 512 x 512 entries off by 0.03 %. Here a window with a NaN gives NaN, and windows are summed in
 * float64.
 */
const avgPoolKernel = defineKernel<PoolAttributes>("AvgPool", (context, { x }, attrs) => {
  const info = pool2dInfo(context.tf, x.shape, attrs);
  if (x.dtype === "float32") {
    return windowsOnHeap(context, "averagePool", [x, x], info, info.outShape);
  }
  const geometry = geometry2d(info);
  if (!hasLargeWindow(geometry)) return context.stock("AvgPool", { x }, attrs);
  return averagePool(context, geometry, x, info.outShape);
});

/**
 * `AvgPoolGrad`. The forward pass divides by the number of entries in a window; the stock gradient
 * divides by the size of the whole window, so it is too small at a border padded with `same`. Here:
 * `dx[i] += dy / entries in the window`.
 */
const avgPoolGradKernel = defineKernel<PoolAttributes>(
  "AvgPoolGrad",
  (context, { dy, input }, attributes) => {
    const info = pool2dInfo(context.tf, input.shape, attributes);
    return windowsOnHeap(context, "averagePoolGradient", [dy, dy], info, info.inShape);
  },
);

/**
 * `AvgPool3D`. With `same` padding and a stride larger than the window, the stock op (and that of
 * `cpu`) may start at the wrong position, and it adds in float32. Here windows start where
 * TensorFlow puts them, and large ones are summed in float64; others still go to the stock op.
 */
const avgPool3dKernel = defineKernel<PoolAttributes>(
  "AvgPool3D",
  (context, { x }, attrs) => {
    const info = pool3dInfo(context.tf, x.shape, attrs);
    const geometry = geometry3d(info);
    if (!hasLargeWindow(geometry) && !hasNegativePadding(info)) {
      return context.stock("AvgPool3D", { x }, attrs);
    }
    return averagePool(context, geometry, x, info.outShape);
  },
);

/**
 * `AvgPool3DGrad`. As with the stock `AvgPoolGrad`, the gradient is too small at the border of
 * `same` padding. Here: `dx[i] += dy / entries in the window`.
 */
const avgPool3dGradKernel = defineKernel<PoolAttributes>(
  "AvgPool3DGrad",
  (context, { dy, input }, attributes) => {
    const info = pool3dInfo(context.tf, input.shape, attributes);
    return averagePoolGrad(context, geometry3d(info), input, dy);
  },
);

/** Ops and gradients that this file installs. */
export const repair: KernelRepair = {
  kernels: [avgPool3dGradKernel, avgPool3dKernel, avgPoolGradKernel, avgPoolKernel],
};
