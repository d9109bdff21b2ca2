import { defineOp, type OpContext, type OpRepair } from "./define_op.ts";
import { eachTap, geometry2d, type WindowGeometry } from "./windows.ts";
import type { backend_util, TensorInfo } from "@tensorflow/tfjs";

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
 * Finds, for each output entry, the input and filter entries with the largest sum in its window:
 * the first of equals; NaN is largest. -1 if a window is entirely in the padding.
 */
function dilation2dWinners(
  context: OpContext,
  geometry: WindowGeometry,
  x: TensorInfo,
  filter: TensorInfo,
): { largest: Float32Array; input: Int32Array; tap: Int32Array } {
  const view = (info: TensorInfo) => context.backend.typedArrayFromHeap(info);
  const from = view(x), weights = view(filter);
  const { batch, channels, output } = geometry;
  const size = batch * output[0] * output[1] * output[2] * channels;
  const largest = new Float32Array(size).fill(-Infinity);
  const input = new Int32Array(size).fill(-1), taps = new Int32Array(size).fill(-1);
  eachTap(geometry, (position, source, tap) => {
    const o = position * channels, s = source * channels, w = tap * channels;
    for (let c = 0; c < channels; c++) {
      const value = from[s + c] + weights[w + c], best = largest[o + c];
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
 * `Dilation2D`, the largest `x + filter` over each window. The stock op starts its search at the
 * smallest positive number and returns that if all sums of a window are 0 or less. Here NaN is
 * larger than any number.
 */
const dilation2dKernel = defineOp<unknown>(
  "Dilation2D",
  (context, { x, filter }, attrs) => {
    const { geometry, shape } = dilation2dGeometry(context, x, filter, attrs);
    const output = context.backend.makeOutput(shape, x.dtype);
    const { largest } = dilation2dWinners(context, geometry, x, filter);
    context.backend.typedArrayFromHeap(output).set(largest);
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
    const { geometry } = dilation2dGeometry(context, x, filter, attrs);
    const dw = context.backend.makeOutput(filter.shape, x.dtype);
    const { tap } = dilation2dWinners(context, geometry, x, filter);
    const gradient = context.backend.typedArrayFromHeap(dy);
    const sums = new Float64Array(filter.shape.reduce((a, b) => a * b));
    tap.forEach((winner, i) => {
      if (winner >= 0) sums[winner] += gradient[i];
    });
    context.backend.typedArrayFromHeap(dw).set(sums);
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
    const { geometry } = dilation2dGeometry(context, x, filter, attrs);
    const dx = context.backend.makeOutput(x.shape, x.dtype);
    const { input } = dilation2dWinners(context, geometry, x, filter);
    const gradient = context.backend.typedArrayFromHeap(dy);
    const to = context.backend.typedArrayFromHeap(dx);
    to.fill(0);
    input.forEach((winner, i) => {
      if (winner >= 0) to[winner] += gradient[i];
    });
    return dx;
  },
);

/** Ops and gradients that this file installs. */
export const dilation2dRepair: OpRepair = {
  kernels: [dilation2dBackpropFilterKernel, dilation2dBackpropInputKernel, dilation2dKernel],
};
