import type { backend_util } from "@tensorflow/tfjs";

/** How a window moves over [batch, depth, height, width, channels]; images have depth 1. */
export interface WindowGeometry {
  batch: number;
  channels: number;
  input: [depth: number, height: number, width: number];
  output: [depth: number, height: number, width: number];
  window: [depth: number, height: number, width: number];
  strides: [depth: number, height: number, width: number];
  dilations: [depth: number, height: number, width: number];
  /** Zeros put before the input on each axis. */
  before: [depth: number, height: number, width: number];
}

/** The geometry of a 2d pooling or convolution, from TensorFlow.js's own reckoning. */
export function geometry2d(info: backend_util.Conv2DInfo): WindowGeometry {
  return {
    batch: info.batchSize,
    channels: info.inChannels,
    input: [1, info.inHeight, info.inWidth],
    output: [1, info.outHeight, info.outWidth],
    window: [1, info.filterHeight, info.filterWidth],
    strides: [1, info.strideHeight, info.strideWidth],
    dilations: [1, info.dilationHeight, info.dilationWidth],
    before: [0, info.padInfo.top, info.padInfo.left],
  };
}

/** The geometry of a 3d pooling or convolution, from TensorFlow.js's own reckoning. */
export function geometry3d(info: backend_util.Conv3DInfo): WindowGeometry {
  return {
    batch: info.batchSize,
    channels: info.inChannels,
    input: [info.inDepth, info.inHeight, info.inWidth],
    output: [info.outDepth, info.outHeight, info.outWidth],
    window: [info.filterDepth, info.filterHeight, info.filterWidth],
    strides: [info.strideDepth, info.strideHeight, info.strideWidth],
    dilations: [info.dilationDepth, info.dilationHeight, info.dilationWidth],
    // With a stride larger than the window TensorFlow.js reckons a negative `same` padding.
    before: [
      Math.max(info.padInfo.front, 0),
      Math.max(info.padInfo.top, 0),
      Math.max(info.padInfo.left, 0),
    ],
  };
}

/**
 * Whether TensorFlow.js reckons a negative `same` padding, as it does in 3d for a stride larger than the
 * window: its own kernels then read the wrong part of the input.
 */
export function hasNegativePadding({ padInfo }: backend_util.Conv3DInfo): boolean {
  return Math.min(padInfo.front, padInfo.top, padInfo.left) < 0;
}

/** Whether any window reaches beyond the image. */
export function leavesImage(geometry: WindowGeometry): boolean {
  const { input, output, window, strides, dilations, before } = geometry;
  return before.some((zeros, axis) => {
    const last = (output[axis] - 1) * strides[axis] + (window[axis] - 1) * dilations[axis] - zeros;
    return zeros > 0 || last >= input[axis];
  });
}

/**
 * Calls `visit` for every output position and every tap of its window that lies inside the input:
 * with the index of the output position, of the input position (both count positions, not entries:
 * multiply by the number of channels) and of the tap. Taps of a position come in row-major order.
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
      for (let y = 0; y < output[1]; y++) {
        const y0 = y * strides[1] - before[1];
        for (let x = 0; x < output[2]; x++, position++) {
          const x0 = x * strides[2] - before[2];
          for (let k = 0; k < windowDepth; k++) {
            const zi = z0 + k * dilations[0];
            if (zi < 0 || zi >= depth) continue;
            for (let i = 0; i < windowHeight; i++) {
              const yi = y0 + i * dilations[1];
              if (yi < 0 || yi >= height) continue;
              const row = ((b * depth + zi) * height + yi) * width;
              const tap = (k * windowHeight + i) * windowWidth;
              for (let j = 0; j < windowWidth; j++) {
                const xi = x0 + j * dilations[2];
                if (xi >= 0 && xi < width) visit(position, row + xi, tap + j);
              }
            }
          }
        }
      }
    }
  }
}
