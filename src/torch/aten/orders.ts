import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { type AtenOp, axisOf, sizeOf } from "./aten_op.ts";
import { summable } from "./dtypes.ts";
import { logSumExp, pick } from "./reductions.ts";
import { aten } from "./schema.ts";

/** Sorts along an axis; equal entries keep their order. NaN is the largest. */
function sortAlong(
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
