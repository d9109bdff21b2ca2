import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../words/input_error.ts";
import type { AtenOp } from "./aten_op.ts";
import { type Dtype, toDtype } from "./dtypes.ts";
import { slice } from "./parts.ts";
import { aten } from "./schema.ts";

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
