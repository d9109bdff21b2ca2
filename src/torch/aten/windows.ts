import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { type AtenOp, axisOf, sizeOf } from "./aten_op.ts";
import { differentiate } from "./host.ts";
import { permute } from "./shapes.ts";
import { aten } from "./schema.ts";

/** Windows of images, in PyTorch's names; each has an entry for height and one for width. */
interface ImageWindows {
  kernel_size: readonly number[];
  dilation: readonly number[];
  padding: readonly number[];
  stride: readonly number[];
}

/** Returns the places of one tap of all windows along an axis, -1 in the padding. */
function tapPlaces(
  { kernel_size, dilation, padding, stride }: ImageWindows,
  axis: number,
  size: number,
): number[][] {
  const reach = dilation[axis] * (kernel_size[axis] - 1) + 1;
  const count = Math.floor((size + 2 * padding[axis] - reach) / stride[axis]) + 1;
  return Array.from(
    { length: kernel_size[axis] },
    (_, tap) =>
      Array.from({ length: count }, (_, i) => {
        const place = i * stride[axis] - padding[axis] + tap * dilation[axis];
        return place < 0 || place >= size ? -1 : place;
      }),
  );
}

/** Returns the place in an image of each tap of each window: taps first, then windows. */
function windowPlaces(windows: ImageWindows, [height, width]: readonly number[]): Int32Array {
  const rows = tapPlaces(windows, 0, height), columns = tapPlaces(windows, 1, width);
  return Int32Array.from(
    rows.flatMap((row) =>
      columns.flatMap((column) =>
        row.flatMap((y) => column.map((x) => y < 0 || x < 0 ? -1 : y * width + x))
      )
    ),
  );
}

/** Reads the entries of the last axis at places; -1 reads 0. */
function readPlaces(tf: TensorFlow, x: Tensor, places: Int32Array): Tensor {
  const size = x.shape.at(-1)!;
  const padded = tf.pad(x, x.shape.map((_, i) => [0, Number(i === x.rank - 1)]));
  const indices = places.map((place) => place < 0 ? size : place);
  return tf.gather(padded, tf.tensor1d(indices, "int32"), x.rank - 1);
}

/** Adds the entries of the last axis at places of an axis of `size`; those of -1 are left out. */
function addPlaces(tf: TensorFlow, x: Tensor, places: Int32Array, size: number): Tensor {
  const columns = tf.transpose(tf.reshape(x, [-1, places.length])) as Tensor;
  const sums = tf.unsortedSegmentSum(columns, tf.tensor1d(places, "int32"), size) as Tensor;
  return tf.reshape(tf.transpose(sums), [...x.shape.slice(0, -1), size]);
}

/** Copies windows at places of the last axis; its gradient adds them. */
function copyPlaces(tf: TensorFlow, x: Tensor, places: Int32Array): Tensor {
  const size = x.shape.at(-1)!;
  return differentiate(tf, [x], {
    forward: (x) => readPlaces(tf, x, places),
    backward: [(dy) => addPlaces(tf, dy, places, size)],
  });
}

/** Puts the windows of images beside each other, as columns. */
function imagesToColumns(tf: TensorFlow, x: Tensor, windows: ImageWindows): Tensor {
  const [channels, height, width] = x.shape.slice(-3), outer = x.shape.slice(0, -3);
  const places = windowPlaces(windows, [height, width]);
  const taps = sizeOf(windows.kernel_size);
  const taken = copyPlaces(tf, tf.reshape(x, [...outer, channels, height * width]), places);
  return tf.reshape(taken, [...outer, channels * taps, places.length / taps]);
}

/** Adds columns where their windows are in images. */
function columnsToImages(
  tf: TensorFlow,
  x: Tensor,
  { output_size, ...windows }: ImageWindows & { output_size: readonly number[] },
): Tensor {
  const [rows, columns] = x.shape.slice(-2), outer = x.shape.slice(0, -2);
  const channels = rows / sizeOf(windows.kernel_size);
  const places = windowPlaces(windows, output_size);
  if (places.length * channels !== rows * columns) {
    throw new InputError({
      place: "The columns of col2im",
      found: `${rows} x ${columns}`,
      expected: `${rows} x ${places.length * channels / rows}`,
    });
  }
  const laid = tf.reshape(x, [...outer, channels, places.length]);
  const size = sizeOf(output_size);
  const images = differentiate(tf, [laid], {
    forward: (x) => addPlaces(tf, x, places, size),
    backward: [(dy) => readPlaces(tf, dy, places)],
  });
  return tf.reshape(images, [...outer, channels, ...output_size]);
}

/** Returns windows of an axis, whose entries are the last axis. */
function unfold(
  tf: TensorFlow,
  x: Tensor,
  { dimension, size, step }: { dimension: number; size: number; step: number },
): Tensor {
  const axis = axisOf(dimension, x.rank);
  const count = Math.floor((x.shape[axis] - size) / step) + 1;
  const places = Array.from(
    { length: count * size },
    (_, i) => Math.floor(i / size) * step + i % size,
  );
  const taken = tf.gather(x, tf.tensor1d(places, "int32"), axis);
  const split = tf.reshape(taken, x.shape.toSpliced(axis, 1, count, size));
  const order = split.shape.map((_, i) => i).filter((i) => i !== axis + 1);
  return permute(tf, split, [...order, axis + 1]);
}

/** Reads the entries of a contiguous tensor at strides. */
function asStrided(
  tf: TensorFlow,
  x: Tensor,
  { size, stride, offset }: {
    size: readonly number[];
    stride: readonly number[];
    offset: number;
  },
): Tensor {
  const places = size.reduce(
    (places, length, axis) =>
      places.flatMap((place) => Array.from({ length }, (_, i) => place + i * stride[axis])),
    [offset],
  );
  if (Math.max(-1, ...places.slice(-1)) >= x.size) {
    throw new InputError({
      place: "The last entry of as_strided",
      found: String(places.at(-1)),
      expected: `below ${x.size}`,
    });
  }
  const flat = copyPlaces(tf, tf.reshape(x, [x.size]), Int32Array.from(places));
  return tf.reshape(flat, [...size]);
}

/** Windows of tensors. */
export const WINDOW_OPS: readonly AtenOp[] = [
  aten(
    "unfold(Tensor self, int dimension, int size, int step) -> Tensor",
    ({ self, ...windows }, { tf }) => unfold(tf, self, windows),
  ),
  aten(
    "as_strided(Tensor self, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor",
    ({ self, size, stride, storage_offset }, { tf }) =>
      asStrided(tf, self, { size, stride, offset: storage_offset ?? 0 }),
  ),
  aten(
    "im2col(Tensor self, int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride) -> Tensor",
    ({ self, ...windows }, { tf }) => imagesToColumns(tf, self, windows),
  ),
  aten(
    "col2im(Tensor self, SymInt[2] output_size, int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride) -> Tensor",
    ({ self, ...windows }, { tf }) => columnsToImages(tf, self, windows),
  ),
];
