import type { backend_util, TensorInfo } from "@tensorflow/tfjs";
import type { KernelContext } from "./kernel_context.ts";
import { eachTap, geometry2d, type WindowGeometry } from "./window_geometry.ts";

/** Attributes of `Dilation2D` and of its gradients. */
export interface Dilation2dAttributes {
  strides: number | [number, number];
  pad: "valid" | "same" | number | backend_util.ExplicitPadding;
  dilations: number | [number, number];
}

/** Geometry and output shape of a morphological dilation. */
export function dilation2dGeometry(
  { tf }: KernelContext,
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
 * For each entry of the output, the place of the input entry and of the filter entry whose sum is the
 * largest of its window: the first of equals, NaN above all. -1 where a window lies in the padding.
 */
export function dilation2dWinners(
  context: KernelContext,
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
