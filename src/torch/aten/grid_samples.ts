import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { type AtenOp, sizeOf } from "./aten_op.ts";
import { permute } from "./shapes.ts";
import { aten } from "./schema.ts";

interface GridSample {
  /** 0 for linear, 1 for the nearest, 2 for cubic. */
  interpolation_mode: number;
  /** 0 for zeros outside, 1 for the border, 2 for reflection. */
  padding_mode: number;
  align_corners: boolean;
}

const NEAREST = 1, CUBIC = 2;
const ZEROS = 0, BORDER = 1;

/** Parameter a of Keys's cubic convolution, as PyTorch has it. */
const KEYS = -0.75;

/** Piecewise linear map of a place: its value, and its slope there. */
type Padded = readonly [value: number, slope: number];

/** Returns a place inside an axis for one that may be outside. */
function padPlace(place: number, size: number, args: GridSample): Padded {
  if (args.padding_mode === ZEROS) return [place, 1];
  if (args.padding_mode === BORDER) return clip([place, 1], size);
  const low = args.align_corners ? 0 : -0.5;
  const span = args.align_corners ? size - 1 : size;
  if (span === 0) return [0, 0];
  const from = Math.abs(place - low), sign = place < low ? -1 : 1;
  const flips = Math.floor(from / span), rest = from - flips * span;
  const turned: Padded = flips % 2 === 0 ? [rest + low, sign] : [span - rest + low, -sign];
  return clip(turned, size);
}

function clip([place, slope]: Padded, size: number): Padded {
  if (place <= 0) return [0, 0];
  return place >= size - 1 ? [size - 1, 0] : [place, slope];
}

/** Entries along an axis that samples are weighted sums of: one for each sample. */
interface Tap {
  places: Float32Array;
  /** Weights, one a row; `null` for 1. */
  weights: Tensor | null;
}

/** Returns the taps of a grid's coordinates, which are from -1 to 1, along an axis. */
function tapsAlong(tf: TensorFlow, grid: Tensor, size: number, args: GridSample): Tap[] {
  const column = tf.reshape(grid, [grid.size, 1]);
  const scaled = args.align_corners
    ? tf.mul(tf.add(column, 1), (size - 1) / 2) as Tensor
    : tf.sub(tf.mul(tf.add(column, 1), size / 2), 0.5) as Tensor;
  if (args.interpolation_mode === CUBIC) return cubicTaps(tf, scaled, size, args);
  const at = padPlaces(tf, scaled, size, args);
  if (args.interpolation_mode === NEAREST) {
    return [{ places: tf.round(at).dataSync() as Float32Array, weights: null }];
  }
  const first = tf.floor(at), share = tf.sub(at, first) as Tensor;
  const places = first.dataSync() as Float32Array;
  return [
    { places, weights: tf.sub(1, share) },
    { places: places.map((place) => place + 1), weights: share },
  ];
}

function padPlaces(tf: TensorFlow, places: Tensor, size: number, args: GridSample): Tensor {
  if (args.padding_mode === ZEROS) return places;
  const values = places.dataSync();
  const padded = Array.from(values, (place) => padPlace(place, size, args));
  const slopes = Float32Array.from(padded, ([, slope]) => slope);
  const offsets = Float32Array.from(padded, ([value, slope], i) => value - slope * values[i]);
  return tf.add(
    tf.mul(places, tf.tensor(slopes, places.shape)),
    tf.tensor(offsets, places.shape),
  );
}

/** Returns the four taps of cubic convolution. The entries are padded, and not the place. */
function cubicTaps(tf: TensorFlow, at: Tensor, size: number, args: GridSample): Tap[] {
  const first = tf.floor(at), share = tf.sub(at, first) as Tensor;
  const places = first.dataSync() as Float32Array;
  const polynomial = (x: Tensor, ...coefficients: number[]) =>
    coefficients.reduce(
      (sum: Tensor | null, c) => sum === null ? tf.fill(x.shape, c) : tf.add(tf.mul(sum, x), c),
      null,
    )!;
  const near = (x: Tensor) => polynomial(x, KEYS + 2, -(KEYS + 3), 0, 1);
  const far = (x: Tensor) => polynomial(x, KEYS, -5 * KEYS, 8 * KEYS, -4 * KEYS);
  const weights = [far(tf.add(share, 1)), near(share)];
  weights.push(near(tf.sub(1, share)), far(tf.sub(2, share)));
  return weights.map((weight, k) => ({
    places: places.map((place) => padPlace(place + k - 1, size, args)[0]),
    weights: weight,
  }));
}

