import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import type { AtenOp } from "../aten/aten_op.ts";
import { type Complex, fourier, realFourier, realInverse, shortFourier } from "../aten/fourier.ts";
import { aten } from "../aten/schema.ts";

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
