import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../words/input_error.ts";
import type { AtenOp } from "./aten_op.ts";
import {
  type Dtype,
  floats,
  numbers,
  promoted,
  requireInt32,
  scalar,
  toDtype,
  widest,
  withScalar,
} from "./dtypes.ts";
import { applyCurve, combine, type Curve, differentiate } from "./host.ts";
import { aten } from "./schema.ts";
import { reduceLike } from "../../engine/ops/element_wise.ts";

/** Returns the sum; that of two bools is true if either is. */
export function add(tf: TensorFlow, self: Tensor, other: Tensor, alpha = 1): Tensor {
  const [a, b] = promoted(tf, self, times(tf, other, alpha));
  return a.dtype === "bool" ? tf.logicalOr(a, b) : tf.add(a, b);
}

function subtract(tf: TensorFlow, self: Tensor, other: Tensor, alpha = 1): Tensor {
  const [a, b] = promoted(tf, self, times(tf, other, alpha));
  if (a.dtype !== "bool") return tf.sub(a, b);
  throw new InputError({ place: "sub", verb: "has", found: "two bools", expected: "numbers" });
}

/** Returns the product; that of two bools is true if both are. */
export function multiply(tf: TensorFlow, self: Tensor, other: Tensor): Tensor {
  const [a, b] = promoted(tf, self, other);
  return a.dtype === "bool" ? tf.logicalAnd(a, b) : tf.mul(a, b);
}

/** Returns a tensor times a number. */
export function times(tf: TensorFlow, x: Tensor, factor: number): Tensor {
  return factor === 1 ? x : multiply(tf, x, scalar(tf, factor, withScalar(x, factor)));
}

/** Returns a number as a tensor for an operation with another tensor. */
const beside = (tf: TensorFlow, x: Tensor, value: number) =>
  scalar(tf, value, withScalar(x, value));

const divide = (tf: TensorFlow, a: Tensor, b: Tensor) => tf.div(floats(tf, a), floats(tf, b));

/** Returns a number without its fraction. */
const cut = (tf: TensorFlow, x: Tensor) => tf.mul(tf.sign(x), tf.floor(tf.abs(x))) as Tensor;

/** Roundings of a quotient, by PyTorch's names. */
const ROUNDINGS: Record<string, [ofInts: (x: number) => number, round: typeof cut]> = {
  floor: [Math.floor, (tf, x) => tf.floor(x)],
  trunc: [Math.trunc, cut],
};

function divideRounded(tf: TensorFlow, a: Tensor, b: Tensor, mode: string | null): Tensor {
  if (mode === null) return divide(tf, a, b);
  if (!Object.hasOwn(ROUNDINGS, mode)) {
    throw new InputError({
      place: "rounding_mode",
      found: JSON.stringify(mode),
      expected: '"floor", "trunc" or None',
    });
  }
  const [ofInts, round] = ROUNDINGS[mode];
  if (widest(a, b) === "float32") return round(tf, divide(tf, a, b));
  requireNonZero(b);
  return combine(tf, [a, b], "int32", (x, y) => ofInts(x / y));
}

function requireNonZero(divisor: Tensor): void {
  if (!divisor.dataSync().includes(0 as never)) return;
  throw new InputError({ place: "An integer", verb: "is divided by", found: "0", expected: "not" });
}

/** Returns what is left of a division whose quotient is rounded. */
function remainder(tf: TensorFlow, self: Tensor, other: Tensor, mode: "floor" | "trunc"): Tensor {
  const [a, b] = promoted(tf, numbers(tf, self), other);
  const [ofInts, round] = ROUNDINGS[mode];
  if (a.dtype === "float32") return tf.sub(a, tf.mul(b, round(tf, tf.div(a, b))));
  requireNonZero(b);
  return combine(tf, [a, b], "int32", (x, y) => x - y * ofInts(x / y));
}

