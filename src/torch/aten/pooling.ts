import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { alongAxis, type AtenOp, sizeOf } from "./aten_op.ts";
import { channelsFirst, channelsLast } from "./convolutions.ts";
import { scatterRows } from "./indexing.ts";
import { resample } from "./resampling.ts";
import { aten } from "./schema.ts";

/** Windows that a pooling moves, one entry for each axis of space. */
interface Pooling {
  kernel_size: readonly number[];
  /** Empty for windows beside each other. */
  stride: readonly number[];
  padding: readonly number[];
  dilation?: readonly number[];
  /** True if a last window may reach beyond the padding. */
  ceil_mode: boolean;
}

/** Windows along one axis. */
interface AxisWindows {
  size: number;
  window: number;
  stride: number;
  dilation: number;
  before: number;
  /** Padding behind the input that the windows reach: more than before it, if they overhang. */
  after: number;
  count: number;
}

/** Returns the windows of each axis of space. */
function windowsOf(x: Tensor, pooling: Pooling): AxisWindows[] {
  const space = x.shape.slice(-pooling.kernel_size.length);
  return space.map((size, axis) => {
    const window = pooling.kernel_size[axis];
    const stride = pooling.stride.length === 0 ? window : pooling.stride[axis];
    const dilation = pooling.dilation?.[axis] ?? 1;
    const before = pooling.padding[axis];
    const reach = dilation * (window - 1) + 1;
    const room = (size + 2 * before - reach) / stride;
    let count = (pooling.ceil_mode ? Math.ceil(room) : Math.floor(room)) + 1;
    // A last window must begin inside of the input or the padding before it.
    if (pooling.ceil_mode && (count - 1) * stride >= size + before) count--;
    if (count < 1) {
      throw new InputError({
        place: "A window of a pooling",
        found: String(reach),
        expected: `at most ${size + 2 * before}, the size of the padded input`,
      });
    }
    const after = Math.max(before, (count - 1) * stride + reach - size - before);
    return { size, window, stride, dilation, before, after, count };
  });
}

/** Runs a pooling on [batch, channels, ...space], with a batch of one if there is none. */
function withBatch<Result extends Tensor | Tensor[]>(
  tf: TensorFlow,
  x: Tensor,
  count: number,
  run: (x: Tensor) => Result,
): Result {
  if (x.rank === count + 2) return run(x);
  const results = run(tf.reshape(x, [1, ...x.shape]));
  const without = (result: Tensor) => tf.reshape(result, result.shape.slice(1));
  return (Array.isArray(results) ? results.map(without) : without(results)) as Result;
}

/** Runs an op of images on sequences, whose height is 1. */
function asImages(tf: TensorFlow, x: Tensor, windows: AxisWindows[]) {
  if (windows.length !== 1) return { x, windows };
  const row = { size: 1, window: 1, stride: 1, dilation: 1, before: 0, after: 0, count: 1 };
  return { x: tf.reshape(x, x.shape.toSpliced(2, 0, 1)), windows: [row, ...windows] };
}

/** Runs an op of TensorFlow.js on one or two axes of space. */
function poolImages(
  tf: TensorFlow,
  name: "MaxPool" | "AvgPool",
  given: Tensor,
  ofAxes: AxisWindows[],
): Tensor {
  const { x, windows } = asImages(tf, given, ofAxes);
  const attrs = {
    filterSize: windows.map(({ window }) => window),
    strides: windows.map(({ stride }) => stride),
    pad: [[0, 0], ...windows.map(({ before, after }) => [before, after]), [0, 0]],
  };
  const y = tf.engine().runKernel(name, { x: channelsLast(tf, x) }, attrs as never) as Tensor;
  const first = channelsFirst(tf, y);
  return ofAxes.length === 1 ? tf.reshape(first, first.shape.toSpliced(2, 1)) : first;
}

/** Returns the largest entry of each window, and its place in the input. */
function maxPoolPlaces(tf: TensorFlow, x: Tensor, windows: readonly AxisWindows[]): Tensor[] {
  const count = windows.length;
  const outer = x.shape.slice(0, -count);
  const inside = sizeOf(windows.map(({ size }) => size));
  const taps = windowTaps(windows);
  const values = x.dataSync();
  const planes = sizeOf(outer);
  const flat = new Int32Array(planes * taps.length), places = new Int32Array(flat.length);
  for (let plane = 0; plane < planes; plane++) {
    for (const [position, tap] of taps.entries()) {
      let best = tap[0];
      for (const place of tap) {
        if (isLarger(values[plane * inside + place], values[plane * inside + best])) best = place;
      }
      places[plane * taps.length + position] = best;
      flat[plane * taps.length + position] = plane * inside + best;
    }
  }
  const shape = [...outer, ...windows.map(({ count }) => count)];
  const largest = tf.gather(tf.reshape(x, [x.size]), tf.tensor1d(flat, "int32"));
  return [tf.reshape(largest, shape), tf.tensor(places, shape, "int32")];
}

/** True if a pooling takes an entry instead of the best so far: NaN is the largest. */
const isLarger = (entry: number, best: number) => entry > best || Number.isNaN(entry);

