import type { backend_util, TensorInfo } from "@tensorflow/tfjs";
import type { ConvolutionWindows } from "../native/operations.ts";
import type { Windowed } from "../native/native_module.ts";
import { hasNonFinite } from "./has_non_finite.ts";
import type { KernelContext } from "./kernel_context.ts";
import {
  eachTap,
  geometry2d,
  geometry3d,
  leavesImage,
  trimWindows,
  type WindowGeometry,
} from "./window_geometry.ts";

/** TensorFlow.js's geometry of a convolution or a pooling. */
type WindowInfo = backend_util.Conv2DInfo | backend_util.Conv3DInfo;

/** Returns a view of the entries of a float tensor. */
export function floatView({ backend }: KernelContext, tensor: TensorInfo): Float32Array {
  return backend.typedArrayFromHeap(tensor) as Float32Array;
}

/** Converts windows to the form of the native module. */
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

/** The native module counts entries in 32 bits. */
const MAX_OFFSET = 2 ** 31 - 1;

function requireSmall({ input, output, window, strides, dilations, before }: WindowGeometry): void {
  input.forEach((size, axis) => {
    const reach = (window[axis] - 1) * dilations[axis];
    const end = (output[axis] - 1) * strides[axis] + reach + Math.abs(before[axis]) + size;
    if (end <= MAX_OFFSET) return;
    throw new RangeError(
      `A window of ${window[axis]} entries reaches over ${
        reach + 1
      } of them, the most is ${MAX_OFFSET}`,
    );
  });
}

/**
 * Moves windows over images in the native module, into a new tensor.
 *
 * On a padded image, the native convolution and its filter gradient multiply by zeros, which turns
 * NaN and infinity into NaN. If that happens, the border is recomputed without its padding, as on
 * the `cpu` backend. An input gradient only multiplies the padding if the filter is finite.
 *
 * @param inputs x and the filter; dy and the filter for an input gradient, x and dy for a filter
 * gradient.
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
  const whole = "inDepth" in info ? geometry3d(info) : geometry2d(info);
  const geometry = kind.includes("Pool") ? trimWindows(whole) : whole;
  requireSmall(geometry);
  const windows = windowsOf(geometry, outChannels);
  const result = backend.makeOutput(shape, "float32");
  native.windows(kind, address(first), address(second), address(result), windows, finish);
  const meetsPadding = kind === "convolution" || kind === "convolutionFilterGradient";
  if (!meetsPadding || !leavesImage(geometry)) return result;
  const view = (tensor: TensorInfo) => floatView(context, tensor);
  // Both can show it, and the smaller one costs almost nothing compared to the products.
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

/**
 * Returns, for each output position of an image, true if its window reaches beyond it: there,
 * multiplying padding zeros turns non-finite entries into NaN.
 */
function borderPositions({ input, output, window, ...w }: WindowGeometry): boolean[] {
  const leaves = output.map((size, axis) =>
    Array.from({ length: size }, (_, i) => {
      const first = i * w.strides[axis] - w.before[axis];
      return first < 0 || first + (window[axis] - 1) * w.dilations[axis] >= input[axis];
    })
  );
  return leaves[0].flatMap((z) => leaves[1].flatMap((y) => leaves[2].map((x) => z || y || x)));
}

/** Recomputes a convolution at the border, in float64, without the taps in the padding. */
function convolveBorder(
  geometry: WindowGeometry,
  outChannels: number,
  { x, filter }: { x: Float32Array; filter: Float32Array },
  to: Float32Array,
  { bias, relu = false }: { bias?: Float32Array; relu?: boolean },
): void {
  const border = borderPositions(geometry);
  const sums = new Float64Array(to.length);
  eachProduct(geometry, outChannels, border, (output, input, weight) => {
    sums[output] += x[input] * filter[weight];
  });
  sums.forEach((sum, i) => {
    if (!border[Math.floor(i / outChannels) % border.length]) return;
    const value = bias === undefined ? sum : sum + bias[i % outChannels];
    to[i] = relu && value < 0 ? 0 : value;
  });
}

/** Adds the border's part to the gradient of a filter, likewise. */
function addBorderGradient(
  geometry: WindowGeometry,
  outChannels: number,
  { x, dy }: { x: Float32Array; dy: Float32Array },
  to: Float32Array,
): void {
  const sums = new Float64Array(to.length);
  eachProduct(geometry, outChannels, borderPositions(geometry), (output, input, weight) => {
    sums[weight] += x[input] * dy[output];
  });
  for (let i = 0; i < to.length; i++) to[i] += sums[i];
}

/** Calls `visit` with the entries of output, input and filter that meet at the given positions. */
function eachProduct(
  geometry: WindowGeometry,
  outChannels: number,
  positions: readonly boolean[],
  visit: (output: number, input: number, weight: number) => void,
): void {
  const { channels } = geometry;
  eachTap(geometry, (position, source, tap) => {
    if (!positions[position % positions.length]) return;
    for (let i = 0; i < channels; i++) {
      const weight = (tap * channels + i) * outChannels;
      for (let j = 0; j < outChannels; j++) {
        visit(position * outChannels + j, source * channels + i, weight + j);
      }
    }
  });
}
