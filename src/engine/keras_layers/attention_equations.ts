/** The two products of an attention. */
export interface AttentionEquations {
  /** Product of queries and keys. */
  scores: string;
  /** Product of weights and values. */
  context: string;
}

/**
 * Returns the products of an attention over some axes of `[batch, ..., heads, size]`: each query
 * attends to the keys along them, and all other axes are separate. Scores are `[batch, other axes,
 * heads, queries..., keys...]`.
 *
 * @param rank Number of axes of queries, keys and values, including that of the heads.
 * @param axes The axes that are attended over, from 1 on.
 */
export function attentionEquations(rank: number, axes: readonly number[]): AttentionEquations {
  const letters = (from: number) => String.fromCharCode(97 + from);
  const query = Array.from({ length: rank }, (_, axis) => letters(axis));
  const key = query.map((letter, axis) =>
    axes.includes(axis) ? letters(rank + axes.indexOf(axis)) : letter
  );
  const apart = query.filter((_, axis) => !axes.includes(axis) && axis !== rank - 1);
  const at = (of: readonly string[]) => axes.map((axis) => of[axis]);
  const scores = [...apart, ...at(query), ...at(key)].join("");
  const [q, k] = [query.join(""), key.join("")];
  return { scores: `${q},${k}->${scores}`, context: `${scores},${k}->${q}` };
}
