import { defineOp, type OpContext, type OpRepair } from "./define_op.ts";
import {
  eachTap,
  floatView,
  geometry2d,
  geometry3d,
  hasNegativePadding,
  pool2dInfo,
  pool3dInfo,
  type PoolAttributes,
  trimWindows,
  type WindowGeometry,
  windowsOnHeap,
} from "./windows.ts";
import type { backend_util, TensorInfo } from "@tensorflow/tfjs";

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
  context: OpContext,
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
  context: OpContext,
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
const avgPoolKernel = defineOp<PoolAttributes>("AvgPool", (context, { x }, attrs) => {
  const info = pool2dInfo(context.tf, x.shape, attrs);
  if (x.dtype === "float32") {
    return windowsOnHeap(context, "averagePool", { operands: [x, x], info, shape: info.outShape });
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
const avgPoolGradKernel = defineOp<PoolAttributes>(
  "AvgPoolGrad",
  (context, { dy, input }, attributes) => {
    const info = pool2dInfo(context.tf, input.shape, attributes);
    return windowsOnHeap(context, "averagePoolGradient", {
      operands: [dy, dy],
      info,
      shape: info.inShape,
    });
  },
);

/**
 * `AvgPool3D`. With `same` padding and a stride larger than the window, the stock op (and that of
 * `cpu`) may start at the wrong position, and it adds in float32. Here windows start where
 * TensorFlow puts them, and large ones are summed in float64; others still go to the stock op.
 */
const avgPool3dKernel = defineOp<PoolAttributes>(
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
const avgPool3dGradKernel = defineOp<PoolAttributes>(
  "AvgPool3DGrad",
  (context, { dy, input }, attributes) => {
    const info = pool3dInfo(context.tf, input.shape, attributes);
    return averagePoolGrad(context, geometry3d(info), input, dy);
  },
);

/** Finds the largest entry of each window; NaN is larger than any number. */
function maxPool(
  context: OpContext,
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
  context: OpContext,
  untrimmed: WindowGeometry,
  x: TensorInfo,
  dy: TensorInfo,
): TensorInfo {
  const output = context.backend.makeOutput(x.shape, "float32");
  const gradient = floatView(context, dy), to = floatView(context, output);
  const { input } = winners(trimWindows(untrimmed), floatView(context, x), null);
  to.fill(0);
  // A window entirely in the padding has no entries.
  for (let i = 0; i < input.length; i++) if (input[i] >= 0) to[input[i]] += gradient[i];
  return output;
}

type Entries = Float32Array | Int32Array | Uint8Array;

/**
 * Finds the winner of the window of each output entry: its value, the index of its input entry, and
 * that of its weight (`tap`). Values are input entries, plus weights if there are any. Of equal ones
 * the first wins, and NaN wins over all others. Both indices are -1 for a window in the padding.
 */
function winners(
  geometry: WindowGeometry,
  from: Entries,
  weights: Entries | null,
): { largest: Float32Array; input: Int32Array; tap: Int32Array } {
  const { batch, channels, output } = geometry;
  const size = batch * output[0] * output[1] * output[2] * channels;
  const largest = new Float32Array(size).fill(-Infinity);
  const input = new Int32Array(size).fill(-1), taps = new Int32Array(size).fill(-1);
  eachTap(geometry, (position, source, tap) => {
    const o = position * channels, s = source * channels, w = tap * channels;
    for (let c = 0; c < channels; c++) {
      const value = weights === null ? from[s + c] : from[s + c] + weights[w + c];
      const best = largest[o + c];
      // NaN stays: no value compares greater.
      if (input[o + c] < 0 || value > best || (value !== value && best === best)) {
        largest[o + c] = value;
        input[o + c] = s + c;
        taps[o + c] = w + c;
      }
    }
  });
  return { largest, input, tap: taps };
}

/**
 * `MaxPool`. The stock op ignores NaN, and gives -Infinity for a window of nothing else. Here a
 * window with a NaN gives NaN.
 */
const maxPoolKernel = defineOp<PoolAttributes>("MaxPool", (context, { x }, attrs) => {
  if (x.dtype !== "float32") return context.stock("MaxPool", { x }, attrs);
  const info = pool2dInfo(context.tf, x.shape, attrs);
  return windowsOnHeap(context, "maxPool", { operands: [x, x], info, shape: info.outShape });
});

/**
 * `MaxPoolGrad`. The stock op starts its search for the largest entry at 0, so a window whose
 * largest entry is 0 or less gets no gradient. Here every window gives its `dy` to its first
 * largest entry: `dx[argmax] += dy`.
 */
const maxPoolGradKernel = defineOp<
  PoolAttributes,
  { dy: TensorInfo; input: TensorInfo }
>("MaxPoolGrad", (context, { dy, input }, attributes) => {
  const info = pool2dInfo(context.tf, input.shape, attributes);
  return windowsOnHeap(context, "maxPoolGradient", {
    operands: [input, dy],
    info,
    shape: info.inShape,
  });
});

/**
 * `MaxPool3D`. The stock op starts its search at the smallest positive number, so a window of
 * negative entries gives about 0, and it ignores NaN. Here: `y = max of the window`, NaN if it has
 * one.
 */
const maxPool3dKernel = defineOp<PoolAttributes>(
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
const maxPool3dGradKernel = defineOp<PoolAttributes>(
  "MaxPool3DGrad",
  (context, { dy, input }, attributes) => {
    const info = pool3dInfo(context.tf, input.shape, attributes);
    return maxPoolGrad(context, geometry3d(info), input, dy);
  },
);

/** Attributes of `Dilation2D` and of its gradients. */
interface Dilation2dAttributes {
  strides: number | [number, number];
  pad: "valid" | "same" | number | backend_util.ExplicitPadding;
  dilations: number | [number, number];
}

/** Returns the geometry and output shape of a morphological dilation. */
function dilation2dGeometry(
  { tf }: OpContext,
  x: TensorInfo,
  filter: TensorInfo,
  attrs: unknown,
): { geometry: WindowGeometry; shape: number[] } {
  const { strides, pad, dilations } = attrs as Dilation2dAttributes;
  const info = tf.backend_util.computeDilation2DInfo(
    x.shape as [number, number, number, number],
    filter.shape as [number, number, number],
    strides,
    pad as "valid",
    "NHWC",
    dilations,
  );
  return { geometry: geometry2d(info), shape: info.outShape };
}

/**
 * `Dilation2D`, the largest `x + filter` over each window. The stock op starts its search at the
 * smallest positive number and returns that if all sums of a window are 0 or less. Here NaN is
 * larger than any number.
 */
const dilation2dKernel = defineOp<unknown>(
  "Dilation2D",
  (context, { x, filter }, attrs) => {
    const view = (info: TensorInfo) => context.backend.typedArrayFromHeap(info);
    const { geometry, shape } = dilation2dGeometry(context, x, filter, attrs);
    const output = context.backend.makeOutput(shape, x.dtype);
    const { largest } = winners(geometry, view(x), view(filter));
    view(output).set(largest);
    return output;
  },
);

/**
 * `Dilation2DBackpropFilter`. The stock op starts its search at the smallest positive number and,
 * if no sum of a window is larger, picks the first. Here each `dy` goes to the filter entry with
 * the largest sum in its window.
 */
const dilation2dBackpropFilterKernel = defineOp<unknown>(
  "Dilation2DBackpropFilter",
  (context, { x, filter, dy }, attrs) => {
    const view = (info: TensorInfo) => context.backend.typedArrayFromHeap(info);
    const { geometry } = dilation2dGeometry(context, x, filter, attrs);
    const dw = context.backend.makeOutput(filter.shape, x.dtype);
    const { tap } = winners(geometry, view(x), view(filter));
    const gradient = view(dy);
    const sums = new Float64Array(filter.shape.reduce((a, b) => a * b));
    tap.forEach((winner, i) => {
      if (winner >= 0) sums[winner] += gradient[i];
    });
    view(dw).set(sums);
    return dw;
  },
);

/**
 * `Dilation2DBackpropInput`. The stock op starts its search at the smallest positive number and, if
 * no sum of a window is larger, picks the first. Here each `dy` goes to the input entry with the
 * largest sum in its window.
 */
const dilation2dBackpropInputKernel = defineOp<unknown>(
  "Dilation2DBackpropInput",
  (context, { x, filter, dy }, attrs) => {
    const view = (info: TensorInfo) => context.backend.typedArrayFromHeap(info);
    const { geometry } = dilation2dGeometry(context, x, filter, attrs);
    const dx = context.backend.makeOutput(x.shape, x.dtype);
    const { input } = winners(geometry, view(x), view(filter));
    const gradient = view(dy);
    const to = view(dx);
    to.fill(0);
    input.forEach((winner, i) => {
      if (winner >= 0) to[winner] += gradient[i];
    });
    return dx;
  },
);

/** Ops and gradients that this file installs. */
export const poolingRepair: OpRepair = {
  kernels: [
    avgPool3dGradKernel,
    avgPool3dKernel,
    avgPoolGradKernel,
    avgPoolKernel,
    maxPool3dGradKernel,
    maxPool3dKernel,
    maxPoolGradKernel,
    maxPoolKernel,
    dilation2dBackpropFilterKernel,
    dilation2dBackpropInputKernel,
    dilation2dKernel,
  ],
};
