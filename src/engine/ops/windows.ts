import { InputError, refusal } from "../../ground/words/input_error.ts";
import type { ProductFinish, Windowed } from "../native/native_module.ts";
import type { ConvolutionWindows } from "../native/operations.ts";
import type { TensorFlow } from "../tensorflow.ts";
import { hasNonFinite, type OpContext } from "./define_op.ts";
import type { backend_util, TensorInfo } from "@tensorflow/tfjs";

/** Window moving over [batch, depth, height, width, channels]; images have depth 1. */
export interface WindowGeometry {
  batch: number;
  channels: number;
  input: [depth: number, height: number, width: number];
  output: [depth: number, height: number, width: number];
  window: [depth: number, height: number, width: number];
  strides: [depth: number, height: number, width: number];
  dilations: [depth: number, height: number, width: number];
  /** Number of zeros before the input on each axis. */
  before: [depth: number, height: number, width: number];
}

/** Returns the geometry of a 2d pooling or convolution, as TensorFlow.js computes it. */
export function geometry2d(info: backend_util.Conv2DInfo): WindowGeometry {
  return bounded({
    batch: info.batchSize,
    channels: info.inChannels,
    input: [1, info.inHeight, info.inWidth],
    output: [1, info.outHeight, info.outWidth],
    window: [1, info.filterHeight, info.filterWidth],
    strides: [1, info.strideHeight, info.strideWidth],
    dilations: [1, info.dilationHeight, info.dilationWidth],
    before: [0, info.padInfo.top, info.padInfo.left],
  });
}

/** Returns the geometry of a 3d pooling or convolution, as TensorFlow.js computes it. */
export function geometry3d(info: backend_util.Conv3DInfo): WindowGeometry {
  return bounded({
    batch: info.batchSize,
    channels: info.inChannels,
    input: [info.inDepth, info.inHeight, info.inWidth],
    output: [info.outDepth, info.outHeight, info.outWidth],
    window: [info.filterDepth, info.filterHeight, info.filterWidth],
    strides: [info.strideDepth, info.strideHeight, info.strideWidth],
    dilations: [info.dilationDepth, info.dilationHeight, info.dilationWidth],
    // TensorFlow.js computes a negative `same` padding if the stride is larger than the window.
    before: [
      Math.max(info.padInfo.front, 0),
      Math.max(info.padInfo.top, 0),
      Math.max(info.padInfo.left, 0),
    ],
  });
}

/**
 * Returns equivalent windows with small numbers: sums of dilations or strides of thousands of
 * millions would not fit the 32 bits of a heap address.
 *
 * @throws {InputError} If a window does not fit the input: TensorFlow.js continues with a negative
 * shape.
 */
function bounded(geometry: WindowGeometry): WindowGeometry {
  const { input, output, window } = geometry;
  if (output.some((size) => size < 0)) {
    const show = (sizes: number[]) => (sizes[0] === 1 ? sizes.slice(1) : sizes).join(" x ");
    throw new InputError(
      refusal`The window is ${show(window)}, expected one that fits an input of ${show(input)}`,
    );
  }
  const strides = [...geometry.strides] as WindowGeometry["strides"];
  const dilations = [...geometry.dilations] as WindowGeometry["dilations"];
  const before = [...geometry.before] as WindowGeometry["before"];
  for (let axis = 0; axis < 3; axis++) {
    if (output[axis] <= 1) strides[axis] = 1;
    const steps = (output[axis] - 1) * strides[axis];
    // Distance of taps at which at most one of them can meet the input.
    const far = Math.max(1, Math.max(steps, 0) + input[axis]);
    if (dilations[axis] <= far) continue;
    const first = Math.max(0, Math.ceil((before[axis] - steps) / dilations[axis]));
    const start = first * dilations[axis] - before[axis];
    before[axis] = first < window[axis] && start < input[axis] ? first * far - start : -input[axis];
    dilations[axis] = far;
  }
  return { ...geometry, strides, dilations, before };
}

/**
 * Cuts off the parts of windows that can never meet the input, for a pooling: it does not matter
 * which tap an entry meets, and a window may have any size.
 */
export function trimWindows(geometry: WindowGeometry): WindowGeometry {
  const { input, output, strides } = geometry;
  const window = [...geometry.window] as WindowGeometry["window"];
  const before = [...geometry.before] as WindowGeometry["before"];
  for (let axis = 0; axis < 3; axis++) {
    before[axis] = Math.min(before[axis], Math.max(0, output[axis] - 1) * strides[axis]);
    const left = window[axis] - (geometry.before[axis] - before[axis]);
    window[axis] = Math.max(0, Math.min(left, input[axis] + before[axis]));
  }
  return { ...geometry, window, before };
}

