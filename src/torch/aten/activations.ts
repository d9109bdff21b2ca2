import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import type { SelfGate } from "../../engine/native/operations.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { alongAxis, type AtenOp, axisOf, exchange } from "./aten_op.ts";
import { dtypeOf, floats } from "./dtypes.ts";
import { clamp } from "./elementwise.ts";
import { aten } from "./schema.ts";

/** Returns x times a gate of itself, by this project's op. */
const selfGated = (tf: TensorFlow, x: Tensor, gate: SelfGate) =>
  tf.engine().runKernel("SelfGated", { x }, { gate }) as Tensor;

const GATES: Record<string, SelfGate> = { none: "normal", tanh: "normalByTanh" };

function gelu(tf: TensorFlow, x: Tensor, approximate: string): Tensor {
  if (Object.hasOwn(GATES, approximate)) return selfGated(tf, x, GATES[approximate]);
  throw new InputError({
    place: "approximate",
    found: JSON.stringify(approximate),
    expected: '"none" or "tanh"',
  });
}

/** Returns x if it is larger than a bound, and another value below. */
const above = (tf: TensorFlow, x: Tensor, bound: number, otherwise: Tensor) =>
  tf.where(tf.greater(x, bound), x, otherwise);

function elu(tf: TensorFlow, x: Tensor, alpha: number, inputScale: number): Tensor {
  // Positive entries are cut off before the exponential, which would overflow.
  const low = tf.expm1(tf.mul(tf.minimum(x, 0), inputScale));
  return above(tf, x, 0, tf.mul(low, alpha));
}

/** Applies a function of the last axis along another. */
function alongLast(
  tf: TensorFlow,
  x: Tensor,
  dim: number,
  run: (x: Tensor) => Tensor,
): Tensor {
  if (x.rank === 0) return tf.reshape(run(tf.reshape(x, [1])), []);
  const axis = axisOf(dim, x.rank);
  if (axis === x.rank - 1) return run(x);
  const order = exchange(x.rank, axis, x.rank - 1);
  return tf.transpose(run(tf.transpose(x, order)), order);
}

/** Returns the softmax along an axis. */
const softmax = (tf: TensorFlow, x: Tensor, dim: number): Tensor =>
  alongLast(tf, floats(tf, x), dim, (x) => tf.softmax(x));

/** Returns the logarithm of the softmax along an axis. */
const logSoftmax = (tf: TensorFlow, x: Tensor, dim: number): Tensor =>
  alongLast(tf, floats(tf, x), dim, (x) => tf.logSoftmax(x));

/** Rejects a dtype that is not a float. */
function requireFloat(dtype: string | null): void {
  if (dtypeOf(dtype) === "float32") return;
  throw new InputError({ place: "dtype", found: dtype!, expected: "a float" });
}