/** Returns a power; whole ones of integers are integers. */
function power(tf: TensorFlow, self: Tensor, exponent: Tensor): Tensor {
  const [a, b] = promoted(tf, numbers(tf, self), exponent);
  if (a.dtype === "float32") return tf.pow(a, b);
  return combine(tf, [a, b], "int32", (x, y) => Math.trunc(x ** y));
}

function powerOf(tf: TensorFlow, self: Tensor, exponent: number): Tensor {
  const x = self.dtype === "float32" ? self : toDtype(tf, self, withScalar(self, exponent));
  if (exponent === 2) return x.dtype === "float32" ? tf.square(x) : tf.mul(x, x);
  if (exponent === 1) return x;
  if (exponent === 0.5) return tf.sqrt(x);
  if (exponent === -0.5) return tf.rsqrt(x);
  return power(tf, x, scalar(tf, exponent, x.dtype as Dtype));
}

/** Returns the larger or smaller entry; the gradient of equal ones is shared, as in PyTorch. */
export function extremum(tf: TensorFlow, self: Tensor, other: Tensor, sign: 1 | -1): Tensor {
  const [a, b] = promoted(tf, self, other);
  if (a.dtype === "bool") return sign > 0 ? tf.logicalOr(a, b) : tf.logicalAnd(a, b);
  const take = (a: Tensor, b: Tensor) => sign > 0 ? tf.maximum(a, b) : tf.minimum(a, b);
  if (a.dtype !== "float32") return take(a, b);
  // 1 for the entry that is taken, 1/2 for each of two equal ones.
  const share = (own: Tensor, other: Tensor) =>
    tf.mul(tf.add(1, tf.sign(tf.mul(sign, tf.sub(own, other)))), 0.5);
  return differentiate(tf, [a, b], {
    forward: take,
    backward: [
      (dy, [a, b]) => reduceLike(tf, tf.mul(dy, share(a, b)), a.shape),
      (dy, [a, b]) => reduceLike(tf, tf.mul(dy, share(b, a)), b.shape),
    ],
  });
}

/** Clips entries to bounds; as in PyTorch, those at a bound have no gradient. */
export function clamp(tf: TensorFlow, x: Tensor, min: number | null, max: number | null): Tensor {
  const isWhole = x.dtype !== "float32" &&
    [min, max].every((bound) => bound === null || Number.isInteger(bound));
  const low = min ?? -Infinity, high = max ?? Infinity;
  if (isWhole) {
    const limit = (value: number) => Math.min(high, Math.max(low, value));
    return combine(tf, [numbers(tf, x), tf.scalar(0, "int32")], "int32", limit);
  }
  return differentiate(tf, [floats(tf, x)], {
    forward: (x) => tf.clipByValue(x, low, high),
    backward: [(dy, [x]) => {
      const inside = tf.logicalAnd(tf.greater(x, low), tf.less(x, high));
      return tf.mul(dy, tf.cast(inside, "float32"));
    }],
  });
}

function clampTensor(tf: TensorFlow, x: Tensor, min: Tensor | null, max: Tensor | null): Tensor {
  const low = min === null ? x : extremum(tf, x, min, 1);
  return max === null ? low : extremum(tf, low, max, -1);
}

/** Returns -1, 0 or 1 times the gradient, as PyTorch has it at 0. */
export function absolute(tf: TensorFlow, self: Tensor): Tensor {
  if (self.dtype !== "float32") return tf.abs(numbers(tf, self));
  return differentiate(tf, [self], {
    forward: (x) => tf.abs(x),
    backward: [(dy, [x]) => tf.mul(dy, tf.sign(x))],
  });
}

/** Functions of TensorFlow.js whose result is always a float. */
const SMOOTH = {
  acos: "acos",
  acosh: "acosh",
  asin: "asin",
  asinh: "asinh",
  atan: "atan",
  atanh: "atanh",
  cos: "cos",
  cosh: "cosh",
  erf: "erf",
  exp: "exp",
  expm1: "expm1",
  log: "log",
  log1p: "log1p",
  reciprocal: "reciprocal",
  rsqrt: "rsqrt",
  sigmoid: "sigmoid",
  sin: "sin",
  sinh: "sinh",
  sqrt: "sqrt",
  tan: "tan",
  tanh: "tanh",
  special_expit: "sigmoid",
  special_erf: "erf",
  special_expm1: "expm1",
  special_log1p: "log1p",
} as const;

