import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { type AtenOp, axesOf, axisOf } from "./aten_op.ts";
import { type Dtype, promoted, toDtype } from "./dtypes.ts";
import { aten } from "./schema.ts";
import { unsqueeze } from "./shapes.ts";

function repeat(tf: TensorFlow, x: Tensor, repeats: readonly number[]): Tensor {
  const missing = repeats.length - x.rank;
  const whole = tf.reshape(x, [...new Array<number>(missing).fill(1), ...x.shape]);
  return tf.tile(whole, [...repeats]);
}

function repeatInterleave(
  tf: TensorFlow,
  x: Tensor,
  repeats: readonly number[],
  dim: number | null,
) {
  const whole = dim === null ? tf.reshape(x, [x.size]) : x;
  const axis = dim === null ? 0 : axisOf(dim, x.rank);
  const size = whole.shape[axis];
  const indices = Array.from(
    { length: size },
    (_, i) => new Array<number>(repeats[repeats.length === 1 ? 0 : i]).fill(i),
  ).flat();
  return tf.gather(whole, tf.tensor1d(indices, "int32"), axis);
}

/** Concatenates tensors, promoted to one dtype. Empty tensors of rank 1 are left out. */
export function concatenate(tf: TensorFlow, tensors: readonly Tensor[], dim: number): Tensor {
  const rank = Math.max(...tensors.map(({ rank }) => rank));
  const own = tensors.filter((tensor) => tensor.rank === rank || tensor.size > 0);
  const parts = promoted(tf, ...own);
  return parts.length === 1 ? parts[0] : tf.concat(parts, axisOf(dim, rank));
}

/** Returns the entries `start` .. `end` of an axis, each `step`. */
export function slice(
  tf: TensorFlow,
  x: Tensor,
  { axis, start, end, step = 1 }: { axis: number; start: number; end: number; step?: number },
): Tensor {
  const size = x.shape[axis];
  const from = clampIndex(start, size), to = Math.max(from, clampIndex(end, size));
  if (from === 0 && to === size && step === 1) return x;
  if (step !== 1) {
    const count = Math.ceil((to - from) / step);
    const indices = Array.from({ length: count }, (_, i) => from + i * step);
    return tf.gather(x, tf.tensor1d(indices, "int32"), axis);
  }
  const begin = x.shape.map((_, i) => i === axis ? from : 0);
  return tf.slice(x, begin, x.shape.with(axis, to - from));
}

function clampIndex(index: number, size: number): number {
  return Math.min(size, Math.max(0, index < 0 ? index + size : index));
}

/** Returns one entry of an axis, without the axis. */
function select(tf: TensorFlow, x: Tensor, dim: number, index: number): Tensor {
  const axis = axisOf(dim, x.rank), size = x.shape[axis];
  if (index < -size || index >= size) {
    throw new InputError({
      place: "index",
      found: String(index),
      expected: `${-size} to ${size - 1}`,
    });
  }
  const start = index < 0 ? index + size : index;
  return tf.reshape(slice(tf, x, { axis, start, end: start + 1 }), x.shape.toSpliced(axis, 1));
}

/** Splits an axis into parts of the given sizes. */
function splitSizes(tf: TensorFlow, x: Tensor, sizes: readonly number[], dim: number): Tensor[] {
  const axis = axisOf(dim, x.rank);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total !== x.shape[axis]) {
    throw new InputError({
      place: "The sum of split_sizes",
      found: String(total),
      expected: String(x.shape[axis]),
    });
  }
  // One op, whose gradient joins those of the parts; that of a slice fills up the whole.
  return sizes.length === 1 ? [x] : tf.split(x, [...sizes], axis);
}

/** Splits an axis into parts of one size; the last may be smaller. */
function splitEvery(tf: TensorFlow, x: Tensor, size: number, dim: number): Tensor[] {
  const length = x.shape[axisOf(dim, x.rank)];
  const count = Math.max(1, Math.ceil(length / Math.max(1, size)));
  const sizes = Array.from({ length: count }, (_, i) => Math.min(size, length - i * size));
  return splitSizes(tf, x, sizes, dim);
}

export function splitSections(tf: TensorFlow, x: Tensor, sections: number, dim: number): Tensor[] {
  const length = x.shape[axisOf(dim, x.rank)];
  const more = length % sections, size = Math.floor(length / sections);
  const sizes = Array.from({ length: sections }, (_, i) => i < more ? size + 1 : size);
  return splitSizes(tf, x, sizes, dim);
}

