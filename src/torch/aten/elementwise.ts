import { reduceLike } from "../../engine/ops/element_wise.ts";
import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { add, cut, divide, multiply } from "./arithmetic.ts";
import type { AtenOp } from "./aten_op.ts";
import { type Dtype, floats, numbers, promoted, requireInt32, toDtype } from "./dtypes.ts";
import { applyCurve, combine, type Curve, differentiate } from "./host.ts";
import { logSumExp } from "./reductions.ts";
import { aten } from "./schema.ts";

/** Returns the larger or smaller entry; the gradient of equal ones is shared, as in PyTorch. */
function extremum(tf: TensorFlow, self: Tensor, other: Tensor, sign: 1 | -1): Tensor {
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

/** Returns the size of entries; as in PyTorch, that of 0 has the gradient 0. */
export function absolute(tf: TensorFlow, self: Tensor): Tensor {
  if (self.dtype !== "float32") return tf.abs(numbers(tf, self));
  return differentiate(tf, [self], {
    forward: (x) => tf.abs(x),
    backward: [(dy, [x]) => tf.mul(dy, tf.sign(x))],
  });
}

const normal = (x: number) => Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);

/** Returns the share of a normal distribution below x, to the precision of float64. */
function below(x: number): number {
  if (x > 0) return 1 - below(-x);
  if (x < -6) {
    // Continued fraction of Mills's ratio.
    let rest = -x;
    for (let k = 60; k > 0; k--) rest = -x + k / rest;
    return normal(x) / rest;
  }
  let term = x, sum = x;
  for (let k = 1; Math.abs(term) > 1e-18 * Math.abs(sum); k++) {
    term *= x * x / (2 * k + 1);
    sum += term;
  }
  return 0.5 + normal(x) * sum;
}

/** Logarithm of {@linkcode below}, also where that underflows. */
function logBelow(x: number): number {
  if (x > -6) return Math.log(below(x));
  let rest = -x;
  for (let k = 60; k > 0; k--) rest = -x + k / rest;
  return -x * x / 2 - Math.log(Math.sqrt(2 * Math.PI) * rest);
}

/** Functions of the normal distribution, and entropies. */
const OF_SHARES: Record<string, Curve> = {
  special_entr: {
    value: (x) => {
      if (x < 0) return -Infinity;
      return x === 0 ? 0 : -x * Math.log(x);
    },
    slope: (x) => -Math.log(x) - 1,
  },
  special_ndtr: { value: below, slope: normal },
  special_log_ndtr: {
    value: logBelow,
    slope: (x, y) => Math.exp(-x * x / 2 - y) / Math.sqrt(2 * Math.PI),
  },
};

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

/** Returns log |gamma(x)| by Stirling's series, from 8 on, and the recursion below. */
function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - logGamma(1 - x);
  let shift = 0, z = x;
  for (; z < 8; z++) shift -= Math.log(z);
  const series = 1 / (12 * z) - 1 / (360 * z ** 3) + 1 / (1260 * z ** 5) - 1 / (1680 * z ** 7);
  return shift + (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series;
}

/** Returns the derivative of log gamma, by its asymptotic series and the recursion. */
function digamma(x: number): number {
  if (x < 0.5) return digamma(1 - x) - Math.PI / Math.tan(Math.PI * x);
  let shift = 0, z = x;
  for (; z < 8; z++) shift -= 1 / z;
  const series = 1 / (12 * z ** 2) - 1 / (120 * z ** 4) + 1 / (252 * z ** 6) - 1 / (240 * z ** 8);
  return shift + Math.log(z) - 1 / (2 * z) - series;
}

/** Returns the derivative of digamma, likewise. */
function trigamma(x: number): number {
  if (x < 0.5) return (Math.PI / Math.sin(Math.PI * x)) ** 2 - trigamma(1 - x);
  let shift = 0, z = x;
  for (; z < 8; z++) shift += 1 / z ** 2;
  const series = 1 / (6 * z ** 3) - 1 / (30 * z ** 5) + 1 / (42 * z ** 7) - 1 / (30 * z ** 9);
  return shift + 1 / z + 1 / (2 * z ** 2) + series;
}

/** Returns the error function, by its series below 3 and its continued fraction above. */
function erf(x: number): number {
  if (Math.abs(x) > 3) {
    let fraction = 0;
    for (let k = 40; k > 0; k--) fraction = k / 2 / (Math.abs(x) + fraction);
    const rest = Math.exp(-x * x) / (Math.sqrt(Math.PI) * (Math.abs(x) + fraction));
    return Math.sign(x) * (1 - rest);
  }
  let term = x, sum = x;
  for (let k = 1; k < 60; k++) {
    term *= -x * x / k;
    sum += term / (2 * k + 1);
  }
  return 2 / Math.sqrt(Math.PI) * sum;
}

/** Returns the inverse of the error function, by Winitzki's estimate and Newton's steps. */
function inverseErf(y: number): number {
  if (Math.abs(y) >= 1) return Math.abs(y) === 1 ? y * Infinity : NaN;
  const log = Math.log(1 - y * y), a = 2 / (Math.PI * 0.147) + log / 2;
  let x = Math.sign(y) * Math.sqrt(Math.sqrt(a * a - log / 0.147) - a);
  for (let i = 0; i < 4; i++) x -= (erf(x) - y) * Math.sqrt(Math.PI) / 2 * Math.exp(x * x);
  return x;
}

/** Functions that TensorFlow.js lacks. */
const CURVES: Record<string, Curve> = {
  exp2: { value: (x) => 2 ** x, slope: (_, y) => y * Math.LN2 },
  digamma: { value: digamma, slope: trigamma },
  log2: { value: Math.log2, slope: (x) => 1 / (x * Math.LN2) },
  log10: { value: Math.log10, slope: (x) => 1 / (x * Math.LN10) },
  erfinv: {
    value: inverseErf,
    slope: (_, y) => Math.sqrt(Math.PI) / 2 * Math.exp(y * y),
  },
  lgamma: { value: logGamma, slope: (x) => digamma(x) },
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

/** Functions of single entries, bounds, and what is copied or filled. */
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
  aten(
    "heaviside(Tensor self, Tensor values) -> Tensor",
    ({ self, values }, { tf }) =>
      combine(tf, [self, values], self.dtype as Dtype, (x, at0) => x === 0 ? at0 : Number(x > 0)),
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
      ({ self, min, max }, { tf }, wholeFloats) =>
        clamp(tf, wholeFloats.size === 0 ? self : floats(tf, self), min, max),
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
    ({ self, min }, { tf }, wholeFloats) =>
      clamp(tf, wholeFloats.size === 0 ? self : floats(tf, self), min, null),
  ),
  aten(
    "clamp_max(Tensor self, Scalar max) -> Tensor",
    ({ self, max }, { tf }, wholeFloats) =>
      clamp(tf, wholeFloats.size === 0 ? self : floats(tf, self), null, max),
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
  ...Object.entries(OF_SHARES).map(([name, curve]) =>
    aten(`${name}(Tensor self) -> Tensor`, ({ self }, { tf }) => applyCurve(tf, self, curve))
  ),
  aten("logaddexp(Tensor self, Tensor other) -> Tensor", ({ self, other }, { tf }) => {
    const shape = tf.broadcast_util.assertAndGetBroadcastShape(self.shape, other.shape);
    const pair = [self, other].map((x) => tf.broadcastTo(x, shape) as Tensor);
    return logSumExp(tf, tf.stack(pair), { dim: 0 });
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
