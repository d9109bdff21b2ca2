import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../words/input_error.ts";
import type { AtenContext, AtenOp } from "./aten_op.ts";
import { type Dtype, dtypeOf, floats, toDtype } from "./dtypes.ts";
import { aten } from "./schema.ts";

/** Returns 1 for each entry that is kept and 0 for each that is dropped. */
function keptEntries(context: AtenContext, shape: number[], p: number): Tensor {
  if (!(p >= 0 && p <= 1)) {
    throw new InputError({ place: "p", found: String(p), expected: "a probability" });
  }
  const { tf } = context;
  return tf.cast(tf.greaterEqual(context.uniform(shape), p), "float32");
}

/** Drops entries with probability p, and scales the others so that their mean stays. */
export function dropout(context: AtenContext, x: Tensor, p: number): Tensor {
  const { tf } = context;
  if (p === 0) return x;
  if (p === 1) return tf.mul(x, 0);
  return tf.mul(x, tf.mul(keptEntries(context, x.shape, p), 1 / (1 - p)));
}

/** Shape of the parts that are dropped as one: all of space for each channel. */
const channelShape = ({ shape }: Tensor) => shape.map((size, axis) => axis < 2 ? size : 1);

function featureDropout(context: AtenContext, x: Tensor, p: number): Tensor {
  const { tf } = context;
  if (p === 0) return x;
  if (p === 1) return tf.mul(x, 0);
  return tf.mul(x, tf.mul(keptEntries(context, channelShape(x), p), 1 / (1 - p)));
}

/** Value that entries of a self-normalising network are dropped to. */
const DROPPED = -1.7580993408473766;

function alphaDropout(context: AtenContext, x: Tensor, shape: number[], p: number): Tensor {
  const { tf } = context;
  const kept = keptEntries(context, shape, p);
  const a = 1 / Math.sqrt((DROPPED ** 2 * p + 1) * (1 - p));
  const dropped = tf.mul(tf.sub(1, kept), DROPPED);
  const mixed = tf.add(tf.mul(x, kept), dropped);
  return tf.add(tf.mul(mixed, a), -a * DROPPED * p);
}

/** Draws normal numbers from uniform ones, by Box and Muller. */
function normal(context: AtenContext, shape: readonly number[]): Tensor {
  const { tf } = context;
  const radius = tf.sqrt(tf.mul(-2, tf.log(tf.sub(1, context.uniform([...shape])))));
  return tf.mul(radius, tf.cos(tf.mul(2 * Math.PI, context.uniform([...shape]))));
}

/** Draws whole numbers from `low` to before `high`. */
function integers(
  context: AtenContext,
  shape: readonly number[],
  [low, high]: readonly [number, number],
): Tensor {
  const { tf } = context;
  const drawn = tf.floor(tf.mul(context.uniform([...shape]), high - low));
  return tf.add(tf.minimum(drawn, high - low - 1), low);
}

/** Returns 0 to before n in an order drawn at random. */
function permutation(context: AtenContext, n: number): Tensor {
  const { tf } = context;
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const draws = context.uniform([n]).dataSync();
  for (let i = n - 1; i > 0; i--) {
    const other = Math.min(i, Math.floor(draws[i] * (i + 1)));
    [order[i], order[other]] = [order[other], order[i]];
  }
  return tf.tensor1d(order, "int32");
}

/** Returns 1 with probability p; p broadcasts. */
function bernoulli(context: AtenContext, { shape, dtype }: Tensor, p: Tensor | number): Tensor {
  const { tf } = context;
  return toDtype(tf, tf.less(context.uniform(shape), p), dtype as Dtype);
}

const OPTIONS =
  "ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None";
const WHOLE_OPTIONS =
  "ScalarType? dtype=4, Layout? layout=None, Device? device=None, bool? pin_memory=None";
const LIKE_OPTIONS = `${OPTIONS}, MemoryFormat? memory_format=None` as const;

const cast = (tf: TensorFlow, x: Tensor, dtype: string | null, otherwise: Dtype = "float32") =>
  toDtype(tf, x, dtypeOf(dtype, otherwise));

