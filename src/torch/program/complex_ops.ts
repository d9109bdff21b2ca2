import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { type AtenOp, axisOf } from "../aten/aten_op.ts";
import { aten } from "../aten/schema.ts";

/** Complex numbers as two tensors of one shape. */
interface Complex {
  re: Tensor;
  im: Tensor;
}

/** Transform of some axes. */
interface Transform {
  /** Axes, in order; `null` for the last ones, or all. */
  dim: readonly number[] | null;
  /** Lengths to which they are cut or filled up; `null` for their own. */
  size: readonly number[] | null;
  /** `backward`, `ortho` or `forward`; `null` for `backward`. */
  norm: string | null;
}

/** A transform is a product with a matrix, of this length at most on each side: 64 MiB. */
const MAX_LENGTH = 4096;

/** Returns the factor of a transform of n entries. */
function scaleOf(n: number, norm: string | null, { inverse }: { inverse: boolean }): number {
  if (norm === "ortho") return 1 / Math.sqrt(n);
  return (norm === "forward") === inverse ? 1 : 1 / n;
}

/**
 * Returns the matrices of cosines and sines of 2 pi j k / n.
 *
 * @param weight Factor of the entries of row j.
 */
function waves(
  tf: TensorFlow,
  { n, rows, columns }: { n: number; rows: number; columns: number },
  weight: (j: number) => number,
): { cos: Tensor; sin: Tensor } {
  const cos = new Float32Array(rows * columns), sin = new Float32Array(rows * columns);
  for (let j = 0; j < rows; j++) {
    for (let k = 0; k < columns; k++) {
      const angle = 2 * Math.PI * (j * k % n) / n;
      cos[j * columns + k] = weight(j) * Math.cos(angle);
      sin[j * columns + k] = weight(j) * Math.sin(angle);
    }
  }
  const shape: [number, number] = [rows, columns];
  return { cos: tf.tensor2d(cos, shape), sin: tf.tensor2d(sin, shape) };
}

/** Runs a function of rows along an axis, whose length it may change. */
function alongAxis(
  tf: TensorFlow,
  { x, axis, length }: { x: readonly Tensor[]; axis: number; length: number },
  run: (rows: Tensor[]) => Tensor[],
): Tensor[] {
  const { rank } = x[0];
  const last = [...x[0].shape.keys()].filter((i) => i !== axis);
  const axes = [...last, axis];
  const rows = x.map((one) => {
    const moved = tf.transpose(one, axes);
    return resized(tf, tf.reshape(moved, [-1, one.shape[axis]]), length);
  });
  const ends = last.map((i) => x[0].shape[i]);
  const back = Array.from({ length: rank }, (_, i) => axes.indexOf(i));
  return run(rows).map((one) =>
    tf.transpose(tf.reshape(one, [...ends, one.shape[1]!]), back) as Tensor
  );
}

/** Cuts rows to a length, or fills them up with zeros. */
function resized(tf: TensorFlow, rows: Tensor, length: number): Tensor {
  const [count, own] = rows.shape as [number, number];
  if (own > length) return tf.slice(rows, [0, 0], [count, length]);
  return own < length ? tf.pad(rows, [[0, 0], [0, length - own]]) : rows;
}

function requireLength(n: number): void {
  if (n >= 1 && n <= MAX_LENGTH) return;
  throw new InputError({
    place: "The length of a Fourier transform",
    found: String(n),
    expected: `1 to ${MAX_LENGTH}`,
  });
}

/** Returns the axes of a transform and their lengths. */
function axesOf(
  { dim, size }: Transform,
  shape: readonly number[],
): { axis: number; n: number | null }[] {
  const rank = shape.length;
  const count = size?.length ?? rank;
  const axes = dim?.map((one) => axisOf(one, rank)) ??
    Array.from({ length: count }, (_, i) => rank - count + i);
  return axes.map((axis, i) => {
    const n = size === null || size[i] === -1 ? null : size[i];
    requireLength(n ?? shape[axis]);
    return { axis, n };
  });
}

/** Transforms complex numbers along some axes. */
export function fourier(
  tf: TensorFlow,
  { re, im }: { re: Tensor; im: Tensor | null },
  { inverse, ...transform }: Transform & { inverse: boolean },
): Complex {
  let parts = im === null ? [re, tf.zerosLike(re)] : [re, im];
  for (const { axis, n: given } of axesOf(transform, re.shape)) {
    const n = given ?? re.shape[axis];
    const { cos, sin } = waves(tf, { n, rows: n, columns: n }, () => 1);
    const scale = scaleOf(n, transform.norm, { inverse });
    // exp(-i a) forwards, and exp(i a) backwards.
    const turn = tf.mul(sin, inverse ? -scale : scale) as Tensor;
    const keep = tf.mul(cos, scale) as Tensor;
    parts = alongAxis(tf, { x: parts, axis, length: n }, ([a, b]) => [
      tf.add(tf.matMul(a, keep), tf.matMul(b, turn)),
      tf.sub(tf.matMul(b, keep), tf.matMul(a, turn)),
    ]);
  }
  return { re: parts[0], im: parts[1] };
}

