import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { type AtenOp, sizeOf } from "./aten_op.ts";
import { aten } from "./schema.ts";
import { permute } from "./shapes.ts";

/**
 * Replaces an axis by weighted sums of its entries, as in interpolation.
 *
 * @param rows Weights of all old entries, one row for each new one.
 */
export function resample(
  tf: TensorFlow,
  x: Tensor,
  axis: number,
  rows: readonly (readonly number[])[],
): Tensor {
  const weights = tf.tensor2d(rows as number[][], [rows.length, x.shape[axis]]);
  const inner = sizeOf(x.shape.slice(axis + 1));
  const shape = x.shape.with(axis, rows.length);
  if (inner === 1) {
    const last = tf.reshape(x, [-1, x.shape[axis]]) as Tensor;
    return tf.reshape(tf.matMul(last, weights, false, true), shape);
  }
  const parts = tf.reshape(x, [-1, x.shape[axis], inner]) as Tensor;
  return tf.reshape(tf.matMul(tf.expandDims(weights, 0), parts), shape);
}

/** Distances and sizes along one axis. */
interface Scaling {
  size: number;
  count: number;
  /** Distance of neighbouring new entries, in old ones. */
  ratio: number;
  alignCorners: boolean;
}

/** Returns the place of a new entry among the old ones. */
const placeOf = ({ ratio, alignCorners }: Scaling, i: number) =>
  alignCorners ? i * ratio : (i + 0.5) * ratio - 0.5;

/** Returns a row of weights; those of places outside belong to the nearest entry. */
function row(size: number, weights: readonly (readonly [place: number, weight: number])[]) {
  const made = new Array<number>(size).fill(0);
  for (const [place, weight] of weights) made[Math.min(size - 1, Math.max(0, place))] += weight;
  return made;
}

/** Cubic convolution with the parameter a of Keys. */
function cubic(a: number, x: number): number {
  const d = Math.abs(x);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((d - 5) * d + 8) * d * a - 4 * a : 0;
}

function linearRow(scaling: Scaling, i: number): number[] {
  const place = Math.max(0, placeOf(scaling, i));
  const first = Math.floor(place), share = place - first;
  return row(scaling.size, [[first, 1 - share], [first + 1, share]]);
}

function cubicRow(scaling: Scaling, i: number): number[] {
  const place = placeOf(scaling, i), first = Math.floor(place);
  const taps = [-1, 0, 1, 2].map((k) => [first + k, cubic(-0.75, place - first - k)] as const);
  return row(scaling.size, taps);
}