/** Activations. */
export const ACTIVATION_OPS: readonly AtenOp[] = [
  aten(
    "relu(Tensor self) -> Tensor",
    ({ self }, { tf }) =>
      self.dtype === "float32" ? tf.relu(self) : tf.maximum(self, tf.scalar(0, "int32")),
  ),
  aten("relu6(Tensor self) -> Tensor", ({ self }, { tf }) => clamp(tf, self, 0, 6)),
  aten(
    "hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1) -> Tensor",
    ({ self, min_val, max_val }, { tf }) => clamp(tf, self, min_val, max_val),
  ),
  aten(
    "hardsigmoid(Tensor self) -> Tensor",
    ({ self }, { tf }) => tf.div(clamp(tf, tf.add(self, 3), 0, 6), 6),
  ),
  aten(
    "hardswish(Tensor self) -> Tensor",
    ({ self }, { tf }) => tf.mul(self, tf.div(clamp(tf, tf.add(self, 3), 0, 6), 6)),
  ),
  aten(
    'gelu(Tensor self, *, str approximate="none") -> Tensor',
    ({ self, approximate }, { tf }) => gelu(tf, self, approximate),
  ),
  aten("silu(Tensor self) -> Tensor", ({ self }, { tf }) => selfGated(tf, self, "sigmoid")),
  aten(
    "mish(Tensor self) -> Tensor",
    ({ self }, { tf }) => tf.mul(self, tf.tanh(tf.softplus(self))),
  ),
  aten(
    "softplus(Tensor self, Scalar beta=1, Scalar threshold=20) -> Tensor",
    ({ self, beta, threshold }, { tf }) =>
      above(tf, self, threshold / beta, tf.div(tf.softplus(tf.mul(self, beta)), beta)),
  ),
  aten(
    "log_sigmoid(Tensor self) -> Tensor",
    ({ self }, { tf }) => tf.neg(tf.softplus(tf.neg(self))),
  ),
  aten(
    "elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor",
    ({ self, alpha, scale, input_scale }, { tf }) =>
      tf.mul(elu(tf, self, alpha, input_scale), scale),
  ),
  aten(
    "celu(Tensor self, Scalar alpha=1.) -> Tensor",
    ({ self, alpha }, { tf }) => elu(tf, self, alpha, 1 / alpha),
  ),
  aten("selu(Tensor self) -> Tensor", ({ self }, { tf }) => tf.selu(self)),
  aten(
    "leaky_relu(Tensor self, Scalar negative_slope=0.01) -> Tensor",
    ({ self, negative_slope }, { tf }) => tf.leakyRelu(self, negative_slope),
  ),
  aten("prelu(Tensor self, Tensor weight) -> Tensor", ({ self, weight }, { tf }) => {
    const shape = alongAxis(self.rank, Math.min(1, self.rank - 1), weight.size);
    const slope = weight.size === 1 ? tf.reshape(weight, []) : tf.reshape(weight, shape);
    return above(tf, self, 0, tf.mul(self, slope));
  }),
  aten(
    "rrelu(Tensor self, Scalar lower=0.125, Scalar upper=0.33333333333333331, bool training=False, Generator? generator=None) -> Tensor",
    ({ self, lower, upper, training }, context) => {
      const { tf } = context;
      const slope = training
        ? tf.add(tf.mul(context.uniform(self.shape), upper - lower), lower)
        : tf.scalar((lower + upper) / 2);
      return above(tf, self, 0, tf.mul(self, slope));
    },
  ),
  aten(
    "threshold(Tensor self, Scalar threshold, Scalar value) -> Tensor",
    ({ self, threshold, value }, { tf }) => above(tf, self, threshold, tf.scalar(value)),
  ),
  aten(
    "hardshrink(Tensor self, Scalar lambd=0.5) -> Tensor",
    ({ self, lambd }, { tf }) =>
      tf.where(tf.greater(tf.abs(self), lambd), self, tf.zerosLike(self)),
  ),
  aten(
    "softshrink(Tensor self, Scalar lambd=0.5) -> Tensor",
    ({ self, lambd }, { tf }) => tf.sub(self, tf.clipByValue(self, -lambd, lambd)),
  ),
  aten("glu(Tensor self, int dim=-1) -> Tensor", ({ self, dim }, { tf }) => {
    const [value, gate] = tf.split(self, 2, axisOf(dim, self.rank));
    return tf.mul(value, tf.sigmoid(gate));
  }),
  ...["softmax.int", "special_softmax"].map((name) =>
    aten(
      `${name}(Tensor self, int dim, ScalarType? dtype=None) -> Tensor`,
      ({ self, dim, dtype }, { tf }) => {
        requireFloat(dtype);
        return softmax(tf, self, dim);
      },
    )
  ),
  ...[["log_softmax.int", ""], ["special_log_softmax", "*, "]].map(([name, star]) =>
    aten(
      `${name}(Tensor self, int dim, ${star as ""}ScalarType? dtype=None) -> Tensor`,
      ({ self, dim, dtype }, { tf }) => {
        requireFloat(dtype);
        return logSoftmax(tf, self, dim);
      },
    )
  ),
  aten(
    "_softmax(Tensor self, int dim, bool half_to_float) -> Tensor",
    ({ self, dim }, { tf }) => softmax(tf, self, dim),
  ),
  aten(
    "_log_softmax(Tensor self, int dim, bool half_to_float) -> Tensor",
    ({ self, dim }, { tf }) => logSoftmax(tf, self, dim),
  ),
  aten(
    "_safe_softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor",
    ({ self, dim }, { tf }) => {
      // A row of -Infinity alone becomes zeros.
      const isOpen = tf.greater(tf.max(self, axisOf(dim, self.rank), true), -Infinity);
      const finite = tf.where(isOpen, self, tf.zerosLike(self));
      return tf.mul(softmax(tf, finite, dim), tf.cast(isOpen, "float32"));
    },
  ),
];