/**
 * Returns true if TensorFlow.js computes a negative `same` padding, as it does in 3d if the stride
 * is larger than the window: its own ops then read the wrong part of the input.
 */
export function hasNegativePadding({ padInfo }: backend_util.Conv3DInfo): boolean {
  return Math.min(padInfo.front, padInfo.top, padInfo.left) < 0;
}

/** Returns true if any window reaches beyond the image. */
function leavesImage(geometry: WindowGeometry): boolean {
  const { input, output, window, strides, dilations, before } = geometry;
  return before.some((zeros, axis) => {
    const last = (output[axis] - 1) * strides[axis] + (window[axis] - 1) * dilations[axis] - zeros;
    return zeros > 0 || last >= input[axis];
  });
}

/** Returns the range of a window's taps inside the input: from the first one to before the last. */
function inside(start: number, size: number, window: number, dilation: number): [number, number] {
  return [
    Math.max(0, Math.ceil(-start / dilation)),
    Math.min(window, Math.ceil((size - start) / dilation)),
  ];
}

/**
 * Calls `visit` for every output position and every tap of its window inside the input, with the
 * index of the output position, of the input position (both count positions, not entries: multiply
 * by the number of channels) and of the tap. Taps of a position come in row-major order.
 */
export function eachTap(
  { batch, input, output, window, strides, dilations, before }: WindowGeometry,
  visit: (output: number, input: number, tap: number) => void,
): void {
  const [depth, height, width] = input;
  const [windowDepth, windowHeight, windowWidth] = window;
  let position = 0;
  for (let b = 0; b < batch; b++) {
    for (let z = 0; z < output[0]; z++) {
      const z0 = z * strides[0] - before[0];
      const [firstPlane, lastPlane] = inside(z0, depth, windowDepth, dilations[0]);
      for (let y = 0; y < output[1]; y++) {
        const y0 = y * strides[1] - before[1];
        const [firstRow, lastRow] = inside(y0, height, windowHeight, dilations[1]);
        for (let x = 0; x < output[2]; x++, position++) {
          const x0 = x * strides[2] - before[2];
          const [firstColumn, lastColumn] = inside(x0, width, windowWidth, dilations[2]);
          for (let k = firstPlane; k < lastPlane; k++) {
            const zi = z0 + k * dilations[0];
            for (let i = firstRow; i < lastRow; i++) {
              const row = ((b * depth + zi) * height + y0 + i * dilations[1]) * width;
              const tap = (k * windowHeight + i) * windowWidth;
              for (let j = firstColumn; j < lastColumn; j++) {
                visit(position, row + x0 + j * dilations[2], tap + j);
              }
            }
          }
        }
      }
    }
  }
}

/** Attributes of the pooling ops and of their gradients. */
export interface PoolAttributes {
  filterSize: number | number[];
  strides: number | number[];
  pad: "valid" | "same" | number | backend_util.ExplicitPadding;
  dimRoundingMode?: "floor" | "round" | "ceil";
}

/** Returns TensorFlow.js's geometry of a 2d pooling. */
export function pool2dInfo(
  { backend_util }: TensorFlow,
  inputShape: number[],
  { filterSize, strides, pad, dimRoundingMode }: PoolAttributes,
): backend_util.Conv2DInfo {
  return backend_util.computePool2DInfo(
    inputShape as [number, number, number, number],
    filterSize as [number, number],
    strides as [number, number],
    1,
    pad,
    dimRoundingMode,
  );
}

/** Returns TensorFlow.js's geometry of a 3d pooling. */
export function pool3dInfo(
  { backend_util }: TensorFlow,
  inputShape: number[],
  { filterSize, strides, pad, dimRoundingMode }: PoolAttributes,
): backend_util.Conv3DInfo {
  return backend_util.computePool3DInfo(
    inputShape as [number, number, number, number, number],
    filterSize as [number, number, number],
    strides as [number, number, number],
    1,
    pad as "valid" | "same" | number,
    dimRoundingMode,
  );
}

/** Attributes that the gradients of 2d convolutions share. */
export interface Conv2dAttributes {
  strides: number | [number, number];
  pad: "valid" | "same" | number | backend_util.ExplicitPadding;
  dataFormat?: "NHWC" | "NCHW";
  dimRoundingMode?: "floor" | "round" | "ceil";
  /** Absent for `Conv2D` of TensorFlow.js; 1 then. */
  dilations?: number | [number, number];
}

