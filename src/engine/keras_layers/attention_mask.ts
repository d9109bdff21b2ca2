import type { Tensor, TensorFlow } from "../tensorflow.ts";

/** Masks and limits that decide which keys a query may attend to. */
export interface AttentionMasks {
  /** `[batch, queries]`: the queries that count. */
  query?: Tensor | null;
  /** `[batch, keys]`: the values that count. */
  value?: Tensor | null;
  /** `[batch, keys]`: the keys that count. */
  key?: Tensor | null;
  /** `[batch, queries, keys]`: the keys that each query may attend to. */
  attention?: Tensor | null;
  /** True if a query attends to no later key. */
  causal: boolean;
  /** Distance from which on a query no longer sees keys; `null`: it sees all keys. */
  window: number | null;
}

/**
 * Returns all masks in one, `[batch, queries, keys]`, or `null` if there is none.
 *
 * @param queries Number of queries.
 * @param keys Number of keys.
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

/** Returns the mask with as many axes as the scores; new axes come before those of the queries. */
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