/** Returns, for each window, the places of its entries inside of the input. */
function windowTaps(windows: readonly AxisWindows[]): number[][] {
  return windows.reduce((taps: number[][], { size, count, window, stride, dilation, before }) => {
    const along = Array.from(
      { length: count },
      (_, i) =>
        Array.from({ length: window }, (_, k) => i * stride - before + k * dilation)
          .filter((place) => place >= 0 && place < size),
    );
    return crossTaps(taps, along, size);
  }, [[0]]);
}

/** Crosses the places of windows with those along one more axis, which has `size` entries. */
const crossTaps = (taps: number[][], along: number[][], size: number): number[][] =>
  taps.flatMap((tap) =>
    along.map((places) => tap.flatMap((from) => places.map((place) => from * size + place)))
  );

function maxPool(tf: TensorFlow, input: Tensor, pooling: Pooling): Tensor {
  return withBatch(tf, input, pooling.kernel_size.length, (x) => {
    const windows = windowsOf(x, pooling);
    const isPlain = windows.length < 3 && windows.every(({ dilation }) => dilation === 1);
    return isPlain ? poolImages(tf, "MaxPool", x, windows) : maxPoolPlaces(tf, x, windows)[0];
  });
}

const maxPoolWithPlaces = (tf: TensorFlow, input: Tensor, pooling: Pooling) =>
  withBatch(
    tf,
    input,
    pooling.kernel_size.length,
    (x) => maxPoolPlaces(tf, x, windowsOf(x, pooling)),
  );

/** Divisor of the sum over a window. */
interface Divisor {
  /** True to count the entries of the padding. */
  count_include_pad: boolean;
  divisor_override?: number | null;
}

/** Returns the number of entries of each window along one axis, with the padding or without. */
function countsAlong({ count, stride, window, size, before }: AxisWindows, what: "all" | "input") {
  return Array.from({ length: count }, (_, i) => {
    const start = i * stride - before, end = Math.min(start + window, size + before);
    return what === "all" ? end - start : Math.min(end, size) - Math.max(start, 0);
  });
}

function averagePool(
  tf: TensorFlow,
  input: Tensor,
  pooling: Pooling,
  { count_include_pad, divisor_override = null }: Divisor,
): Tensor {
  return withBatch(tf, input, pooling.kernel_size.length, (x) => {
    const windows = windowsOf(x, pooling);
    const inner = windows.map((one) => countsAlong(one, "input"));
    const divisors = windows.map((one) => countsAlong(one, count_include_pad ? "all" : "input"));
    // The op divides by the number of entries inside of the input.
    const mean = windows.length < 3
      ? poolImages(tf, "AvgPool", x, windows)
      : windows.reduce((y: Tensor, one, i) => {
        const rows = inner[i].map((entries, at) => meanRow(one, at, entries));
        return resample(tf, y, y.rank - windows.length + i, rows);
      }, x);
    const factors = inner.map((counts, axis) => counts.map((n, i) => n / divisors[axis][i]));
    if (divisor_override === null && factors.flat().every((factor) => factor === 1)) return mean;
    return factors.reduce((y: Tensor, along, axis) => {
      const shares = divisor_override === null ? along : inner[axis];
      const shape = alongAxis(y.rank, y.rank - factors.length + axis, -1);
      return tf.mul(y, tf.reshape(tf.tensor1d(shares), shape));
    }, divisor_override === null ? mean : tf.div(mean, divisor_override));
  });
}

/** Returns the weights of one mean over the entries of a window inside of the input. */
function meanRow({ size, stride, window, before }: AxisWindows, at: number, entries: number) {
  const start = at * stride - before;
  return Array.from(
    { length: size },
    (_, i) => i >= start && i < start + window ? 1 / entries : 0,
  );
}

/** Returns the first entry of each window of an adaptive pooling and the one after its last. */
const adaptiveWindows = (size: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({
    start: Math.floor(i * size / count),
    end: Math.ceil((i + 1) * size / count),
  }));

function adaptiveAverage(tf: TensorFlow, x: Tensor, output: readonly number[]): Tensor {
  const first = x.rank - output.length;
  if (output.every((count) => count === 1)) {
    return tf.mean(x, output.map((_, i) => first + i), true);
  }
  return output.reduce((y: Tensor, count, i) => {
    const size = y.shape[first + i];
    if (size === count) return y;
    const rows = adaptiveWindows(size, count).map(({ start, end }) =>
      Array.from({ length: size }, (_, k) => k >= start && k < end ? 1 / (end - start) : 0)
    );
    return resample(tf, y, first + i, rows);
  }, x);
}

