import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import type { AtenOp } from "./aten_op.ts";
import { type Dtype, floats, numbers, promoted, scalar, toDtype, withScalar } from "./dtypes.ts";
import { combine } from "./host.ts";
import { aten } from "./schema.ts";

type Compare = (tf: TensorFlow, a: Tensor, b: Tensor) => Tensor;

/** Comparisons, with their other names. */
const COMPARISONS: Record<string, Compare> = {
  eq: (tf, a, b) => tf.equal(a, b),
  ge: (tf, a, b) => tf.greaterEqual(a, b),
  greater: (tf, a, b) => tf.greater(a, b),
  greater_equal: (tf, a, b) => tf.greaterEqual(a, b),
  gt: (tf, a, b) => tf.greater(a, b),
  le: (tf, a, b) => tf.lessEqual(a, b),
  less: (tf, a, b) => tf.less(a, b),
  less_equal: (tf, a, b) => tf.lessEqual(a, b),
  lt: (tf, a, b) => tf.less(a, b),
  ne: (tf, a, b) => tf.notEqual(a, b),
  not_equal: (tf, a, b) => tf.notEqual(a, b),
};

const LOGIC: Record<string, Compare> = {
  logical_and: (tf, a, b) => tf.logicalAnd(a, b),
  logical_or: (tf, a, b) => tf.logicalOr(a, b),
  logical_xor: (tf, a, b) => tf.notEqual(toDtype(tf, a, "int32"), toDtype(tf, b, "int32")),
};

/** Operations on bits: of bools, and of integers. */
const BITS: Record<string, [ofBools: Compare, ofInts: (a: number, b: number) => number]> = {
  and: [LOGIC.logical_and, (a, b) => a & b],
  or: [LOGIC.logical_or, (a, b) => a | b],
  xor: [LOGIC.logical_xor, (a, b) => a ^ b],
};

function onBits(tf: TensorFlow, name: string, self: Tensor, other: Tensor): Tensor {
  const [ofBools, ofInts] = BITS[name];
  const [a, b] = promoted(tf, self, other);
  return a.dtype === "bool" ? ofBools(tf, a, b) : combine(tf, [a, b], "int32", ofInts);
}

/** Returns a number beside a tensor of integers or bools: a bool for a bool, if it is 0 or 1. */
const bitsBeside = (tf: TensorFlow, x: Tensor, value: number) =>
  scalar(tf, value, x.dtype === "bool" && (value === 0 || value === 1) ? "bool" : "int32");

/** Compares numbers; a bool is 0 or 1. */
const compare = (tf: TensorFlow, of: Compare, self: Tensor, other: Tensor) => {
  const [a, b] = promoted(tf, numbers(tf, self), other);
  return of(tf, a, b);
};

/** Returns the entries of `a` where the condition is true, else those of `b`. */
export function where(tf: TensorFlow, condition: Tensor, self: Tensor, other: Tensor): Tensor {
  const [a, b] = promoted(tf, self, other);
  const isTrue = toDtype(tf, condition, "bool");
  if (a.dtype === "float32") return tf.where(isTrue, a, b);
  const [x, y] = [a, b].map((one) => toDtype(tf, one, "float32"));
  return toDtype(tf, tf.where(isTrue, x, y), a.dtype as Dtype);
}

/** Comparisons, logic and choice. */
export const COMPARISON_OPS: readonly AtenOp[] = [
  ...Object.entries(COMPARISONS).flatMap(([name, of]) => [
    aten(
      `${name}.Tensor(Tensor self, Tensor other) -> Tensor`,
      ({ self, other }, { tf }) => compare(tf, of, self, other),
    ),
    aten(
      `${name}.Scalar(Tensor self, Scalar other) -> Tensor`,
      ({ self, other }, { tf }) =>
        compare(tf, of, self, tf.scalar(other, withScalar(self, other) as "float32")),
    ),
  ]),
  ...Object.entries(LOGIC).map(([name, of]) =>
    aten(
      `${name}(Tensor self, Tensor other) -> Tensor`,
      ({ self, other }, { tf }) => of(tf, toDtype(tf, self, "bool"), toDtype(tf, other, "bool")),
    )
  ),
  aten(
    "logical_not(Tensor self) -> Tensor",
    ({ self }, { tf }) => tf.logicalNot(toDtype(tf, self, "bool")),
  ),
  ...Object.keys(BITS).flatMap((bits) =>
    [`bitwise_${bits}`, `__${bits}__`].flatMap((name) => [
      aten(
        `${name}.Tensor(Tensor self, Tensor other) -> Tensor`,
        ({ self, other }, { tf }) => onBits(tf, bits, self, other),
      ),
      aten(
        `${name}.Scalar(Tensor self, Scalar other) -> Tensor`,
        ({ self, other }, { tf }) => onBits(tf, bits, self, bitsBeside(tf, self, other)),
      ),
    ])
  ),
  aten(
    "bitwise_not(Tensor self) -> Tensor",
    ({ self }, { tf }) =>
      self.dtype === "bool" ? tf.logicalNot(self) : tf.sub(tf.neg(self), tf.scalar(1, "int32")),
  ),
  aten("isnan(Tensor self) -> Tensor", ({ self }, { tf }) => tf.isNaN(floats(tf, self))),
  aten("isinf(Tensor self) -> Tensor", ({ self }, { tf }) => tf.isInf(floats(tf, self))),
  aten("isfinite(Tensor self) -> Tensor", ({ self }, { tf }) => tf.isFinite(floats(tf, self))),
  aten(
    "isclose(Tensor self, Tensor other, float rtol=1e-05, float atol=1e-08, bool equal_nan=False) -> Tensor",
    ({ self, other, rtol, atol, equal_nan }, { tf }) =>
      combine(
        tf,
        [self, other],
        "bool",
        (a, b) =>
          Number(
            a === b || Math.abs(a - b) <= atol + rtol * Math.abs(b) ||
              equal_nan && Number.isNaN(a) && Number.isNaN(b),
          ),
      ),
  ),
  aten(
    "where.self(Tensor condition, Tensor self, Tensor other) -> Tensor",
    ({ condition, self, other }, { tf }) => where(tf, condition, self, other),
  ),
  aten(
    "where.ScalarSelf(Tensor condition, Scalar self, Tensor other) -> Tensor",
    ({ condition, self, other }, { tf }, wholeFloats) =>
      where(tf, condition, scalar(tf, self, withScalar(other, self, wholeFloats)), other),
  ),
  aten(
    "where.ScalarOther(Tensor condition, Tensor self, Scalar other) -> Tensor",
    ({ condition, self, other }, { tf }, wholeFloats) =>
      where(tf, condition, self, scalar(tf, other, withScalar(self, other, wholeFloats))),
  ),
  aten(
    "where.Scalar(Tensor condition, Scalar self, Scalar other) -> Tensor",
    ({ condition, self, other }, { tf }, wholeFloats) => {
      const isWhole = [self, other].every(Number.isInteger) && wholeFloats.size === 0;
      const dtype = isWhole ? "int32" : "float32";
      return where(tf, condition, scalar(tf, self, dtype), scalar(tf, other, dtype));
    },
  ),
];
