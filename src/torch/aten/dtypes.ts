import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";

/** Dtypes of tensors here, each wider than the one before. */
export type Dtype = "bool" | "int32" | "float32";

const ORDER: readonly Dtype[] = ["bool", "int32", "float32"];

/** Dtypes of PyTorch by the dtype that holds them here. */
const HELD: Record<Dtype, RegExp> = {
  bool: /^bool$/,
  int32: /^(?:u?int(?:8|16|32|64)|byte|char|short|int|long)$/,
  float32: /^(?:float(?:16|32|64)?|bfloat16|half|double)$/,
};

/**
 * Returns the dtype that holds one of PyTorch.
 *
 * @param name `float32`, `torch.int64`, or `null` for `otherwise`.
 * @throws {InputError} If no typed array can hold it: complex numbers, float8.
 */
export function dtypeOf(name: string | null, otherwise: Dtype = "float32"): Dtype {
  if (name === null) return otherwise;
  const short = name.replace(/^torch\./, "");
  const found = ORDER.find((dtype) => HELD[dtype].test(short));
  if (found !== undefined) return found;
  throw new InputError({
    place: "dtype",
    found: `"${short}"`,
    expected: "bool, an integer or a float of 16 to 64 bits",
  });
}

/** Returns a tensor as another dtype; floats are cut off at the point. Whole numbers have no gradient. */
export function toDtype(tf: TensorFlow, x: Tensor, dtype: Dtype): Tensor {
  if (x.dtype === dtype) return x;
  // TensorFlow.js has no gradient for comparisons on every backend: a bool has none.
  if (dtype === "bool") return tf.notEqual(x, tf.scalar(0, x.dtype as "int32"));
  if (x.dtype !== "float32") return tf.cast(x, dtype);
  // The gradient of TensorFlow.js's cast is that of the identity.
  return tf.customGrad((given) => ({
    value: tf.cast(given as Tensor, dtype),
    gradFunc: (dy: Tensor) => tf.zeros(dy.shape),
  }))(x) as Tensor;
}

/** Smallest and largest integer of each dtype that has fewer than 32 bits. */
const NARROW: Readonly<Record<string, readonly [lowest: number, highest: number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
};

/** True for the name of a dtype of integers of fewer than 32 bits. */
export const isNarrow = (name: string): boolean => Object.hasOwn(NARROW, name);

/** Returns integers as a dtype of PyTorch holds them: beyond its bits they start again. */
export function wrapped(tf: TensorFlow, x: Tensor, name: string): Tensor {
  if (x.dtype !== "int32" || !isNarrow(name)) return x;
  const [lowest, highest] = NARROW[name], count = highest - lowest + 1;
  const entries = x.dataSync();
  if (entries.every((entry) => entry >= lowest && entry <= highest)) return x;
  // `&` counts negative numbers from the other end, as 2 ** n of them follow each other.
  const inside = (entry: number) => ((entry - lowest) & (count - 1)) + lowest;
  return tf.tensor(Int32Array.from(entries, inside), x.shape, "int32");
}

/** Returns a tensor as floats. */
export const floats = (tf: TensorFlow, x: Tensor): Tensor => toDtype(tf, x, "float32");

/** Returns a tensor as numbers: a bool becomes 0 or 1. */
export const numbers = (tf: TensorFlow, x: Tensor): Tensor =>
  x.dtype === "bool" ? toDtype(tf, x, "int32") : x;

/** Returns a tensor in the dtype of its sums and products: the given one, or its own as numbers. */
export function summable(tf: TensorFlow, x: Tensor, dtype: string | null): Tensor {
  return dtype === null ? numbers(tf, x) : toDtype(tf, x, dtypeOf(dtype));
}

/** Returns the widest dtype of tensors. */
export function widest(...tensors: readonly Tensor[]): Dtype {
  return ORDER[Math.max(...tensors.map(({ dtype }) => ORDER.indexOf(dtype as Dtype)))];
}

/** Returns tensors in their widest dtype, as PyTorch promotes them. */
export function promoted(tf: TensorFlow, ...tensors: readonly Tensor[]): Tensor[] {
  const dtype = widest(...tensors);
  return tensors.map((tensor) => toDtype(tf, tensor, dtype));
}

/**
 * Returns a tensor of rank 0.
 *
 * @throws {InputError} If an integer does not fit 32 bits.
 */
export function scalar(tf: TensorFlow, value: number, dtype: Dtype): Tensor {
  requireInt32(value, dtype);
  return tf.scalar(dtype === "bool" ? value !== 0 : value, dtype);
}

/** Rejects integers that do not fit 32 bits. */
export function requireInt32(value: number, dtype: Dtype): void {
  if (dtype !== "int32" || value >= -(2 ** 31) && value < 2 ** 31) return;
  throw new InputError({
    place: "An integer",
    found: String(value),
    expected: "one of 32 bits, as the tensors of this engine hold them",
  });
}

/** Returns the dtype of a result with a scalar: an int32 tensor and 0.5 or 2.0 make a float32. */
export function withScalar(x: Tensor, value: number, wholeFloats?: ReadonlySet<string>): Dtype {
  if (x.dtype === "float32" || !Number.isInteger(value)) return "float32";
  return wholeFloats === undefined || wholeFloats.size === 0 ? "int32" : "float32";
}
