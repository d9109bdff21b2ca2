import type { TensorInfo } from "@tensorflow/tfjs";
import type { KernelContext } from "./kernel_context.ts";
import { eachTap, type WindowGeometry } from "./window_geometry.ts";

const view = ({ backend }: KernelContext, info: TensorInfo) =>
  backend.typedArrayFromHeap(info) as Float32Array;

/** The largest entry of each window; NaN is larger than any number. */
export function maxPool(
  context: KernelContext,
  geometry: WindowGeometry,
  x: TensorInfo,
  shape: number[],
): TensorInfo {
  const { channels } = geometry;
  const output = context.backend.makeOutput(shape, "float32");
  const from = view(context, x), to = view(context, output);
  to.fill(-Infinity);
  eachTap(geometry, (position, source) => {
    const o = position * channels, s = source * channels;
    for (let c = 0; c < channels; c++) {
      const value = from[s + c];
      if (value > to[o + c] || value !== value) to[o + c] = value;
    }
  });
  return output;
}

/** Hands each window's gradient to its largest entry, to the first one of equals. */
export function maxPoolGrad(
  context: KernelContext,
  geometry: WindowGeometry,
  x: TensorInfo,
  dy: TensorInfo,
): TensorInfo {
  const { channels } = geometry;
  const output = context.backend.makeOutput(x.shape, "float32");
  const from = view(context, x), gradient = view(context, dy), to = view(context, output);
  const largest = new Float32Array(gradient.length);
  const where = new Int32Array(gradient.length).fill(-1);
  eachTap(geometry, (position, source) => {
    const o = position * channels, s = source * channels;
    for (let c = 0; c < channels; c++) {
      const value = from[s + c], best = largest[o + c];
      // NaN wins, and stays: nothing is greater than it.
      if (where[o + c] < 0 || value > best || (value !== value && best === best)) {
        largest[o + c] = value;
        where[o + c] = s + c;
      }
    }
  });
  to.fill(0);
  // A window that lies in the padding altogether has no entry.
  for (let i = 0; i < where.length; i++) if (where[i] >= 0) to[where[i]] += gradient[i];
  return output;
}

/** How many entries of the input each window sees: fewer at a padded border. */
function counts(geometry: WindowGeometry): Int32Array {
  const [depth, height, width] = geometry.output;
  const seen = new Int32Array(depth * height * width);
  eachTap({ ...geometry, batch: 1 }, (position) => seen[position]++);
  return seen;
}

/** The stock kernels add in float32: beyond so many entries that is off by more than a few units. */
const FEW_ENTRIES = 64;

/** Whether windows are so large that their means must be taken in float64. */
export function hasLargeWindow({ window }: WindowGeometry): boolean {
  return window.reduce((product, size) => product * size) > FEW_ENTRIES;
}

/** The mean of the entries that each window sees, in float64. */
export function averagePool(
  context: KernelContext,
  geometry: WindowGeometry,
  x: TensorInfo,
  shape: number[],
): TensorInfo {
  const { channels } = geometry;
  const output = context.backend.makeOutput(shape, "float32");
  const from = view(context, x), to = view(context, output);
  const seen = counts(geometry);
  const sums = new Float64Array(to.length);
  eachTap(geometry, (position, source) => {
    const o = position * channels, s = source * channels;
    for (let c = 0; c < channels; c++) sums[o + c] += from[s + c];
  });
  for (let i = 0, position = 0; i < to.length; position++) {
    const count = seen[position % seen.length];
    // A window that lies in the padding altogether has no entry, and 0 for its mean.
    for (let c = 0; c < channels; c++, i++) to[i] = count === 0 ? 0 : sums[i] / count;
  }
  return output;
}

/** Shares each window's gradient equally among the entries that it sees. */
export function averagePoolGrad(
  context: KernelContext,
  geometry: WindowGeometry,
  x: TensorInfo,
  dy: TensorInfo,
): TensorInfo {
  const { channels } = geometry;
  const output = context.backend.makeOutput(x.shape, "float32");
  const gradient = view(context, dy), to = view(context, output);
  const seen = counts(geometry);
  to.fill(0);
  eachTap(geometry, (position, source) => {
    const o = position * channels, s = source * channels;
    const share = 1 / seen[position % seen.length];
    for (let c = 0; c < channels; c++) to[s + c] += gradient[o + c] * share;
  });
  return output;
}