/** Returns the filter weights for output entry `i`; the filter is as wide as what `i` covers. */
function smoothRow(
  { size, ratio }: Scaling,
  i: number,
  { reach, filter }: { reach: number; filter: (x: number) => number },
): number[] {
  const scale = Math.max(1, ratio), centre = ratio * (i + 0.5);
  const first = Math.max(0, Math.trunc(centre - reach * scale + 0.5));
  const end = Math.min(size, Math.trunc(centre + reach * scale + 0.5));
  const weights = Array.from(
    { length: end - first },
    (_, k) => filter((k + first - centre + 0.5) / scale),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return row(size, weights.map((weight, k) => [first + k, weight / total]));
}

const tent = (x: number) => Math.max(0, 1 - Math.abs(x));

type Row = (scaling: Scaling, i: number) => number[];

/** Weights of smooth interpolations. */
const ROWS = {
  linear: linearRow,
  cubic: cubicRow,
  linearSmooth: (scaling, i) => smoothRow(scaling, i, { reach: 1, filter: tent }),
  cubicSmooth: (scaling, i) => smoothRow(scaling, i, { reach: 2, filter: (x) => cubic(-0.5, x) }),
} satisfies Record<string, Row>;

/** Sizes of an interpolated image: given, or by factors. */
interface Target {
  output_size: readonly number[] | null;
  /** Factors; null for those that follow from the sizes. */
  scales: readonly (number | null)[] | null;
  align_corners?: boolean;
}

function scalingsOf(x: Tensor, { output_size, scales, align_corners = false }: Target): Scaling[] {
  if (output_size === null && scales === null) {
    throw new InputError({
      place: "output_size",
      found: "None",
      expected: "sizes, or scale_factors",
    });
  }
  return x.shape.slice(2).map((size, axis) => {
    const factor = scales?.[axis] ?? null;
    const count = output_size === null ? Math.floor(size * factor!) : output_size[axis];
    const corners = count > 1 ? (size - 1) / (count - 1) : 0;
    const between = factor === null || factor === 0 ? size / count : 1 / factor;
    const ratio = align_corners ? corners : between;
    return { size, count, ratio, alignCorners: align_corners };
  });
}

function interpolate(tf: TensorFlow, x: Tensor, how: keyof typeof ROWS, target: Target): Tensor {
  return scalingsOf(x, target).reduce((made: Tensor, scaling, i) => {
    if (scaling.size === scaling.count && scaling.ratio === 1) return made;
    const rows = Array.from({ length: scaling.count }, (_, at) => ROWS[how](scaling, at));
    return resample(tf, made, i + 2, rows);
  }, x);
}

/** Copies the nearest entry; `shift` is 0.5 if it is that of the centre of a new entry. */
function nearest(tf: TensorFlow, x: Tensor, shift: 0 | 0.5, target: Target): Tensor {
  return scalingsOf(x, target).reduce((made: Tensor, { size, count, ratio }, i) => {
    // PyTorch computes places in float32, which decides between neighbours.
    const step = Math.fround(ratio);
    const sources = Array.from(
      { length: count },
      (_, at) => Math.min(size - 1, Math.floor(Math.fround((at + shift) * step))),
    );
    return tf.gather(made, tf.tensor1d(sources, "int32"), i + 2);
  }, x);
}

/** Names of the parameters for factors, by the number of axes. */
const SCALES = {
  1: "float? scales=None",
  2: "float? scales_h=None, float? scales_w=None",
  3: "float? scales_d=None, float? scales_h=None, float? scales_w=None",
} as const;

/** Interpolations with corners that may be aligned. */
const SMOOTH: readonly (readonly [name: string, axes: 1 | 2 | 3, how: keyof typeof ROWS])[] = [
  ["upsample_linear1d", 1, "linear"],
  ["upsample_bilinear2d", 2, "linear"],
  ["upsample_trilinear3d", 3, "linear"],
  ["upsample_bicubic2d", 2, "cubic"],
  ["_upsample_bilinear2d_aa", 2, "linearSmooth"],
  ["_upsample_bicubic2d_aa", 2, "cubicSmooth"],
];

type Factors = Partial<Record<"scales" | "scales_d" | "scales_h" | "scales_w", number | null>>;

/** Returns the factors of an operation whose parameters name them one by one. */
function factorsOf(args: Factors, axes: 1 | 2 | 3): (number | null)[] {
  if (axes === 1) return [args.scales ?? null];
  const plane = [args.scales_h ?? null, args.scales_w ?? null];
  return axes === 2 ? plane : [args.scales_d ?? null, ...plane];
}

/** Moves blocks of channels into space. */
function pixelShuffle(tf: TensorFlow, x: Tensor, n: number): Tensor {
  const [channels, height, width] = x.shape.slice(-3), outer = x.shape.slice(0, -3);
  const blocks = tf.reshape(x, [sizeOf(outer), channels / n ** 2, n, n, height, width]);
  const turned = permute(tf, blocks, [0, 1, 4, 2, 5, 3]);
  return tf.reshape(turned, [...outer, channels / n ** 2, height * n, width * n]);
}

/** Moves blocks of space into channels. */
function pixelUnshuffle(tf: TensorFlow, x: Tensor, n: number): Tensor {
  const [channels, height, width] = x.shape.slice(-3), outer = x.shape.slice(0, -3);
  const blocks = tf.reshape(x, [sizeOf(outer), channels, height / n, n, width / n, n]);
  const turned = permute(tf, blocks, [0, 1, 3, 5, 2, 4]);
  return tf.reshape(turned, [...outer, channels * n ** 2, height / n, width / n]);
}

function channelShuffle(tf: TensorFlow, x: Tensor, groups: number): Tensor {
  const [batch, channels, ...space] = x.shape;
  const parts = tf.reshape(x, [batch, groups, channels / groups, sizeOf(space)]);
  return tf.reshape(permute(tf, parts, [0, 2, 1, 3]), x.shape);
}

/** Interpolation and shuffles of pixels. */
export const RESAMPLING: readonly AtenOp[] = [
  ...SMOOTH.flatMap(([name, axes, how]) => [
    aten(
      `${name}.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor`,
      ({ input, scale_factors: scales, ...target }, { tf }) =>
        interpolate(tf, input, how, { ...target, scales }),
    ),
    aten(
      `${name}(Tensor self, SymInt[${axes}] output_size, bool align_corners, ${
        SCALES[axes]
      }) -> Tensor`,
      ({ self, output_size, align_corners, ...factors }, { tf }) =>
        interpolate(tf, self, how, {
          output_size,
          align_corners,
          scales: factorsOf(factors, axes),
        }),
    ),
  ]),
  ...([["upsample_nearest", 0], ["_upsample_nearest_exact", 0.5]] as const).flatMap((
    [name, shift],
  ) =>
    ([1, 2, 3] as const).flatMap((axes) => [
      aten(
        `${name}${axes}d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor`,
        ({ input, output_size, scale_factors: scales }, { tf }) =>
          nearest(tf, input, shift, { output_size, scales }),
      ),
      aten(
        `${name}${axes}d(Tensor self, SymInt[${axes}] output_size, ${SCALES[axes]}) -> Tensor`,
        ({ self, output_size, ...factors }, { tf }) =>
          nearest(tf, self, shift, { output_size, scales: factorsOf(factors, axes) }),
      ),
    ])
  ),
  aten(
    "pixel_shuffle(Tensor self, int upscale_factor) -> Tensor",
    ({ self, upscale_factor }, { tf }) => pixelShuffle(tf, self, upscale_factor),
  ),
  aten(
    "pixel_unshuffle(Tensor self, int downscale_factor) -> Tensor",
    ({ self, downscale_factor }, { tf }) => pixelUnshuffle(tf, self, downscale_factor),
  ),
  ...["channel_shuffle", "native_channel_shuffle"].map((name) =>
    aten(
      `${name}(Tensor self, SymInt groups) -> Tensor`,
      ({ self, groups }, { tf }) => channelShuffle(tf, self, groups),
    )
  ),
];

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