/** [batch, height, width, channels]. */
type Shape4 = [number, number, number, number];

/** Returns TensorFlow.js's geometry of a convolution whose input has its channels last. */
export function conv2dInfo(
  tf: TensorFlow,
  { input, filter, depthwise }: { input: number[]; filter: number[]; depthwise?: boolean },
  { strides, pad, dimRoundingMode, dilations }: Conv2dAttributes,
): backend_util.Conv2DInfo {
  return tf.backend_util.computeConv2DInfo(
    input as Shape4,
    filter as Shape4,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    depthwise,
  );
}

/** TensorFlow.js's geometry of a convolution or a pooling. */
type WindowInfo = backend_util.Conv2DInfo | backend_util.Conv3DInfo;

interface WindowProduct extends ProductFinish {
  operands: [TensorInfo, TensorInfo];
  info: WindowInfo;
  shape: number[];
}

export function floatView({ backend }: OpContext, tensor: TensorInfo): Float32Array {
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
    depth,
    height,
    width,
    outDepth,
    outHeight,
    outWidth,
    windowDepth,
    windowHeight,
    windowWidth,
    strideDepth,
    strideHeight,
    strideWidth,
    dilationDepth,
    dilationHeight,
    dilationWidth,
    front,
    top,
    left,
  };
}

/** The native module counts entries in 32 bits. */
const MAX_OFFSET = 2 ** 31 - 1;

function requireSmall({ input, output, window, strides, dilations, before }: WindowGeometry): void {
  input.forEach((size, axis) => {
    const reach = (window[axis] - 1) * dilations[axis];
    const end = (output[axis] - 1) * strides[axis] + reach + Math.abs(before[axis]) + size;
    if (end <= MAX_OFFSET) return;
    throw new InputError({
      place: `The windows over an axis of ${size} entries`,
      verb: "reach to",
      found: `entry ${end}`,
      expected: `at most ${MAX_OFFSET}`,
    });
  });
}

/**
 * Moves windows over images in the native module, into a new tensor.
 *
 * On a padded image, the native convolution and its filter gradient multiply by zeros, which turns
 * NaN and infinity into NaN. If that happens, the border is recomputed without its padding, as on
 * the `cpu` backend. An input gradient only multiplies the padding if the filter is finite.
 *
 * @param given `operands`: x and the filter; dy and the filter for an input gradient, x and dy for a
 * filter gradient. `info`: geometry. `shape`: shape of the result. `bias`: address of one float for
 * each output channel; `relu`: clip at 0. The last two for `convolution` only.
 */
export function windowsOnHeap(
  context: OpContext,
  kind: Windowed,
  { operands: [first, second], info, shape, bias, relu }: WindowProduct,
): TensorInfo {
  const { backend, native, address } = context;
  const { outChannels } = info;
  const whole = "inDepth" in info ? geometry3d(info) : geometry2d(info);
  const geometry = kind.includes("Pool") ? trimWindows(whole) : whole;
  requireSmall(geometry);
  const windows = windowsOf(geometry, outChannels);
  const result = backend.makeOutput(shape, "float32");
  const addresses = { x: address(first), y: address(second), result: address(result) };
  native.windows(kind, { ...addresses, bias, relu }, windows);
  const meetsPadding = kind === "convolution" || kind === "convolutionFilterGradient";
  if (!meetsPadding || !leavesImage(geometry)) return result;
  const view = (tensor: TensorInfo) => floatView(context, tensor);
  // Both can show it, and the smaller one costs almost nothing compared to the products.
  const [smaller, larger] = [view(second), view(result)].sort((a, b) => a.length - b.length);
  if (!hasNonFinite(smaller) || !hasNonFinite(larger)) return result;
  if (kind === "convolution") {
    convolveBorder(geometry, outChannels, {
      x: view(first),
      filter: view(second),
      bias: bias ? new Float32Array(native.memory.buffer, bias, outChannels) : undefined,
      relu,
    }, view(result));
    return result;
  }
  const inner = backend.makeOutput(second.shape, "float32");
  const border = borderPositions(geometry);
  view(inner).set(
    view(second).map((dy, i) => border[Math.floor(i / outChannels) % border.length] ? 0 : dy),
  );
  native.windows(kind, { ...addresses, y: address(inner) }, windows);
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
  { x, filter, bias, relu = false }: {
    x: Float32Array;
    filter: Float32Array;
    bias?: Float32Array;
    relu?: boolean;
  },
  to: Float32Array,
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
