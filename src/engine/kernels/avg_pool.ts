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

/** How many entries of the input each window sees: fewer at a padded border. */
function counts(geometry: WindowGeometry): Int32Array {
  const [depth, height, width] = geometry.output;
  const seen = new Int32Array(depth * height * width);
  eachTap({ ...geometry, batch: 1 }, (position) => seen[position]++);
  return seen;
}

/** The stock kernels add in float32: beyond so many entries that is off by more than a few units. */
const FEW_ENTRIES = 64;

/**
 * Whether windows are so large that their means must be taken in float64. The stock kernels for 2d also
 * keep an address for each entry of each window, and trap where these do not fit the heap.
 */
function hasLargeWindow({ window }: WindowGeometry): boolean {
  return window.reduce((product, size) => product * size) > FEW_ENTRIES;
}

/** The mean of the entries that each window sees, in float64. */
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
    // A window that lies in the padding altogether has no entry, and 0 for its mean.
    for (let c = 0; c < channels; c++, i++) to[i] = count === 0 ? 0 : sums[i] / count;
  }
  return output;
}

/** Shares each window's gradient equally among the entries that it sees. */
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
 * `AvgPool`. The stock kernel turns NaN into -Infinity and adds in float32, which puts the mean over 512
 * x 512 entries off by 0.03 %. Here a window with a NaN gives NaN, and windows are added up in float64.
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
 * `AvgPoolGrad`. The forward pass divides by the entries that a window sees; the stock gradient divides
 * by the size of the whole window, so it is too small at a border padded with `same`. Here:
 * `dx[i] += dy / entries seen`.
 */
const avgPoolGradKernel = defineKernel<PoolAttributes>(
  "AvgPoolGrad",
  (context, { dy, input }, attributes) => {
    const info = pool2dInfo(context.tf, input.shape, attributes);
    return windowsOnHeap(context, "averagePoolGradient", [dy, dy], info, info.inShape);
  },
);

/**
 * `AvgPool3D`. With `same` padding and a stride larger than the window the stock kernel (and that of
 * `cpu`) may begin at the wrong place, and it adds in float32. Here windows begin where TensorFlow puts
 * them, and large ones are added up in float64; others still go to the stock kernel.
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
 * `AvgPool3DGrad`. As with the stock `AvgPoolGrad`, the border of `same` padding comes out too small.
 * Here: `dx[i] += dy / entries seen`.
 */
const avgPool3dGradKernel = defineKernel<PoolAttributes>(
  "AvgPool3DGrad",
  (context, { dy, input }, attributes) => {
    const info = pool3dInfo(context.tf, input.shape, attributes);
    return averagePoolGrad(context, geometry3d(info), input, dy);
  },
);

/** What this file puts in place. */
export const repair: KernelRepair = {
  kernels: [avgPool3dGradKernel, avgPool3dKernel, avgPoolGradKernel, avgPoolKernel],
};
