import type { Tensor, TensorFlow } from "../tensorflow.ts";

/** What says where a query may attend to a key. */
export interface AttentionMasks {
  /** `[batch, queries]`: which queries count. */
  query?: Tensor | null;
  /** `[batch, keys]`: which values count. */
  value?: Tensor | null;
  /** `[batch, keys]`: which keys count. */
  key?: Tensor | null;
  /** `[batch, queries, keys]`: which keys each query may attend to. */
  attention?: Tensor | null;
  /** Whether a query attends to no later key. */
  causal: boolean;
  /** A query sees the keys that are fewer than this many places away; `null`: all keys. */
  window: number | null;
}

/**
 * All masks in one, `[batch, queries, keys]`, or `null` where there is none.
 *
 * @param queries How many queries there are.
 * @param keys How many keys.
 */
export function attentionMask(
  tf: TensorFlow,
  { query, value, key, attention, causal, window }: AttentionMasks,
  queries: number,
  keys: number,
): Tensor | null {
  const asBool = (mask: Tensor) => mask.dtype === "bool" ? mask : tf.notEqual(mask, 0) as Tensor;
  const masks: Tensor[] = [];
  if (attention != null) masks.push(asBool(attention));
  if (query != null) masks.push(tf.expandDims(asBool(query), -1));
  for (const one of [value, key]) if (one != null) masks.push(tf.expandDims(asBool(one), -2));
  if (causal || window !== null) {
    const from = tf.reshape(tf.range(0, queries, 1, "int32"), [1, queries, 1]);
    const to = tf.reshape(tf.range(0, keys, 1, "int32"), [1, 1, keys]);
    const distance = tf.sub(from, to) as Tensor;
    if (causal) masks.push(tf.greaterEqual(distance, 0));
    if (window !== null) masks.push(tf.less(tf.abs(distance), window));
  }
  return masks.length === 0 ? null : masks.reduce((a, b) => tf.logicalAnd(a, b));
}

/** The mask with as many axes as the scores have: new ones come before those of the queries. */
export function expandMask(tf: TensorFlow, mask: Tensor, rank: number, keyAxes: number): Tensor {
  const missing = rank - mask.rank;
  const at = mask.rank - 2 * keyAxes;
  const { shape } = mask;
  return tf.reshape(mask, [
    ...shape.slice(0, at),
    ...new Array(missing).fill(1),
    ...shape.slice(at),
  ]);
}
