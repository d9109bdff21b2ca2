/** The two products of an attention. */
export interface AttentionEquations {
  /** Queries and keys to scores. */
  scores: string;
  /** Weights and values to what the queries get. */
  context: string;
}

/**
 * The products of an attention over some axes of `[batch, ..., heads, size]`: each query attends to the keys
 * along them, and all other axes are apart. Scores are `[batch, other axes, heads, queries..., keys...]`.
 *
 * @param rank How many axes queries, keys and values have, the heads' included.
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
