import type { backend_util, TensorInfo } from "@tensorflow/tfjs";
import type { ConvolutionWindows } from "../native/convolution_windows.ts";
import type { Windowed } from "../native/native_module.ts";
import { addBorderGradient, borderPositions, convolveBorder } from "./border_products.ts";
import { hasNonFinite } from "./has_non_finite.ts";
import type { KernelContext } from "./kernel_context.ts";
import { geometry2d, geometry3d, leavesImage, type WindowGeometry } from "./window_geometry.ts";

/** What TensorFlow.js reckons of a convolution or a pooling. */
export type WindowInfo = backend_util.Conv2DInfo | backend_util.Conv3DInfo;

/** The windows for our native module. */
function windowsOf(geometry: WindowGeometry, outChannels: number): ConvolutionWindows {
  const [depth, height, width] = geometry.input;
  const [outDepth, outHeight, outWidth] = geometry.output;
  const [windowDepth, windowHeight, windowWidth] = geometry.window;
  const [strideDepth, strideHeight, strideWidth] = geometry.strides;
  const [dilationDepth, dilationHeight, dilationWidth] = geometry.dilations;
  const [front, top, left] = geometry.before;
  return {
    batch: geometry.batch,
    channels: geometry.channels,
    outChannels,
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
 * Where an image is padded, the native convolution and its filter gradient multiply by zeros, which makes
 * NaN of NaN and infinity. Where that shows, the border is computed anew without its padding, as the `cpu`
 * backend does. The other operations never meet a padding.
 *
 * @param inputs x and the filter; dy and the filter for an input gradient, x and dy for a filter gradient.
 * @param shape Shape of the result.
 * @param finish `bias`: address of one float for each output channel; `relu`: clip at 0. For
 * `convolution` only.
 */
export function windowsOnHeap(
  context: KernelContext,
  kind: Windowed,
  [first, second]: [TensorInfo, TensorInfo],
  info: WindowInfo,
  shape: number[],
  finish: { bias?: number; relu?: boolean } = {},
): TensorInfo {
  const { backend, native, address } = context;
  const { outChannels } = info;
  const geometry = "inDepth" in info ? geometry3d(info) : geometry2d(info);
  const windows = windowsOf(geometry, outChannels);
  const result = backend.makeOutput(shape, "float32");
  native.windows(kind, address(first), address(second), address(result), windows, finish);
  const meetsPadding = kind === "convolution" || kind === "convolutionFilterGradient";
  if (!meetsPadding || !leavesImage(geometry)) return result;
  const view = (tensor: TensorInfo) => backend.typedArrayFromHeap(tensor) as Float32Array;
  // Both of them tell, and the smaller one costs next to nothing beside the products.
  const [smaller, larger] = [view(second), view(result)].sort((a, b) => a.length - b.length);
  if (!hasNonFinite(smaller) || !hasNonFinite(larger)) return result;
  if (kind === "convolution") {
    const bias = finish.bias
      ? new Float32Array(native.memory.buffer, finish.bias, outChannels)
      : undefined;
    const operands = { x: view(first), filter: view(second) };
    convolveBorder(geometry, outChannels, operands, view(result), { bias, relu: finish.relu });
    return result;
  }
  const inner = backend.makeOutput(second.shape, "float32");
  const border = borderPositions(geometry);
  view(inner).set(
    view(second).map((dy, i) => border[Math.floor(i / outChannels) % border.length] ? 0 : dy),
  );
  native.windows(kind, address(first), address(inner), address(result), windows);
  context.dispose(inner);
  addBorderGradient(geometry, outChannels, { x: view(first), dy: view(second) }, view(result));
  return result;
}
