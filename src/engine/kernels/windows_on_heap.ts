import type { backend_util, TensorInfo } from "@tensorflow/tfjs";
import type { ConvolutionWindows } from "../native/convolution_windows.ts";
import type { Windowed } from "../native/native_module.ts";
import type { KernelContext } from "./kernel_context.ts";
import { geometry2d, geometry3d } from "./window_geometry.ts";

/** What TensorFlow.js reckons of a convolution or a pooling. */
export type WindowInfo = backend_util.Conv2DInfo | backend_util.Conv3DInfo;

/** The windows for our native module, from TensorFlow.js's own reckoning. */
function windowsOf(info: WindowInfo): ConvolutionWindows {
  const geometry = "inDepth" in info ? geometry3d(info) : geometry2d(info);
  const [depth, height, width] = geometry.input;
  const [outDepth, outHeight, outWidth] = geometry.output;
  const [windowDepth, windowHeight, windowWidth] = geometry.window;
  const [strideDepth, strideHeight, strideWidth] = geometry.strides;
  const [dilationDepth, dilationHeight, dilationWidth] = geometry.dilations;
  const [front, top, left] = geometry.before;
  return {
    batch: geometry.batch,
    channels: geometry.channels,
    outChannels: info.outChannels,
    ...{
      depth,
      height,
      width,
      outDepth,
      outHeight,
      outWidth,
      windowDepth,
      windowHeight,
      windowWidth,
    },
    ...{ strideDepth, strideHeight, strideWidth, dilationDepth, dilationHeight, dilationWidth },
    ...{ front, top, left },
  };
}

/**
 * Moves windows over images in the native module, into a fresh tensor.
 *
 * @param inputs x and the filter; dy and the filter for an input gradient, x and dy for a filter gradient.
 * @param shape Shape of the result.
 * @param finish `bias`: address of one float for each output channel; `relu`: clip at 0. For
 * `convolution` only.
 */
export function windowsOnHeap(
  { backend, native, address }: KernelContext,
  kind: Windowed,
  [first, second]: [TensorInfo, TensorInfo],
  info: WindowInfo,
  shape: number[],
  finish: { bias?: number; relu?: boolean } = {},
): TensorInfo {
  const result = backend.makeOutput(shape, "float32");
  const windows = windowsOf(info);
  native.windows(kind, address(first), address(second), address(result), windows, finish);
  return result;
}
