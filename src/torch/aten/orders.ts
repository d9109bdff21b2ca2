import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { type AtenOp, axisOf, sizeOf } from "./aten_op.ts";
import { summable } from "./dtypes.ts";
import { logSumExp, pick } from "./reductions.ts";
import { aten } from "./schema.ts";

/** Sorts along an axis; equal entries keep their order. NaN is the largest. */
export function sortAlong(
  tf: TensorFlow,
  x: Tensor,
  { dim, descending, count = Infinity }: { dim: number; descending: boolean; count?: number },
): Tensor[] {
  if (x.rank === 0) return [x, tf.scalar(0, "int32")];
  const axis = axisOf(dim, x.rank);
  const size = x.shape[axis], inner = sizeOf(x.shape.slice(axis + 1));
  const kept = Math.min(size, count);
  const shape = x.shape.with(axis, kept);
  const values = x.dataSync(), places = new Int32Array(sizeOf(shape));
  const sign = descending ? -1 : 1;
  const compare = (a: number, b: number) => {
    if (Number.isNaN(a) || Number.isNaN(b)) {
      return sign * (Number(Number.isNaN(a)) - Number(Number.isNaN(b)));
    }
    return sign * (a - b);
  };
  for (let row = 0; row < x.size / size; row++) {
    const start = Math.floor(row / inner) * size * inner + row % inner;
    const to = Math.floor(row / inner) * kept * inner + row % inner;
    const order = Array.from({ length: size }, (_, i) => i).sort((a, b) =>
      compare(values[start + a * inner], values[start + b * inner]) || a - b
    );
    for (let i = 0; i < kept; i++) places[to + i * inner] = order[i];
  }
  const indices = tf.tensor(places, shape, "int32");
  return [pick(tf, x, axis, indices), indices];
}

/** Returns the k-th smallest entry along an axis and its place. */
function smallest(
  tf: TensorFlow,
  x: Tensor,
  { k, dim, keepdim }: { k: number; dim: number; keepdim: boolean },
): Tensor[] {
  if (x.rank === 0) return [x, tf.scalar(0, "int32")];
  const axis = axisOf(dim, x.rank);
  const shape = keepdim ? x.shape.with(axis, 1) : x.shape.toSpliced(axis, 1);
  return sortAlong(tf, x, { dim, descending: false, count: k }).map((sorted) => {
    const begin = x.shape.map((_, i) => i === axis ? k - 1 : 0);
    return tf.reshape(tf.slice(sorted, begin, x.shape.with(axis, 1)), shape);
  });
}

/** Shares of the upper of two neighbours at a fraction between them, by PyTorch's names. */
const INTERPOLATIONS: Record<string, (fraction: number) => number> = {
  linear: (fraction) => fraction,
  lower: () => 0,
  higher: (fraction) => Math.ceil(fraction),
  // The place is rounded before.
  nearest: () => 0,
  midpoint: (fraction) => fraction > 0 ? 0.5 : 0,
};

/** Returns the quantiles along an axis, or of all entries: one for each share. */
function quantiles(
  tf: TensorFlow,
  x: Tensor,
  { shares, dim, keepdim, interpolation }: {
    shares: readonly Tensor[];
    dim: number | null;
    keepdim: boolean;
    interpolation: string;
  },
): Tensor[] {
  if (!Object.hasOwn(INTERPOLATIONS, interpolation)) {
    throw new InputError({
      place: "interpolation",
      found: JSON.stringify(interpolation),
      expected: `"${Object.keys(INTERPOLATIONS).join('", "')}"`,
    });
  }
  const whole = dim === null ? tf.reshape(x, [x.size]) : x;
  const axis = dim === null ? 0 : axisOf(dim, x.rank);
  const [sorted] = sortAlong(tf, whole, { dim: axis, descending: false });
  const ones = x.shape.map(() => 1), reduced = whole.shape.toSpliced(axis, 1);
  const kept = dim === null ? ones : x.shape.with(axis, 1);
  return shares.map((share) => {
    const exact = tf.mul(share, whole.shape[axis] - 1) as Tensor;
    const [number] = exact.dataSync();
    const place = interpolation === "nearest" ? roundToEven(number) : number;
    const below = Math.floor(place);
    const weight = interpolation === "linear"
      ? tf.sub(exact, below) as Tensor
      : tf.scalar(INTERPOLATIONS[interpolation](place - below));
    const at = (i: number) => tf.gather(sorted, tf.scalar(i, "int32"), axis) as Tensor;
    const low = at(below), high = at(Math.min(below + 1, whole.shape[axis] - 1));
    const value = tf.add(low, tf.mul(tf.sub(high, low), weight)) as Tensor;
    return tf.reshape(value, keepdim ? kept : reduced);
  });
}

function roundToEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

/** Returns sums of all entries up to each. */
function cumulative(tf: TensorFlow, self: Tensor, dim: number, dtype: string | null) {
  const x = summable(tf, self, dtype);
  return x.rank === 0 ? x : tf.cumsum(x, axisOf(dim, x.rank));
}

/** Joins all entries up to each, along an axis. */
function joinSoFar(
  tf: TensorFlow,
  x: Tensor,
  dim: number,
  join: (all: Tensor, next: Tensor) => Tensor,
): Tensor {
  if (x.rank === 0) return x;
  const axis = axisOf(dim, x.rank);
  const [first, ...rest] = tf.unstack(x, axis);
  const joined = [first];
  for (const next of rest) joined.push(join(joined.at(-1)!, next));
  return tf.stack(joined, axis);
}