/** Transforms real numbers: along the last of the axes to the half that determines the rest. */
export function realFourier(tf: TensorFlow, x: Tensor, transform: Transform): Complex {
  const axes = axesOf(transform, x.shape);
  const { axis, n: given } = axes.at(-1)!;
  const n = given ?? x.shape[axis];
  const scale = scaleOf(n, transform.norm, { inverse: false });
  const half = Math.floor(n / 2) + 1;
  const { cos, sin } = waves(tf, { n, rows: n, columns: half }, () => scale);
  const [re, im] = alongAxis(tf, { x: [x], axis, length: n }, ([rows]) => [
    tf.matMul(rows, cos),
    tf.neg(tf.matMul(rows, sin)),
  ]);
  return others(tf, { re, im }, { axes, norm: transform.norm, inverse: false });
}

/** Transforms the half of a spectrum back to real numbers. */
export function realInverse(tf: TensorFlow, spectrum: Complex, transform: Transform): Tensor {
  const axes = axesOf(transform, spectrum.re.shape);
  const { re, im } = others(tf, spectrum, { axes, norm: transform.norm, inverse: true });
  const { axis, n: given } = axes.at(-1)!;
  const n = given ?? 2 * (re.shape[axis] - 1);
  requireLength(n);
  const half = Math.floor(n / 2) + 1;
  const scale = scaleOf(n, transform.norm, { inverse: true });
  // Each stands for two, except the first and, of an even number, the middle one.
  const weight = (k: number) => scale * (k === 0 || 2 * k === n ? 1 : 2);
  const { cos, sin } = waves(tf, { n, rows: half, columns: n }, weight);
  const [x] = alongAxis(tf, { x: [re, im], axis, length: half }, ([a, b]) => [
    tf.sub(tf.matMul(a, cos), tf.matMul(b, sin)),
  ]);
  return x;
}

/** Transforms all axes but the last. */
function others(
  tf: TensorFlow,
  spectrum: Complex,
  { axes, norm, inverse }: {
    axes: readonly { axis: number; n: number | null }[];
    norm: string | null;
    inverse: boolean;
  },
): Complex {
  const rest = axes.slice(0, -1);
  if (rest.length === 0) return spectrum;
  const dim = rest.map(({ axis }) => axis);
  return fourier(tf, spectrum, { dim, size: rest.map(({ n }) => n ?? -1), norm, inverse });
}

/** Settings of short transforms of a signal. */
interface ShortTransforms {
  n_fft: number;
  hop_length: number | null;
  win_length: number | null;
  window: Tensor | null;
  normalized: boolean;
  onesided: boolean | null;
}

/** Transforms windows of a signal, as [..., frequencies, windows]. */
function shortFourier(tf: TensorFlow, x: Tensor, settings: ShortTransforms): Complex {
  const { n_fft: n, normalized, onesided } = settings;
  const hop = settings.hop_length ?? Math.floor(n / 4);
  const length = settings.win_length ?? n;
  const window = settings.window ?? tf.ones([length]);
  const before = Math.floor((n - length) / 2);
  const whole = tf.pad(window, [[before, n - length - before]]) as Tensor;
  const rows = tf.reshape(x, [-1, x.shape.at(-1)!]) as Tensor;
  const count = 1 + Math.floor((rows.shape[1]! - n) / hop);
  const indices = Array.from({ length: count * n }, (_, i) => Math.floor(i / n) * hop + i % n);
  const frames = tf.gather(rows, tf.tensor1d(indices, "int32"), 1);
  const cut = tf.mul(tf.reshape(frames, [-1, count, n]), whole) as Tensor;
  const transform = { dim: [-1], size: null, norm: normalized ? "ortho" : null };
  const { re, im } = onesided === false
    ? fourier(tf, { re: cut, im: null }, { ...transform, inverse: false })
    : realFourier(tf, cut, transform);
  const ends = x.shape.slice(0, -1);
  const turned = (part: Tensor) =>
    tf.reshape(tf.transpose(part, [0, 2, 1]), [...ends, part.shape[2]!, count]) as Tensor;
  return { re: turned(re), im: turned(im) };
}

const partsOf = ({ re, im }: Complex): Tensor[] => [re, im];

/** Multiplies complex numbers. */
function product(tf: TensorFlow, a: Complex, b: Complex): Complex {
  return {
    re: tf.sub(tf.mul(a.re, b.re), tf.mul(a.im, b.im)),
    im: tf.add(tf.mul(a.re, b.im), tf.mul(a.im, b.re)),
  };
}

