import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { type AtenOp, axisOf } from "./aten_op.ts";
import { where } from "./arithmetic.ts";
import { cropTo, placesAlong, scatterRows } from "./indexing.ts";
import { aten } from "./schema.ts";

/** Entries that are reduced into places of a tensor, all flat. */
interface Reduced {
  x: Tensor;
  rows: Tensor;
  /** Place in `x` of each of `rows`. */
  places: Int32Array;
  /** True if the entry of `x` at a place is one of those that are reduced. */
  includesSelf: boolean;
}

/** Returns the number of entries that each place is reduced from. */
function countsOf({ x, places, includesSelf }: Reduced): Float32Array {
  const counts = new Float32Array(x.size).fill(Number(includesSelf));
  for (const place of places) counts[place]++;
  return counts;
}

function sumsOf(tf: TensorFlow, reduced: Reduced): Tensor {
  const { x, rows, places, includesSelf } = reduced;
  const isKept = Uint8Array.from(countsOf(reduced), (count) => Number(count === 0));
  const base = includesSelf ? x : where(tf, tf.tensor1d(isKept, "bool"), x, tf.zerosLike(x));
  return scatterRows(tf, base, places, { rows, accumulate: true });
}

function meansOf(tf: TensorFlow, reduced: Reduced): Tensor {
  const divisors = countsOf(reduced).map((count) => Math.max(1, count));
  return tf.div(sumsOf(tf, reduced), tf.tensor1d(divisors));
}

/** Picks the largest (or smallest) entry of each place; the first of equal ones. */
function extremesOf(tf: TensorFlow, { x, rows, places, includesSelf }: Reduced, sign: 1 | -1) {
  const all = tf.concat([x, rows]) as Tensor;
  const values = all.dataSync();
  const best = Int32Array.from({ length: x.size }, (_, i) => includesSelf ? i : -1);
  places.forEach((place, i) => {
    const own = x.size + i;
    if (best[place] < 0 || sign * (values[own] - values[best[place]]) > 0) best[place] = own;
  });
  const taken = best.map((at, i) => at < 0 ? i : at);
  return tf.gather(all, tf.tensor1d(taken, "int32")) as Tensor;
}

/** Reductions, by PyTorch's names. */
const REDUCTIONS: Record<string, (tf: TensorFlow, reduced: Reduced) => Tensor> = {
  sum: sumsOf,
  mean: meansOf,
  amax: (tf, reduced) => extremesOf(tf, reduced, 1),
  amin: (tf, reduced) => extremesOf(tf, reduced, -1),
};

/** Reductions into the places that indices name. */
export const SCATTER_REDUCTIONS: readonly AtenOp[] = [
  aten(
    "scatter_reduce.two(Tensor self, int dim, Tensor index, Tensor src, str reduce, *, bool include_self=True) -> Tensor",
    ({ self, dim, index, src, reduce, include_self }, { tf }) => {
      if (!Object.hasOwn(REDUCTIONS, reduce)) {
        throw new InputError({
          place: "reduce",
          found: JSON.stringify(reduce),
          expected: `"${Object.keys(REDUCTIONS).join('", "')}"`,
        });
      }
      const places = placesAlong(self, axisOf(dim, self.rank), index);
      const reduced = REDUCTIONS[reduce](tf, {
        x: tf.reshape(self, [self.size]),
        rows: tf.reshape(cropTo(tf, src, index.shape), [places.length]),
        places,
        includesSelf: include_self,
      });
      return tf.reshape(reduced, self.shape);
    },
  ),
];