export function splitAt(
  tf: TensorFlow,
  x: Tensor,
  indices: readonly number[],
  dim: number,
): Tensor[] {
  const axis = axisOf(dim, x.rank);
  return [0, ...indices].map((start, i) =>
    slice(tf, x, { axis, start, end: indices[i] ?? x.shape[axis] })
  );
}

const chunk = (tf: TensorFlow, x: Tensor, chunks: number, dim: number) =>
  splitEvery(tf, x, Math.ceil(x.shape[axisOf(dim, x.rank)] / chunks), dim);

/** Moves entries along axes; those that leave one end enter at the other. */
function roll(
  tf: TensorFlow,
  x: Tensor,
  shifts: readonly number[],
  dims: readonly number[],
): Tensor {
  if (dims.length === 0) {
    return tf.reshape(roll(tf, tf.reshape(x, [x.size]), shifts, [0]), x.shape);
  }
  return dims.reduce((rolled: Tensor, dim, i) => {
    const axis = axisOf(dim, x.rank), size = x.shape[axis];
    const shift = size === 0 ? 0 : ((shifts[i] % size) + size) % size;
    if (shift === 0) return rolled;
    const at = size - shift;
    const head = slice(tf, rolled, { axis, start: 0, end: at });
    return tf.concat([slice(tf, rolled, { axis, start: at, end: size }), head], axis);
  }, x);
}

export function flip(tf: TensorFlow, x: Tensor, dims: readonly number[]): Tensor {
  if (dims.length === 0) return x;
  // TensorFlow.js reads bools as numbers of four bytes here.
  const whole = x.dtype === "bool" ? toDtype(tf, x, "int32") : x;
  const flipped = tf.reverse(whole, dims.map((dim) => axisOf(dim, x.rank)));
  return toDtype(tf, flipped, x.dtype as Dtype);
}

/** Returns the differences of neighbours, n times. */
function diff(tf: TensorFlow, x: Tensor, dim: number, n: number): Tensor {
  if (n === 0) return x;
  const axis = axisOf(dim, x.rank);
  const size = x.shape[axis];
  const later = slice(tf, x, { axis, start: 1, end: size });
  const earlier = slice(tf, x, { axis, start: 0, end: Math.max(0, size - 1) });
  const change = x.dtype === "bool"
    ? tf.notEqual(toDtype(tf, later, "int32"), toDtype(tf, earlier, "int32"))
    : tf.sub(later, earlier);
  return diff(tf, change, dim, n - 1);
}