const squareOf = (tf: TensorFlow, { re, im }: Complex): Tensor =>
  tf.add(tf.square(re), tf.square(im));

/** Returns 1 / z. */
function reciprocal(tf: TensorFlow, z: Complex): Complex {
  const square = squareOf(tf, z);
  return { re: tf.div(z.re, square), im: tf.neg(tf.div(z.im, square)) };
}

/** Returns the size of complex numbers; as in PyTorch, that of 0 has the gradient 0. */
function sizeOf(tf: TensorFlow, z: Complex): Tensor {
  const square = squareOf(tf, z);
  const isZero = tf.equal(square, 0);
  const safe = tf.where(isZero, tf.onesLike(square), square);
  return tf.where(isZero, tf.zerosLike(square), tf.sqrt(safe));
}

/** Raises to a whole power of at least 1. */
function power(tf: TensorFlow, z: Complex, exponent: number): Complex {
  let result = z;
  for (let i = 1; i < exponent; i++) result = product(tf, result, z);
  return result;
}

const PAIR = "Tensor re, Tensor im";
const OTHER = "Tensor re2, Tensor im2";
const AXES = "int[]? dim=None, int[]? size=None, str? norm=None";

/** Operations of complex numbers, as tensors of their two parts. */
export const COMPLEX_OPS: Readonly<Record<string, AtenOp>> = {
  "complex.mul": aten(
    `mul(${PAIR}, ${OTHER}) -> (Tensor, Tensor)`,
    ({ re, im, re2, im2 }, { tf }) => partsOf(product(tf, { re, im }, { re: re2, im: im2 })),
  ),
  "complex.div": aten(
    `div(${PAIR}, ${OTHER}) -> (Tensor, Tensor)`,
    ({ re, im, re2, im2 }, { tf }) =>
      partsOf(product(tf, { re, im }, reciprocal(tf, { re: re2, im: im2 }))),
  ),
  "complex.reciprocal": aten(
    `reciprocal(${PAIR}) -> (Tensor, Tensor)`,
    (z, { tf }) => partsOf(reciprocal(tf, z)),
  ),
  "complex.pow": aten(
    `pow(${PAIR}, Scalar exponent) -> (Tensor, Tensor)`,
    ({ re, im, exponent }, { tf }) => partsOf(power(tf, { re, im }, exponent)),
  ),
  "complex.exp": aten(`exp(${PAIR}) -> (Tensor, Tensor)`, ({ re, im }, { tf }) => {
    const size = tf.exp(re);
    return [tf.mul(size, tf.cos(im)), tf.mul(size, tf.sin(im))];
  }),
  "complex.log": aten(
    `log(${PAIR}) -> (Tensor, Tensor)`,
    (z, { tf }) => [tf.log(sizeOf(tf, z)), tf.atan2(z.im, z.re)],
  ),
  "complex.sqrt": aten(`sqrt(${PAIR}) -> (Tensor, Tensor)`, (z, { tf }) => {
    const root = tf.sqrt(sizeOf(tf, z)), half = tf.mul(tf.atan2(z.im, z.re), 0.5);
    return [tf.mul(root, tf.cos(half)), tf.mul(root, tf.sin(half))];
  }),
  "complex.polar": aten("polar(Tensor abs, Tensor angle) -> (Tensor, Tensor)", (z, { tf }) => {
    return [tf.mul(z.abs, tf.cos(z.angle)), tf.mul(z.abs, tf.sin(z.angle))];
  }),
  "complex.abs": aten(`abs(${PAIR}) -> Tensor`, (z, { tf }) => sizeOf(tf, z)),
  "complex.angle": aten(`angle(${PAIR}) -> Tensor`, ({ re, im }, { tf }) => tf.atan2(im, re)),
  "complex.fft": aten(
    `fft(Tensor re, Tensor? im=None, bool inverse=False, ${AXES}) -> (Tensor, Tensor)`,
    ({ re, im, ...transform }, { tf }) => partsOf(fourier(tf, { re, im }, transform)),
  ),
  "complex.rfft": aten(
    `rfft(Tensor re, ${AXES}) -> (Tensor, Tensor)`,
    ({ re, ...transform }, { tf }) => partsOf(realFourier(tf, re, transform)),
  ),
  "complex.irfft": aten(
    `irfft(${PAIR}, ${AXES}) -> Tensor`,
    ({ re, im, ...transform }, { tf }) => realInverse(tf, { re, im }, transform),
  ),
  "complex.stft": aten(
    "stft(Tensor re, int n_fft, int? hop_length=None, int? win_length=None, Tensor? window=None, bool normalized=False, bool? onesided=None) -> (Tensor, Tensor)",
    ({ re, ...settings }, { tf }) => partsOf(shortFourier(tf, re, settings)),
  ),
};