/** Returns the largest entry of each window and its place; windows may have different sizes. */
function adaptiveMax(tf: TensorFlow, x: Tensor, output: readonly number[]): Tensor[] {
  const space = x.shape.slice(-output.length), outer = x.shape.slice(0, -output.length);
  const taps = output.reduce((taps: number[][], count, axis) => {
    const along = adaptiveWindows(space[axis], count).map(({ start, end }) =>
      Array.from({ length: end - start }, (_, k) => start + k)
    );
    return crossTaps(taps, along, space[axis]);
  }, [[0]]);
  const values = x.dataSync(), inside = sizeOf(space);
  const places = Array.from(
    { length: sizeOf(outer) },
    (_, plane) =>
      taps.map((tap) =>
        tap.reduce((best, at) =>
          isLarger(values[plane * inside + at], values[plane * inside + best]) ? at : best
        )
      ),
  );
  const flat = places.flatMap((tap, plane) => tap.map((at) => plane * inside + at));
  const shape = [...outer, ...output];
  const largest = tf.gather(tf.reshape(x, [x.size]), tf.tensor1d(flat, "int32"));
  return [tf.reshape(largest, shape), tf.tensor(places.flat(), shape, "int32")];
}

/** Puts entries at the places that a pooling took them from. */
function maxUnpool(tf: TensorFlow, x: Tensor, indices: Tensor, output: readonly number[]): Tensor {
  const outer = x.shape.slice(0, -2), inside = sizeOf(output);
  const plane = sizeOf(x.shape.slice(-2));
  const places = Int32Array.from(
    indices.dataSync(),
    (place, i) => Math.floor(i / plane) * inside + place,
  );
  const base = tf.zeros([sizeOf(outer) * inside]);
  const rows = tf.reshape(x, [x.size]);
  const laid = scatterRows(tf, base, places, { rows, accumulate: false });
  return tf.reshape(laid, [...outer, ...output]);
}

/** Poolings by the number of axes of space. */
export const POOLING: readonly AtenOp[] = [
  aten(
    "max_pool1d(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=[0], int[1] dilation=[1], bool ceil_mode=False) -> Tensor",
    ({ self, ...pooling }, { tf }) => maxPool(tf, self, pooling),
  ),
  aten(
    "max_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, int[2] dilation=1, bool ceil_mode=False) -> Tensor",
    ({ self, ...pooling }, { tf }) => maxPool(tf, self, pooling),
  ),
  aten(
    "max_pool3d(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, int[3] dilation=1, bool ceil_mode=False) -> Tensor",
    ({ self, ...pooling }, { tf }) => maxPool(tf, self, pooling),
  ),
  aten(
    "max_pool1d_with_indices(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=[0], int[1] dilation=[1], bool ceil_mode=False) -> (Tensor, Tensor)",
    ({ self, ...pooling }, { tf }) => maxPoolWithPlaces(tf, self, pooling),
  ),
  aten(
    "max_pool2d_with_indices(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, int[2] dilation=1, bool ceil_mode=False) -> (Tensor, Tensor)",
    ({ self, ...pooling }, { tf }) => maxPoolWithPlaces(tf, self, pooling),
  ),
  aten(
    "max_pool3d_with_indices(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, int[3] dilation=1, bool ceil_mode=False) -> (Tensor, Tensor)",
    ({ self, ...pooling }, { tf }) => maxPoolWithPlaces(tf, self, pooling),
  ),
  aten(
    "max_unpool2d(Tensor self, Tensor indices, SymInt[2] output_size) -> Tensor",
    ({ self, indices, output_size }, { tf }) => maxUnpool(tf, self, indices, output_size),
  ),
  aten(
    "avg_pool1d(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=[0], bool ceil_mode=False, bool count_include_pad=True) -> Tensor",
    ({ self, ...pooling }, { tf }) => averagePool(tf, self, pooling, pooling),
  ),
  aten(
    "avg_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, bool ceil_mode=False, bool count_include_pad=True, int? divisor_override=None) -> Tensor",
    ({ self, ...pooling }, { tf }) => averagePool(tf, self, pooling, pooling),
  ),
  aten(
    "avg_pool3d(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, bool ceil_mode=False, bool count_include_pad=True, int? divisor_override=None) -> Tensor",
    ({ self, ...pooling }, { tf }) => averagePool(tf, self, pooling, pooling),
  ),
  aten(
    "adaptive_avg_pool1d(Tensor self, int[1] output_size) -> Tensor",
    ({ self, output_size }, { tf }) => adaptiveAverage(tf, self, output_size),
  ),
  ...["adaptive_avg_pool2d", "_adaptive_avg_pool2d"].map((name) =>
    aten(
      `${name}(Tensor self, SymInt[2] output_size) -> Tensor`,
      ({ self, output_size }, { tf }) => adaptiveAverage(tf, self, output_size),
    )
  ),
  ...["adaptive_avg_pool3d", "_adaptive_avg_pool3d"].map((name) =>
    aten(
      `${name}(Tensor self, SymInt[3] output_size) -> Tensor`,
      ({ self, output_size }, { tf }) => adaptiveAverage(tf, self, output_size),
    )
  ),
  ...[1, 2, 3].map((count) =>
    aten(
      `adaptive_max_pool${count as 1 | 2 | 3}d(Tensor self, int[${count as
        | 1
        | 2
        | 3}] output_size) -> (Tensor, Tensor)`,
      ({ self, output_size }, { tf }) => adaptiveMax(tf, self, output_size),
    )
  ),
];
