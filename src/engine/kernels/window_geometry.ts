import type { backend_util } from "@tensorflow/tfjs";

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
 * @throws {RangeError} If a window does not fit the input: TensorFlow.js continues with a negative
 * shape.
 */
function bounded(geometry: WindowGeometry): WindowGeometry {
  const { input, output, window } = geometry;
  if (output.some((size) => size < 0)) {
    const show = (sizes: number[]) => (sizes[0] === 1 ? sizes.slice(1) : sizes).join(" x ");
    throw new RangeError(`A window of ${show(window)} does not fit an input of ${show(input)}`);
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
export function leavesImage(geometry: WindowGeometry): boolean {
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