/** Returns the largest (or smallest) entry up to each, and its place: the last of equal ones. */
function extremeSoFar(tf: TensorFlow, x: Tensor, dim: number, sign: 1 | -1): Tensor[] {
  if (x.rank === 0) return [x, tf.scalar(0, "int32")];
  const axis = axisOf(dim, x.rank);
  const size = x.shape[axis], inner = sizeOf(x.shape.slice(axis + 1));
  const values = x.dataSync(), places = new Int32Array(x.size);
  for (let i = 0; i < places.length; i++) {
    const at = Math.floor(i / inner) % size;
    const best = at === 0 ? 0 : places[i - inner];
    const isBetter = Number.isNaN(values[i]) ||
      sign * (values[i] - values[i + (best - at) * inner]) >= 0;
    places[i] = isBetter ? at : best;
  }
  const indices = tf.tensor(places, x.shape, "int32");
  return [pick(tf, x, axis, indices), indices];
}

/** Counts the entries in bins of one width; those outside are left out. */
function histogram(
  tf: TensorFlow,
  x: Tensor,
  { bins, min, max }: { bins: number; min: number; max: number },
): Tensor {
  const entries = Float32Array.from(x.dataSync()), counts = new Float32Array(bins);
  const isOpen = min === max;
  let low = isOpen ? entries.reduce((a, b) => Math.min(a, b), Infinity) : min;
  let high = isOpen ? entries.reduce((a, b) => Math.max(a, b), -Infinity) : max;
  if (low === high) {
    low--;
    high++;
  }
  for (const entry of entries) {
    if (!(entry >= low && entry <= high)) continue;
    counts[Math.min(bins - 1, Math.floor((entry - low) / (high - low) * bins))]++;
  }
  return tf.tensor(counts, [bins], x.dtype as "int32");
}

/** Orders of entries, and sums, products and extremes up to each. */
export const ORDERS: readonly AtenOp[] = [
  aten(
    "cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor",
    ({ self, dim, dtype }, { tf }) => cumulative(tf, self, dim, dtype),
  ),
  aten(
    "cumprod(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor",
    ({ self, dim, dtype }, { tf }) =>
      joinSoFar(tf, summable(tf, self, dtype), dim, (all, next) => tf.mul(all, next)),
  ),
  aten(
    "sort(Tensor self, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)",
    ({ self, dim, descending }, { tf }) => sortAlong(tf, self, { dim, descending }),
  ),
  aten(
    "sort.stable(Tensor self, *, bool? stable, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)",
    ({ self, dim, descending }, { tf }) => sortAlong(tf, self, { dim, descending }),
  ),
  aten(
    "argsort(Tensor self, int dim=-1, bool descending=False) -> Tensor",
    ({ self, dim, descending }, { tf }) => sortAlong(tf, self, { dim, descending })[1],
  ),
  aten(
    "topk(Tensor self, SymInt k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor values, Tensor indices)",
    ({ self, k, dim, largest }, { tf }) =>
      sortAlong(tf, self, { dim, descending: largest, count: k }),
  ),
  aten(
    "kthvalue(Tensor self, SymInt k, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)",
    ({ self, k, dim, keepdim }, { tf }) => smallest(tf, self, { k, dim, keepdim }),
  ),
  aten(
    "median.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)",
    ({ self, dim, keepdim }, { tf }) => {
      const size = self.rank === 0 ? 1 : self.shape[axisOf(dim, self.rank)];
      return smallest(tf, self, { k: Math.floor((size + 1) / 2), dim, keepdim });
    },
  ),
  aten("median(Tensor self) -> Tensor", ({ self }, { tf }) => {
    const k = Math.floor((self.size + 1) / 2);
    return smallest(tf, tf.reshape(self, [self.size]), { k, dim: 0, keepdim: false })[0];
  }),
  aten(
    "quantile.scalar(Tensor self, float q, int? dim=None, bool keepdim=False, *, str interpolation='linear') -> Tensor",
    ({ self, q, ...how }, { tf }) => quantiles(tf, self, { shares: [tf.scalar(q)], ...how })[0],
  ),
  aten(
    "quantile(Tensor self, Tensor q, int? dim=None, bool keepdim=False, *, str interpolation='linear') -> Tensor",
    ({ self, q, ...how }, { tf }) => {
      const found = quantiles(tf, self, { shares: q.rank === 0 ? [q] : tf.unstack(q), ...how });
      return q.rank === 0 ? found[0] : tf.stack(found);
    },
  ),
  aten(
    "histc(Tensor self, int bins=100, Scalar min=0, Scalar max=0) -> Tensor",
    ({ self, ...range }, { tf }) => histogram(tf, self, range),
  ),
  ...([["cummax", 1], ["cummin", -1]] as const).map(([name, sign]) =>
    aten(
      `${name}(Tensor self, int dim) -> (Tensor values, Tensor indices)`,
      ({ self, dim }, { tf }) => extremeSoFar(tf, self, dim, sign),
    )
  ),
  aten("logcumsumexp(Tensor self, int dim) -> Tensor", ({ self, dim }, { tf }) => {
    const join = (...pair: Tensor[]) => logSumExp(tf, tf.stack(pair), { dim: 0 });
    return joinSoFar(tf, self, dim, join);
  }),
];
