/** How a query spreads its attention over the keys that it may attend to, over some of the queries of a pass. */
export interface AttentionRows {
  /**
   * Mean over the rows of the entropy of the weights, divided by the logarithm of the number of keys: 1 where all
   * keys count alike, 0 where each query attends to one key alone.
   */
  entropy: number;
  /** The share of the rows in which one key has 0.95 of the weight or more. */
  oneHot: number;
  /** Mean number of keys that a query may attend to: what is masked does not count. */
  keys: number;
  /** How many rows were looked at: those with two keys or more, of up to 1024 that are spread over all of them. */
  rows: number;
}

/** The weights of an attention as they lie in memory. */
export interface AttentionWeightsView {
  /** The weights, keys last. */
  weights: ArrayLike<number>;
  /** The scores that they were made of. */
  scores: ArrayLike<number>;
  /** The lengths of the axes before the keys. */
  queries: readonly number[];
  /** How many keys there are. */
  keys: number;
  /** Which keys a query may attend to; absent: all of them. */
  mask?: AttentionMaskView;
}

/** Where queries may attend to keys. */
export interface AttentionMaskView {
  /** 0 where a key is masked. */
  values: ArrayLike<number>;
  /** As many axes as those of the queries, then one of keys; an axis of length 1 holds for all. */
  shape: readonly number[];
}

/** The sums over rows that {@linkcode AttentionRows} has the means of. */
export type AttentionSums = AttentionRows;

/** The largest share of the weight that leaves others a say. */
const NEARLY_ALL = 0.95;
/** A score below it was put there to mask a key. */
const MASKED = -1e8;
/** So many rows tell the mean entropy to 1 % and cost no pass any time. */
const MOST_ROWS = 1024;
/** Multiples of the golden ratio fall evenly between 0 and 1, in step with no axis. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Adds up entropies over rows of an attention in float64. Rows with an entry that is no number are left out.
 *
 * @param place Where the rows lie among those of the whole batch. Default: they are all.
 */
export function sumAttentionRows(
  view: AttentionWeightsView,
  place?: { first: number; total: number },
): AttentionSums {
  const own = view.queries.reduce((product, length) => product * length, 1);
  const { first, total } = place ?? { first: 0, total: own };
  const count = Math.min(total, MOST_ROWS);
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
    // Nor is there one in a row that lies in another part of the batch.
    if (!(weight >= 0)) return;
    if (mask !== undefined && mask.values[from + step * key] === 0) continue;
    if (scores[start + key] <= MASKED) continue;
    visible++;
    if (weight > 0) entropy -= weight * Math.log(weight);
    if (weight > largest) largest = weight;
  }
  // Who may attend to one key alone has no choice.
  if (visible < 2) return;
  sums.rows++;
  sums.keys += visible;
  sums.entropy += entropy / Math.log(visible);
  if (largest >= NEARLY_ALL) sums.oneHot++;
}

/** Where the mask of a row starts, and how far apart its keys lie. */
function placeInMask(
  row: number,
  queries: readonly number[],
  keys: number,
  { shape }: AttentionMaskView,
): [from: number, step: number] {
  const wide = shape[queries.length];
  let [from, stride, rest] = [0, wide, row];
  for (let axis = queries.length - 1; axis >= 0; axis--) {
    if (shape[axis] > 1) from += (rest % queries[axis]) * stride;
    rest = Math.floor(rest / queries[axis]);
    stride *= shape[axis];
  }
  return [from, wide === keys ? 1 : 0];
}

/** The means of what was added up; `null` where there was no row. */
export function meanOverRows(sums: AttentionSums | null): AttentionRows | null {
  if (sums === null || sums.rows === 0) return null;
  const { rows, entropy, oneHot, keys } = sums;
  return { entropy: entropy / rows, oneHot: oneHot / rows, keys: keys / rows, rows };
}