/** Functions that TensorFlow.js lacks. */
const CURVES: Record<string, Curve> = {
  exp2: { value: (x) => 2 ** x, slope: (_, y) => y * Math.LN2 },
  log2: { value: Math.log2, slope: (x) => 1 / (x * Math.LN2) },
  log10: { value: Math.log10, slope: (x) => 1 / (x * Math.LN10) },
  deg2rad: { value: (x) => x * Math.PI / 180, slope: () => Math.PI / 180 },
  rad2deg: { value: (x) => x * 180 / Math.PI, slope: () => 180 / Math.PI },
  sinc: {
    value: (x) => x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x),
    slope: (x, y) => x === 0 ? 0 : (Math.cos(Math.PI * x) - y) / x,
  },
};

/** Functions that leave integers as they are, and have no gradient. */
const ROUNDED: Record<string, (tf: TensorFlow, x: Tensor) => Tensor> = {
  ceil: (tf, x) => tf.ceil(x),
  floor: (tf, x) => tf.floor(x),
  round: (tf, x) => tf.round(x),
  trunc: cut,
};

/** Arithmetic, powers, roundings and functions of single numbers. */
export const ELEMENTWISE: readonly AtenOp[] = [
  ...Object.entries(SMOOTH).map(([name, of]) =>
    aten(`${name}(Tensor self) -> Tensor` as const, ({ self }, { tf }) => tf[of](floats(tf, self)))
  ),
  ...Object.entries(CURVES).map(([name, curve]) =>
    aten(`${name}(Tensor self) -> Tensor`, ({ self }, { tf }) => applyCurve(tf, self, curve))
  ),
  ...Object.entries(ROUNDED).map(([name, round]) =>
    aten(
      `${name}(Tensor self) -> Tensor`,
      ({ self }, { tf }) => self.dtype === "float32" ? round(tf, self) : self,
    )
  ),
  aten(
    "add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
    ({ self, other, alpha }, { tf }) => add(tf, self, other, alpha),
  ),
  aten(
    "add.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor",
    ({ self, other, alpha }, { tf }) => add(tf, self, beside(tf, self, other * alpha)),
  ),
  aten(
    "sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
    ({ self, other, alpha }, { tf }) => subtract(tf, self, other, alpha),
  ),
  aten(
    "sub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor",
    ({ self, other, alpha }, { tf }) => subtract(tf, self, beside(tf, self, other * alpha)),
  ),
  aten(
    "rsub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
    ({ self, other, alpha }, { tf }) => subtract(tf, other, self, alpha),
  ),
  aten(
    "rsub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor",
    ({ self, other, alpha }, { tf }) => subtract(tf, beside(tf, self, other), self, alpha),
  ),
  aten(
    "mul.Tensor(Tensor self, Tensor other) -> Tensor",
    ({ self, other }, { tf }) => multiply(tf, self, other),
  ),
  aten(
    "mul.Scalar(Tensor self, Scalar other) -> Tensor",
    ({ self, other }, { tf }) => multiply(tf, self, beside(tf, self, other)),
  ),
  ...["div", "true_divide"].map((name) =>
    aten(
      `${name}.Tensor(Tensor self, Tensor other) -> Tensor`,
      ({ self, other }, { tf }) => divide(tf, self, other),
    )
  ),
  aten(
    "div.Scalar(Tensor self, Scalar other) -> Tensor",
    ({ self, other }, { tf }) => tf.div(floats(tf, self), other),
  ),
  aten(
    "div.Tensor_mode(Tensor self, Tensor other, *, str? rounding_mode) -> Tensor",
    ({ self, other, rounding_mode }, { tf }) => divideRounded(tf, self, other, rounding_mode),
  ),
  aten(
    "div.Scalar_mode(Tensor self, Scalar other, *, str? rounding_mode) -> Tensor",
    ({ self, other, rounding_mode }, { tf }) =>
      divideRounded(tf, self, beside(tf, self, other), rounding_mode),
  ),
  aten(
    "floor_divide(Tensor self, Tensor other) -> Tensor",
    ({ self, other }, { tf }) => divideRounded(tf, self, other, "floor"),
  ),
  aten(
    "floor_divide.Scalar(Tensor self, Scalar other) -> Tensor",
    ({ self, other }, { tf }) => divideRounded(tf, self, beside(tf, self, other), "floor"),
  ),
  aten(
    "remainder.Tensor(Tensor self, Tensor other) -> Tensor",
    ({ self, other }, { tf }) => remainder(tf, self, other, "floor"),
  ),
  aten(
    "remainder.Scalar(Tensor self, Scalar other) -> Tensor",
    ({ self, other }, { tf }) => remainder(tf, self, beside(tf, self, other), "floor"),
  ),
  aten(
    "fmod.Tensor(Tensor self, Tensor other) -> Tensor",
    ({ self, other }, { tf }) => remainder(tf, self, other, "trunc"),
  ),
  aten(
    "fmod.Scalar(Tensor self, Scalar other) -> Tensor",
    ({ self, other }, { tf }) => remainder(tf, self, beside(tf, self, other), "trunc"),
  ),
  aten(
    "pow.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor",
    ({ self, exponent }, { tf }) => powerOf(tf, self, exponent),
  ),
  aten(
    "pow.Scalar(Scalar self, Tensor exponent) -> Tensor",
    ({ self, exponent }, { tf }) => power(tf, beside(tf, exponent, self), exponent),
  ),
  aten(
    "pow.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor",
    ({ self, exponent }, { tf }) => power(tf, self, exponent),
  ),
  aten("square(Tensor self) -> Tensor", ({ self }, { tf }) => powerOf(tf, self, 2)),
  ...["neg", "negative"].map((name) =>
    aten(`${name}(Tensor self) -> Tensor`, ({ self }, { tf }) => tf.neg(self))
  ),
  aten("positive(Tensor self) -> Tensor", ({ self }) => self),
  ...["abs", "absolute"].map((name) =>
    aten(`${name}(Tensor self) -> Tensor`, ({ self }, { tf }) => absolute(tf, self))
  ),
  ...["sign", "sgn"].map((name) =>
    aten(
      `${name}(Tensor self) -> Tensor`,
      ({ self }, { tf }) => self.dtype === "bool" ? self : tf.sign(self),
    )
  ),
  aten("frac(Tensor self) -> Tensor", ({ self }, { tf }) => tf.sub(self, cut(tf, self))),
  aten(
    "erfc(Tensor self) -> Tensor",
    ({ self }, { tf }) => tf.sub(1, tf.erf(floats(tf, self))),
  ),
  aten("logit(Tensor self, float? eps=None) -> Tensor", ({ self, eps }, { tf }) => {
    const x = eps === null ? floats(tf, self) : clamp(tf, self, eps, 1 - eps);
    return tf.sub(tf.log(x), tf.log1p(tf.neg(x)));
  }),
  aten("atan2(Tensor self, Tensor other) -> Tensor", ({ self, other }, { tf }) => {
    return tf.atan2(floats(tf, self), floats(tf, other));
  }),
  ...["maximum", "max.other", "fmax"].map((name) =>
    aten(
      `${name}(Tensor self, Tensor other) -> Tensor`,
      ({ self, other }, { tf }) => extremum(tf, self, other, 1),
    )
  ),
  ...["minimum", "min.other", "fmin"].map((name) =>
    aten(
      `${name}(Tensor self, Tensor other) -> Tensor`,
      ({ self, other }, { tf }) => extremum(tf, self, other, -1),
    )
  ),
  ...["clamp", "clip"].map((name) =>
    aten(
      `${name}(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor`,
      ({ self, min, max }, { tf }) => clamp(tf, self, min, max),
    )
  ),
  ...["clamp", "clip"].map((name) =>
    aten(
      `${name}.Tensor(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor`,
      ({ self, min, max }, { tf }) => clampTensor(tf, self, min, max),
    )
  ),
  aten(
    "clamp_min(Tensor self, Scalar min) -> Tensor",
    ({ self, min }, { tf }) => clamp(tf, self, min, null),
  ),
  aten(
    "clamp_max(Tensor self, Scalar max) -> Tensor",
    ({ self, max }, { tf }) => clamp(tf, self, null, max),
  ),
  aten(
    "clamp_min.Tensor(Tensor self, Tensor min) -> Tensor",
    ({ self, min }, { tf }) => clampTensor(tf, self, min, null),
  ),
  aten(
    "clamp_max.Tensor(Tensor self, Tensor max) -> Tensor",
    ({ self, max }, { tf }) => clampTensor(tf, self, null, max),
  ),
  aten(
    "lerp.Scalar(Tensor self, Tensor end, Scalar weight) -> Tensor",
    ({ self, end, weight }, { tf }) => tf.add(self, tf.mul(tf.sub(end, self), weight)),
  ),
  aten(
    "lerp.Tensor(Tensor self, Tensor end, Tensor weight) -> Tensor",
    ({ self, end, weight }, { tf }) => tf.add(self, tf.mul(tf.sub(end, self), weight)),
  ),
  aten(
    "addcmul(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor",
    ({ self, tensor1, tensor2, value }, { tf }) =>
      add(tf, self, multiply(tf, tensor1, tensor2), value),
  ),
  aten(
    "addcdiv(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor",
    ({ self, tensor1, tensor2, value }, { tf }) =>
      add(tf, self, divide(tf, tensor1, tensor2), value),
  ),
  aten(
    "hypot(Tensor self, Tensor other) -> Tensor",
    ({ self, other }, { tf }) => tf.sqrt(tf.add(tf.square(self), tf.square(other))),
  ),
  aten("logaddexp(Tensor self, Tensor other) -> Tensor", ({ self, other }, { tf }) => {
    return tf.add(other, tf.softplus(tf.sub(self, other)));
  }),
  aten("xlogy.Tensor(Tensor self, Tensor other) -> Tensor", ({ self, other }, { tf }) => {
    // 0 times the logarithm of 0 is 0.
    const x = floats(tf, self), y = floats(tf, other);
    const isOff = tf.logicalAnd(tf.equal(x, 0), tf.lessEqual(y, 0));
    return tf.mul(x, tf.log(tf.where(isOff, tf.scalar(1), y)));
  }),
  aten(
    "nan_to_num(Tensor self, float? nan=None, float? posinf=None, float? neginf=None) -> Tensor",
    ({ self, nan, posinf, neginf }, { tf }) => {
      if (self.dtype !== "float32") return self;
      const largest = 3.4028234663852886e38;
      const known = tf.where(tf.isNaN(self), tf.scalar(nan ?? 0), self);
      return tf.clipByValue(known, neginf ?? -largest, posinf ?? largest);
    },
  ),
  aten("fill.Scalar(Tensor self, Scalar value) -> Tensor", ({ self, value }, { tf }) => {
    requireInt32(value, self.dtype as Dtype);
    return tf.fill(self.shape, value, self.dtype as "float32");
  }),
  aten("fill.Tensor(Tensor self, Tensor value) -> Tensor", ({ self, value }, { tf }) => {
    return tf.broadcastTo(toDtype(tf, value, self.dtype as Dtype), self.shape);
  }),
  aten("zero(Tensor self) -> Tensor", ({ self }, { tf }) => tf.zeros(self.shape, self.dtype)),
  aten(
    "copy(Tensor self, Tensor src, bool non_blocking=False) -> Tensor",
    ({ self, src }, { tf }) => tf.broadcastTo(toDtype(tf, src, self.dtype as Dtype), self.shape),
  ),
];
