import { at, eachIndex, type NdArray, ndArray, offsetOf } from "./nd_array.ts";

/** How a window moves over the spatial axes. */
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

/** Convolution (cross-correlation) of [batch, ...space, in] with [...window, in, out]. */
export function convolve(x: NdArray, kernel: NdArray, window: Window): NdArray {
  const rank = x.shape.length - 2;
  const space = x.shape.slice(1, -1), taps = kernel.shape.slice(0, rank);
  const [channels, filters] = kernel.shape.slice(rank);
  const output = eachTap(space, taps, window, () => {});
  const y = ndArray([x.shape[0], ...output, filters]);
  for (let batch = 0; batch < x.shape[0]; batch++) {
    eachTap(space, taps, window, (position, tap, source) => {
      const from = offsetOf(x.shape, [batch, ...source, 0]);
      const weight = offsetOf(kernel.shape, [...tap, 0, 0]);
      const to = offsetOf(y.shape, [batch, ...position, 0]);
      for (let c = 0; c < channels; c++) {
        for (let f = 0; f < filters; f++) {
          y.data[to + f] += x.data[from + c] * kernel.data[weight + c * filters + f];
        }
      }
    });
  }
  return y;
}

/**
 * Transposed convolution of [batch, ...space, in] with [...window, out, in]: every input entry
 * stamps its window, scaled, on the output.
 */
export function convolveTransposed(x: NdArray, kernel: NdArray, window: Window): NdArray {
  const rank = x.shape.length - 2;
  const taps = kernel.shape.slice(0, rank);
  const [filters, channels] = kernel.shape.slice(rank);
  const output = x.shape.slice(1, -1).map((length, axis) =>
    length * window.strides[axis] +
    (window.padding === "same" ? 0 : Math.max(taps[axis] - window.strides[axis], 0))
  );
  const y = ndArray([x.shape[0], ...output, filters]);
  for (let batch = 0; batch < x.shape[0]; batch++) {
    eachTap(output, taps, window, (position, tap, target) => {
      for (let f = 0; f < filters; f++) {
        for (let c = 0; c < channels; c++) {
          y.data[offsetOf(y.shape, [batch, ...target, f])] += at(x, batch, ...position, c) *
            at(kernel, ...tap, f, c);
        }
      }
    });
  }
  return y;
}

/** Convolution that keeps channels apart: [...window, in, multiplier] to in * multiplier channels. */
export function convolveDepthwise(x: NdArray, kernel: NdArray, window: Window): NdArray {
  const rank = x.shape.length - 2;
  const space = x.shape.slice(1, -1), taps = kernel.shape.slice(0, rank);
  const [channels, multiplier] = kernel.shape.slice(rank);
  const output = eachTap(space, taps, window, () => {});
  const y = ndArray([x.shape[0], ...output, channels * multiplier]);
  for (let batch = 0; batch < x.shape[0]; batch++) {
    eachTap(space, taps, window, (position, tap, source) => {
      for (let c = 0; c < channels; c++) {
        for (let m = 0; m < multiplier; m++) {
          y.data[offsetOf(y.shape, [batch, ...position, c * multiplier + m])] +=
            at(x, batch, ...source, c) * at(kernel, ...tap, c, m);
        }
      }
    });
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
  const output = eachTap(space, size, window, () => {});
  const y = ndArray([x.shape[0], ...output, channels]);
  const entries: number[][] = Array.from(y.data, () => []);
  for (let batch = 0; batch < x.shape[0]; batch++) {
    eachTap(space, size, window, (position, _tap, source) => {
      for (let c = 0; c < channels; c++) {
        entries[offsetOf(y.shape, [batch, ...position, c])].push(at(x, batch, ...source, c));
      }
    });
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