/** Dropout and random numbers. */
export const RANDOM: readonly AtenOp[] = [
  aten(
    "dropout(Tensor input, float p, bool train) -> Tensor",
    ({ input, p, train }, context) => train ? dropout(context, input, p) : input,
  ),
  aten(
    "native_dropout(Tensor input, float p, bool? train) -> (Tensor, Tensor)",
    ({ input, p, train }, context) => {
      const { tf } = context;
      if (train === false) return [input, tf.ones(input.shape, "bool")];
      const kept = keptEntries(context, input.shape, p);
      const scale = p === 1 ? 0 : 1 / (1 - p);
      return [tf.mul(input, tf.mul(kept, scale)), toDtype(tf, kept, "bool")];
    },
  ),
  aten(
    "feature_dropout(Tensor input, float p, bool train) -> Tensor",
    ({ input, p, train }, context) => train ? featureDropout(context, input, p) : input,
  ),
  aten(
    "alpha_dropout(Tensor input, float p, bool train) -> Tensor",
    ({ input, p, train }, context) =>
      train && p > 0 ? alphaDropout(context, input, input.shape, p) : input,
  ),
  aten(
    "feature_alpha_dropout(Tensor input, float p, bool train) -> Tensor",
    ({ input, p, train }, context) =>
      train && p > 0 ? alphaDropout(context, input, channelShape(input), p) : input,
  ),
  aten(
    "bernoulli(Tensor self, *, Generator? generator=None) -> Tensor",
    ({ self }, context) => bernoulli(context, self, self),
  ),
  aten(
    "bernoulli.p(Tensor self, float p, *, Generator? generator=None) -> Tensor",
    ({ self, p }, context) => bernoulli(context, self, p),
  ),
  // The functional form of `bernoulli_`.
  aten(
    "bernoulli.float(Tensor self, float p=0.5, *, Generator? generator=None) -> Tensor",
    ({ self, p }, context) => bernoulli(context, self, p),
  ),
  aten(
    "bernoulli.Tensor(Tensor self, Tensor p, *, Generator? generator=None) -> Tensor",
    ({ self, p }, context) => bernoulli(context, self, floats(context.tf, p)),
  ),
  aten(
    `rand(SymInt[] size, *, ${OPTIONS}) -> Tensor`,
    ({ size, dtype }, context) => cast(context.tf, context.uniform([...size]), dtype),
  ),
  aten(
    `randn(SymInt[] size, *, ${OPTIONS}) -> Tensor`,
    ({ size, dtype }, context) => cast(context.tf, normal(context, size), dtype),
  ),
  aten(
    `rand_like(Tensor self, *, ${LIKE_OPTIONS}) -> Tensor`,
    ({ self, dtype }, context) => cast(context.tf, context.uniform(self.shape), dtype),
  ),
  aten(
    `randn_like(Tensor self, *, ${LIKE_OPTIONS}) -> Tensor`,
    ({ self, dtype }, context) => cast(context.tf, normal(context, self.shape), dtype),
  ),
  aten(
    `randint(SymInt high, SymInt[] size, *, ${WHOLE_OPTIONS}) -> Tensor`,
    ({ high, size, dtype }, context) =>
      cast(context.tf, integers(context, size, [0, high]), dtype, "int32"),
  ),
  aten(
    `randint.low(SymInt low, SymInt high, SymInt[] size, *, ${WHOLE_OPTIONS}) -> Tensor`,
    ({ low, high, size, dtype }, context) =>
      cast(context.tf, integers(context, size, [low, high]), dtype, "int32"),
  ),
  aten(
    `randint_like(Tensor self, SymInt high, *, ${LIKE_OPTIONS}) -> Tensor`,
    ({ self, high, dtype }, context) => {
      const drawn = integers(context, self.shape, [0, high]);
      return cast(context.tf, drawn, dtype, self.dtype as Dtype);
    },
  ),
  aten(
    `randperm(SymInt n, *, ${WHOLE_OPTIONS}) -> Tensor`,
    ({ n, dtype }, context) => cast(context.tf, permutation(context, n), dtype, "int32"),
  ),
  aten(
    "uniform(Tensor self, float from=0., float to=1., *, Generator? generator=None) -> Tensor",
    ({ self, from, to }, context) => {
      const { tf } = context;
      return tf.add(tf.mul(context.uniform(self.shape), to - from), from);
    },
  ),
  // The functional form of `normal_`.
  ...["normal", "normal_functional"].map((name) =>
    aten(
      `${name}(Tensor self, float mean=0., float std=1., *, Generator? generator=None) -> Tensor`,
      ({ self, mean, std }, context) => {
        const { tf } = context;
        return tf.add(tf.mul(normal(context, self.shape), std), mean);
      },
    )
  ),
  aten(
    "exponential(Tensor self, float lambd=1., *, Generator? generator=None) -> Tensor",
    ({ self, lambd }, context) => {
      const { tf } = context;
      return tf.div(tf.log1p(tf.neg(context.uniform(self.shape))), -lambd);
    },
  ),
];