/** Parts, copies, joins and turns of tensors. */
export const PART_OPS: readonly AtenOp[] = [
  aten(
    "repeat(Tensor self, SymInt[] repeats) -> Tensor",
    ({ self, repeats }, { tf }) => repeat(tf, self, repeats),
  ),
  aten("tile(Tensor self, SymInt[] dims) -> Tensor", ({ self, dims }, { tf }) => {
    const missing = Math.max(0, self.rank - dims.length);
    return repeat(tf, self, [...new Array<number>(missing).fill(1), ...dims]);
  }),
  aten(
    "repeat_interleave.self_int(Tensor self, SymInt repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor",
    ({ self, repeats, dim }, { tf }) => repeatInterleave(tf, self, [repeats], dim),
  ),
  aten(
    "repeat_interleave.self_Tensor(Tensor self, Tensor repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor",
    ({ self, repeats, dim }, { tf }) =>
      repeatInterleave(tf, self, Array.from(repeats.dataSync()), dim),
  ),
  ...["cat", "concat", "concatenate"].map((name) =>
    aten(
      `${name}(Tensor[] tensors, int dim=0) -> Tensor`,
      ({ tensors, dim }, { tf }) => concatenate(tf, tensors, dim),
    )
  ),
  aten("stack(Tensor[] tensors, int dim=0) -> Tensor", ({ tensors, dim }, { tf }) => {
    return concatenate(tf, tensors.map((tensor) => unsqueeze(tf, tensor, dim)), dim);
  }),
  aten("hstack(Tensor[] tensors) -> Tensor", ({ tensors }, { tf }) => {
    return concatenate(tf, tensors, tensors[0].rank < 2 ? 0 : 1);
  }),
  aten("column_stack(Tensor[] tensors) -> Tensor", ({ tensors }, { tf }) => {
    const columns = tensors.map((one) => one.rank < 2 ? tf.reshape(one, [one.size, 1]) : one);
    return concatenate(tf, columns, 1);
  }),
  aten("vstack(Tensor[] tensors) -> Tensor", ({ tensors }, { tf }) => {
    const rows = tensors.map((one) => one.rank < 2 ? tf.reshape(one, [1, one.size]) : one);
    return concatenate(tf, rows, 0);
  }),
  ...["split.Tensor", "unsafe_split.Tensor"].map((name) =>
    aten(
      `${name}(Tensor self, SymInt split_size, int dim=0) -> Tensor[]`,
      ({ self, split_size, dim }, { tf }) => splitEvery(tf, self, split_size, dim),
    )
  ),
  aten(
    "split.sizes(Tensor self, SymInt[] split_size, int dim=0) -> Tensor[]",
    ({ self, split_size, dim }, { tf }) => splitSizes(tf, self, split_size, dim),
  ),
  ...["split_with_sizes", "unsafe_split_with_sizes"].map((name) =>
    aten(
      `${name}(Tensor self, SymInt[] split_sizes, int dim=0) -> Tensor[]`,
      ({ self, split_sizes, dim }, { tf }) => splitSizes(tf, self, split_sizes, dim),
    )
  ),
  ...["chunk", "unsafe_chunk"].map((name) =>
    aten(
      `${name}(Tensor self, int chunks, int dim=0) -> Tensor[]`,
      ({ self, chunks, dim }, { tf }) => chunk(tf, self, chunks, dim),
    )
  ),
  aten(
    "tensor_split.sections(Tensor self, SymInt sections, int dim=0) -> Tensor[]",
    ({ self, sections, dim }, { tf }) => splitSections(tf, self, sections, dim),
  ),
  aten(
    "tensor_split.indices(Tensor self, SymInt[] indices, int dim=0) -> Tensor[]",
    ({ self, indices, dim }, { tf }) => splitAt(tf, self, indices, dim),
  ),
  aten(
    "unbind.int(Tensor self, int dim=0) -> Tensor[]",
    ({ self, dim }, { tf }) => tf.unstack(self, axisOf(dim, self.rank)),
  ),
  aten(
    "select.int(Tensor self, int dim, SymInt index) -> Tensor",
    ({ self, dim, index }, { tf }) => select(tf, self, dim, index),
  ),
  aten(
    "slice.Tensor(Tensor self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor",
    ({ self, dim, start, end, step }, { tf }) =>
      slice(tf, self, {
        axis: axisOf(dim, self.rank),
        start: start ?? 0,
        end: end ?? Infinity,
        step,
      }),
  ),
  aten(
    "narrow(Tensor self, int dim, SymInt start, SymInt length) -> Tensor",
    ({ self, dim, start, length }, { tf }) => {
      const axis = axisOf(dim, self.rank);
      const from = start < 0 ? start + self.shape[axis] : start;
      return slice(tf, self, { axis, start: from, end: from + length });
    },
  ),
  aten(
    "flip(Tensor self, int[] dims) -> Tensor",
    ({ self, dims }, { tf }) => flip(tf, self, dims),
  ),
  aten("fliplr(Tensor self) -> Tensor", ({ self }, { tf }) => flip(tf, self, [1])),
  aten("flipud(Tensor self) -> Tensor", ({ self }, { tf }) => flip(tf, self, [0])),
  aten(
    "diff(Tensor self, int n=1, int dim=-1, Tensor? prepend=None, Tensor? append=None) -> Tensor",
    ({ self, n, dim, prepend, append }, { tf }) => {
      const parts = [prepend, self, append].filter((part) => part !== null);
      return diff(tf, concatenate(tf, parts, dim), dim, n);
    },
  ),
  ...([["fft_fftshift", 1], ["fft_ifftshift", -1]] as const).map(([name, sign]) =>
    aten(`${name}(Tensor self, int[1]? dim=None) -> Tensor`, ({ self, dim }, { tf }) => {
      const axes = axesOf(dim, self.rank);
      const shifts = axes.map((axis) => sign * Math.floor(self.shape[axis] / 2));
      return roll(tf, self, shifts, axes);
    })
  ),
  aten(
    "roll(Tensor self, SymInt[1] shifts, int[1] dims=[]) -> Tensor",
    ({ self, shifts, dims }, { tf }) => roll(tf, self, shifts, dims),
  ),
];

/** Entries that are added before and after an axis; a negative number takes entries away. */
interface AxisPadding {
  axis: number;
  before: number;
  after: number;
}

