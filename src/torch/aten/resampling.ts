import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../words/input_error.ts";
import { type AtenOp, sizeOf } from "./aten_op.ts";
import { permute } from "./shapes.ts";
import { aten } from "./schema.ts";

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
