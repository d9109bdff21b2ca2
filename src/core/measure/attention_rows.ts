/**
 * Spread of a query's attention over the keys that it may attend to, for some queries of a pass.
 */
export interface AttentionRows {
  /**
   * Mean over the rows of the entropy of the weights, divided by the logarithm of the number of
   * keys: 1 if all keys count alike, 0 if each query attends to a single key.
   */
  entropy: number;
  /** Share of the rows in which one key has at least 0.95 of the weight. */
  oneHot: number;
  /** Mean number of keys that a query may attend to, without masked ones. */
  keys: number;
  /** Number of rows examined: those with at least two keys, of up to 1024 spread over all rows. */
  rows: number;
}

/** Weights of an attention in memory. */
export interface AttentionWeightsView {
  /** Weights, keys last. */
  weights: ArrayLike<number>;
  /** Scores from which the weights were computed. */
  scores: ArrayLike<number>;
  /** Lengths of the axes before the keys. */
  queries: readonly number[];
  /** Number of keys. */
  keys: number;
  /** Mask of the keys; absent if a query may attend to all. */
  mask?: AttentionMaskView;
}

/** Mask of an attention. */
interface AttentionMaskView {
  /** Entries of the mask, 0 for a masked key. */
  values: ArrayLike<number>;
  /** The axes of the queries, then one of keys; an axis of length 1 applies to all. */
  shape: readonly number[];
}

/** Sums over rows; {@linkcode AttentionRows} has their means. */
export type AttentionSums = AttentionRows;

/** Weight from which a row counts as one-hot. */
const NEARLY_ALL = 0.95;
/** A lower score was set to mask a key. */
const MASKED = -1e8;
/** 1024 rows give the mean entropy to 1 % at no noticeable cost. */
const MAX_ROWS = 1024;
/** Multiples of the golden ratio spread evenly between 0 and 1, in step with no axis. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Adds up entropies over rows of an attention in float64. Rows with a NaN are left out.
 *
 * @param place Position of the rows among those of the whole batch. Default: they are all.
 */
export function sumAttentionRows(
  view: AttentionWeightsView,
  place?: { first: number; total: number },
): AttentionSums {
  const own = view.queries.reduce((product, length) => product * length, 1);
  const { first, total } = place ?? { first: 0, total: own };
  const count = Math.min(total, MAX_ROWS);
  const sums: AttentionSums = { entropy: 0, oneHot: 0, keys: 0, rows: 0 };
  for (let i = 0; i < count; i++) {
    const row = (count === total ? i : Math.floor((i * GOLDEN % 1) * total)) - first;
    addRow(sums, view, row);
  }
  return sums;
}

function addRow(sums: AttentionSums, view: AttentionWeightsView, row: number): void {
  const { weights, scores, keys, mask } = view;
  const start = row * keys;
  const [from, step] = mask === undefined ? [0, 0] : placeInMask(row, view.queries, keys, mask);
  let visible = 0, entropy = 0, largest = 0;
  for (let key = 0; key < keys; key++) {
    const weight = weights[start + key];
    // NaN, or `undefined` for a row in another part of the batch.
    if (!(weight >= 0)) return;
    if (mask !== undefined && mask.values[from + step * key] === 0) continue;
    if (scores[start + key] <= MASKED) continue;
    visible++;
    if (weight > 0) entropy -= weight * Math.log(weight);
    if (weight > largest) largest = weight;
  }
  // A query that may attend to a single key has no choice.
  if (visible < 2) return;
  sums.rows++;
  sums.keys += visible;
  sums.entropy += entropy / Math.log(visible);
  if (largest >= NEARLY_ALL) sums.oneHot++;
}

/** Returns the index at which the mask of a row starts, and the distance between its keys. */
function placeInMask(
  row: number,
  queries: readonly number[],
  keys: number,
  { shape }: AttentionMaskView,
): [from: number, step: number] {
  const wide = shape[queries.length];
  let from = 0;
  let stride = wide;
  let rest = row;
  for (let axis = queries.length - 1; axis >= 0; axis--) {
    if (shape[axis] > 1) from += (rest % queries[axis]) * stride;
    rest = Math.floor(rest / queries[axis]);
    stride *= shape[axis];
  }
  return [from, wide === keys ? 1 : 0];
}

/** Returns the means of the sums; `null` without rows. */
export function meanOverRows(sums: AttentionSums | null): AttentionRows | null {
  if (sums === null || sums.rows === 0) return null;
  const { rows, entropy, oneHot, keys } = sums;
  return { entropy: entropy / rows, oneHot: oneHot / rows, keys: keys / rows, rows };
}