/** Returns the paddings of axes; PyTorch lists them from the last axis on. */
function paddingsOf(x: Tensor, pad: readonly number[]): AxisPadding[] {
  if (pad.length % 2 !== 0 || pad.length > 2 * x.rank) {
    throw new InputError({
      place: "pad",
      verb: "has",
      found: `${pad.length} numbers`,
      expected: `two for each axis, ${2 * x.rank} at most`,
    });
  }
  return Array.from({ length: pad.length / 2 }, (_, i) => ({
    axis: x.rank - 1 - i,
    before: pad[2 * i],
    after: pad[2 * i + 1],
  })).filter(({ before, after }) => before !== 0 || after !== 0);
}

/** Cuts off what negative paddings take away. */
function cropped(tf: TensorFlow, x: Tensor, paddings: readonly AxisPadding[]): Tensor {
  return paddings.reduce((kept: Tensor, { axis, before, after }) => {
    const start = Math.max(0, -before), end = kept.shape[axis] - Math.max(0, -after);
    return slice(tf, kept, { axis, start, end });
  }, x);
}

function padConstant(tf: TensorFlow, x: Tensor, pad: readonly number[], value: number): Tensor {
  const paddings = paddingsOf(x, pad);
  const kept = cropped(tf, x, paddings);
  const sizes = x.shape.map((): [number, number] => [0, 0]);
  for (const { axis, before, after } of paddings) {
    sizes[axis] = [Math.max(0, before), Math.max(0, after)];
  }
  if (sizes.every(([before, after]) => before === 0 && after === 0)) return kept;
  if (x.dtype !== "bool") return tf.pad(kept, sizes, value);
  return toDtype(tf, tf.pad(toDtype(tf, kept, "int32"), sizes, value), "bool" as Dtype);
}

/** Sources of entries outside of an axis of a size, by PyTorch's names of the modes. */
const SOURCES: Record<string, (place: number, size: number) => number> = {
  reflect: (place, size) => {
    const turned = Math.abs(place);
    return turned < size ? turned : 2 * (size - 1) - turned;
  },
  replicate: (place, size) => Math.min(size - 1, Math.max(0, place)),
  circular: (place, size) => (place + size) % size,
};

/** Largest padding of each mode, for an axis of a size. */
const LIMITS: Record<string, (size: number) => number> = {
  reflect: (size) => size - 1,
  replicate: () => Infinity,
  circular: (size) => size,
};

function padFrom(tf: TensorFlow, x: Tensor, pad: readonly number[], mode: string): Tensor {
  const paddings = paddingsOf(x, pad);
  return paddings.reduce((padded: Tensor, { axis, before, after }) => {
    const size = padded.shape[axis], limit = LIMITS[mode](size);
    if (Math.max(before, after) > limit || Math.min(before, after) < 0) {
      throw new InputError({
        place: `The padding of axis ${axis} by "${mode}"`,
        found: `[${before}, ${after}]`,
        expected: `0 to ${limit}`,
      });
    }
    const indices = Array.from(
      { length: before + size + after },
      (_, i) => SOURCES[mode](i - before, size),
    );
    return tf.gather(padded, tf.tensor1d(indices, "int32"), axis);
  }, x);
}

function padBy(
  tf: TensorFlow,
  x: Tensor,
  pad: readonly number[],
  { mode, value }: { mode: string; value: number | null },
): Tensor {
  if (mode === "constant") return padConstant(tf, x, pad, value ?? 0);
  if (Object.hasOwn(SOURCES, mode)) return padFrom(tf, x, pad, mode);
  throw new InputError({
    place: "mode",
    found: JSON.stringify(mode),
    expected: `"constant", "${Object.keys(SOURCES).join('", "')}"`,
  });
}

/** Paddings, by their modes. */
export const PADDING: readonly AtenOp[] = [
  aten(
    'pad(Tensor self, SymInt[] pad, str mode="constant", float? value=None) -> Tensor',
    ({ self, pad, ...how }, { tf }) => padBy(tf, self, pad, how),
  ),
  aten(
    "constant_pad_nd(Tensor self, SymInt[] pad, Scalar value=0) -> Tensor",
    ({ self, pad, value }, { tf }) => padConstant(tf, self, pad, value),
  ),
  aten(
    "_pad_circular(Tensor self, SymInt[] pad) -> Tensor",
    ({ self, pad }, { tf }) => padFrom(tf, self, pad, "circular"),
  ),
  ...([["reflection", "reflect"], ["replication", "replicate"]] as const).flatMap(([name, mode]) =>
    ([[1, 2], [2, 4], [3, 6]] as const).map(([axes, count]) =>
      aten(
        `${name}_pad${axes}d(Tensor self, SymInt[${count}] padding) -> Tensor`,
        ({ self, padding }, { tf }) => padFrom(tf, self, padding, mode),
      )
    )
  ),
];