/** Returns all combinations of one tap of each axis. */
const combinations = (axes: readonly Tap[][]): Tap[][] =>
  axes.reduce(
    (all: Tap[][], taps) => all.flatMap((chosen) => taps.map((tap) => [...chosen, tap])),
    [[]],
  );

/** Samples images or volumes at places from -1 to 1, the last axis first. */
function gridSample(tf: TensorFlow, x: Tensor, grid: Tensor, args: GridSample): Tensor {
  const [batch, channels, ...space] = x.shape;
  const axes = space.map((_, axis) => axis);
  const flat = tf.reshape(permute(tf, x, [0, ...axes.map((axis) => axis + 2), 1]), [-1, channels]);
  const coordinates = tf.unstack(grid, grid.rank - 1).toReversed();
  const shape = coordinates[0].shape, perImage = sizeOf(shape.slice(1));
  const taps = axes.map((axis) => tapsAlong(tf, coordinates[axis], space[axis], args));
  const terms = combinations(taps).map((chosen) => {
    const rows = new Int32Array(batch * perImage), isIn = new Float32Array(rows.length);
    for (let i = 0; i < rows.length; i++) {
      const at = chosen.map(({ places }) => places[i]);
      isIn[i] = Number(at.every((place, axis) => place >= 0 && place < space[axis]));
      const place = at.reduce((place, own, axis) => place * space[axis] + own, 0);
      rows[i] = isIn[i] && Math.floor(i / perImage) * sizeOf(space) + place;
    }
    const read = tf.mul(
      tf.gather(flat, tf.tensor1d(rows, "int32")),
      tf.tensor2d(isIn, [rows.length, 1]),
    );
    return chosen.reduce(
      (sum: Tensor, { weights }) => weights === null ? sum : tf.mul(sum, weights),
      read as Tensor,
    );
  });
  const sum = tf.reshape(tf.addN(terms), [...shape, channels]);
  return permute(tf, sum, [0, sum.rank - 1, ...axes.map((axis) => axis + 1)]);
}

/** Returns the places that affine maps send a grid to. */
function affineGrid(
  tf: TensorFlow,
  theta: Tensor,
  size: readonly number[],
  { alignCorners }: { alignCorners: boolean },
): Tensor {
  const [batch, , ...space] = size;
  const along = (count: number) =>
    Array.from({ length: count }, (_, i) => {
      if (count === 1) return 0;
      return alignCorners ? -1 + 2 * i / (count - 1) : (2 * i + 1) / count - 1;
    });
  const base = space.reduce(
    (rows: number[][], count) =>
      rows.flatMap((row) => along(count).map((place) => [place, ...row])),
    [[1]],
  );
  const grid = tf.expandDims(tf.tensor2d(base), 0);
  const places = tf.matMul(grid, theta, false, true);
  return tf.reshape(places, [batch, ...space, space.length]);
}

/** Samples of images and volumes at places that a grid names. */
export const GRID_SAMPLES: readonly AtenOp[] = [
  ...["grid_sampler", "grid_sampler_2d", "grid_sampler_3d"].map((name) =>
    aten(
      `${name}(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners) -> Tensor`,
      ({ input, grid, ...modes }, { tf }) => gridSample(tf, input, grid, modes),
    )
  ),
  aten(
    "affine_grid_generator(Tensor theta, SymInt[] size, bool align_corners) -> Tensor",
    ({ theta, size, align_corners }, { tf }) =>
      affineGrid(tf, theta, size, { alignCorners: align_corners }),
  ),
];
