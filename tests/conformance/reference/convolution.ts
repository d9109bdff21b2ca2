import { eachIndex, type NdArray, ndArray, offsetOf, sizeOf } from "./nd_array.ts";

/** Movement of a window over the spatial axes. */
export interface Window {
  strides: readonly number[];
  dilations?: readonly number[];
  padding?: "valid" | "same" | "causal";
}

/** Output length and zeros put before, for one axis, as TensorFlow defines them. */
export function windowGeometry(
  length: number,
  kernel: number,
  stride: number,
  dilation: number,
  padding: Window["padding"],
): { output: number; before: number } {
  const reach = (kernel - 1) * dilation + 1;
  if (padding === "same") {
    const output = Math.ceil(length / stride);
    return { output, before: Math.floor(Math.max((output - 1) * stride + reach - length, 0) / 2) };
  }
  const before = padding === "causal" ? reach - 1 : 0;
  return { output: Math.floor((length + before - reach) / stride) + 1, before };
}

/**
 * Calls `visit` for every pair of an output position and a tap of the window that falls inside the
 * input, over any number of spatial axes.
 */
export function eachTap(
  input: readonly number[],
  kernel: readonly number[],
  { strides, dilations = kernel.map(() => 1), padding }: Window,
  visit: (output: number[], tap: number[], source: number[]) => void,
): number[] {
  const geometry = input.map((length, axis) =>
    windowGeometry(length, kernel[axis], strides[axis], dilations[axis], padding)
  );
  const output = geometry.map((g) => g.output);
  const source = input.map(() => 0);
  eachIndex(output, (position) => {
    eachIndex(kernel, (tap) => {
      for (let axis = 0; axis < input.length; axis++) {
        source[axis] = position[axis] * strides[axis] + tap[axis] * dilations[axis] -
          geometry[axis].before;
        if (source[axis] < 0 || source[axis] >= input[axis]) return;
      }
      visit(position, tap, source);
    });
  });
  return output;
}

/** Places of a tap in the flat data of an output, a window and an input with one channel. */
interface FlatTap {
  position: number;
  tap: number;
  source: number;
}

/** Lists what {@linkcode eachTap} visits. */
function flatTaps(
  input: readonly number[],
  kernel: readonly number[],
  window: Window,
): { output: number[]; taps: FlatTap[] } {
  const output = eachTap(input, kernel, window, () => {});
  const taps: FlatTap[] = [];
  eachTap(input, kernel, window, (position, tap, source) => {
    taps.push({
      position: offsetOf(output, position),
      tap: offsetOf(kernel, tap),
      source: offsetOf(input, source),
    });
  });
  return { output, taps };
}

/** Convolution (cross-correlation) of [batch, ...space, in] with [...window, in, out]. */
export function convolve(x: NdArray, kernel: NdArray, window: Window): NdArray {
  const rank = x.shape.length - 2;
  const space = x.shape.slice(1, -1), size = kernel.shape.slice(0, rank);
  const [channels, filters] = kernel.shape.slice(rank);
  const { output, taps } = flatTaps(space, size, window);
  const y = ndArray([x.shape[0], ...output, filters]);
  const positions = sizeOf(output), places = sizeOf(space);
  for (const { position, tap, source } of taps) {
    for (let batch = 0; batch < x.shape[0]; batch++) {
      const from = (batch * places + source) * channels;
      const to = (batch * positions + position) * filters;
      for (let c = 0; c < channels; c++) {
        const weight = (tap * channels + c) * filters;
        for (let f = 0; f < filters; f++) {
          y.data[to + f] += x.data[from + c] * kernel.data[weight + f];
        }
      }
    }
  }
  return y;
}

/**
 * Transposed convolution of [batch, ...space, in] with [...window, out, in]: every input entry
 * stamps its window, scaled, on the output.
 */
export function convolveTransposed(x: NdArray, kernel: NdArray, window: Window): NdArray {
  const rank = x.shape.length - 2;
  const space = x.shape.slice(1, -1), size = kernel.shape.slice(0, rank);
  const [filters, channels] = kernel.shape.slice(rank);
  const output = space.map((length, axis) =>
    length * window.strides[axis] +
    (window.padding === "same" ? 0 : Math.max(size[axis] - window.strides[axis], 0))
  );
  const y = ndArray([x.shape[0], ...output, filters]);
  const positions = sizeOf(space), places = sizeOf(output);
  const { taps } = flatTaps(output, size, window);
  for (const { position, tap, source: target } of taps) {
    for (let batch = 0; batch < x.shape[0]; batch++) {
      const from = (batch * positions + position) * channels;
      const to = (batch * places + target) * filters;
      for (let f = 0; f < filters; f++) {
        const weight = (tap * filters + f) * channels;
        for (let c = 0; c < channels; c++) {
          y.data[to + f] += x.data[from + c] * kernel.data[weight + c];
        }
      }
    }
  }
  return y;
}

/** Convolution that keeps channels apart: [...window, in, multiplier] to in * multiplier channels. */
export function convolveDepthwise(x: NdArray, kernel: NdArray, window: Window): NdArray {
  const rank = x.shape.length - 2;
  const space = x.shape.slice(1, -1), size = kernel.shape.slice(0, rank);
  const [channels, multiplier] = kernel.shape.slice(rank);
  const { output, taps } = flatTaps(space, size, window);
  const filters = channels * multiplier;
  const y = ndArray([x.shape[0], ...output, filters]);
  const positions = sizeOf(output), places = sizeOf(space);
  for (const { position, tap, source } of taps) {
    for (let batch = 0; batch < x.shape[0]; batch++) {
      const from = (batch * places + source) * channels;
      const to = (batch * positions + position) * filters;
      for (let f = 0; f < filters; f++) {
        const c = Math.floor(f / multiplier);
        y.data[to + f] += x.data[from + c] * kernel.data[tap * filters + f];
      }
    }
  }
  return y;
}

/** Pooling over [batch, ...space, channels]: a function of the entries a window sees. */
export function pool(
  x: NdArray,
  size: readonly number[],
  window: Window,
  combine: (entries: number[]) => number,
): NdArray {
  const space = x.shape.slice(1, -1), channels = x.shape.at(-1)!;
  const { output, taps } = flatTaps(space, size, window);
  const y = ndArray([x.shape[0], ...output, channels]);
  const entries: number[][] = Array.from(y.data, () => []);
  const positions = sizeOf(output), places = sizeOf(space);
  for (const { position, source } of taps) {
    for (let batch = 0; batch < x.shape[0]; batch++) {
      const from = (batch * places + source) * channels;
      const to = (batch * positions + position) * channels;
      for (let c = 0; c < channels; c++) entries[to + c].push(x.data[from + c]);
    }
  }
  entries.forEach((seen, flat) => y.data[flat] = combine(seen));
  return y;
}

/** Moves the channels of [batch, channels, ...space] last. */
export const CHANNELS_LAST = (rank: number): number[] => [
  0,
  ...Array.from({ length: rank }, (_, i) => i + 2),
  1,
];

/** Moves the channels of [batch, ...space, channels] to axis 1. */
export const CHANNELS_FIRST = (rank: number): number[] => [
  0,
  rank + 1,
  ...Array.from({ length: rank }, (_, i) => i + 1),
];
