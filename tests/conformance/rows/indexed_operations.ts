import { at, ndArray } from "../reference/mod.ts";
import type { Row } from "../row.ts";
import { operation } from "./operation.ts";

/** Rows of zeros with a one in each; indices outside give zeros only. */
export function oneHotRow(indices: number[], depth: number, dtype: "float32" | "int32" | "bool") {
  return operation(
    "oneHot",
    `${JSON.stringify(indices)}, depth ${depth}, ${dtype}`,
    [{ shape: [indices.length], values: indices, dtype: "int32" }],
    (tf, [x]) => tf.oneHot(x, depth, 1, 0, dtype),
    ([x]) => ndArray([indices.length, depth], ([row, i]) => x.data[row] === i ? 1 : 0),
    { discrete: true },
  );
}

/** Rows of a table by their index; its gradient adds up what repeats. */
export function gatherRow(rows: number, width: number, indices: number[]): Row {
  return operation(
    "gather",
    `${JSON.stringify(indices)} of [${rows}, ${width}]`,
    [
      { shape: [rows, width] },
      { shape: [indices.length], values: indices, dtype: "int32" },
    ],
    (tf, [table, index]) => tf.gather(table, index as never),
    ([table, index]) => ndArray([indices.length, width], ([i, j]) => at(table, index.data[i], j)),
  );
}

/** Sums by segment; what belongs to no segment is left out. */
export function segmentSumRow(segments: number, width: number, indices: number[]): Row {
  return operation(
    "unsortedSegmentSum",
    `${JSON.stringify(indices)} into ${segments}, width ${width}`,
    [
      { shape: [indices.length, width], fixed: true },
      { shape: [indices.length], values: indices, dtype: "int32" },
    ],
    (tf, [x, index]) => tf.unsortedSegmentSum(x, index as never, segments),
    ([x, index]) => {
      const sums = ndArray([segments, width]);
      index.data.forEach((segment, i) => {
        if (segment < 0 || segment >= segments) return;
        for (let j = 0; j < width; j++) sums.data[segment * width + j] += at(x, i, j);
      });
      return sums;
    },
  );
}

/** Sums along an axis of all that comes before, or after in reverse; `exclusive` leaves the entry out. */
export function cumsumRow(
  shape: number[],
  axis: number,
  { exclusive = false, reverse = false }: { exclusive?: boolean; reverse?: boolean } = {},
): Row {
  return operation(
    "cumsum",
    `[${shape}] along ${axis}${exclusive ? ", exclusive" : ""}${reverse ? ", reverse" : ""}`,
    [{ shape }],
    (tf, [x]) => tf.cumsum(x, axis, exclusive, reverse),
    ([x]) =>
      ndArray(shape, (index) => {
        let sum = 0;
        for (let i = 0; i < shape[axis]; i++) {
          const isIn = i === index[axis] ? !exclusive : reverse ? i > index[axis] : i < index[axis];
          if (isIn) sum += at(x, ...index.with(axis, i));
        }
        return sum;
      }),
  );
}
