/** What an attention may be called with, in the order of Keras's arguments. */
const ARGUMENTS: readonly AttentionInput[] = [
  "query",
  "value",
  "key",
  "queryMask",
  "valueMask",
  "keyMask",
  "attentionMask",
];

/** Name of an input of an attention. */
export type AttentionInput =
  | "query"
  | "value"
  | "key"
  | "queryMask"
  | "valueMask"
  | "keyMask"
  | "attentionMask";

/**
 * What Keras is told with each call of an attention, and TensorFlow.js, whose layers are called with tensors
 * alone, when the layer is made.
 */
export interface CallArgs {
  /**
   * What the tensors are that the layer is called with. Default: query, value and key, as many as there are; one
   * alone attends to itself. Masks are tensors of 0 and 1, or of truth values: `[batch, steps]`, and
   * `[batch, queries, keys]` for `attentionMask`. As in Keras 3.15, a MultiHeadAttention takes no notice of
   * `queryMask`.
   */
  calledWith?: readonly AttentionInput[];
  /** Whether a query attends to no later key. Default: false. */
  useCausalMask?: boolean;
  /** Whether the weights of each query for each key are a second output. Default: false. */
  returnAttentionScores?: boolean;
}

/**
 * The inputs of a call by their names.
 *
 * @param layer Name of the layer, for messages.
 * @param inputs The inputs.
 * @param names What they are; `undefined`: query, value, key.
 * @throws {Error} If they do not fit the names.
 */
export function inputsByName<T>(
  layer: string,
  inputs: readonly T[],
  names: readonly string[] = ARGUMENTS.slice(0, Math.min(inputs.length, 3)),
): Record<string, T> {
  const isKnown = names.every((name) => (ARGUMENTS as readonly string[]).includes(name));
  if (!isKnown || names[0] !== "query" || new Set(names).size !== names.length) {
    throw new Error(
      `${layer}.calledWith is [${names.join(", ")}], expected some of ${ARGUMENTS.join(", ")}, ` +
        `query first`,
    );
  }
  if (inputs.length !== names.length) {
    throw new Error(
      `${layer} is called with ${inputs.length} tensors, expected ${names.join(", ")}`,
    );
  }
  const named = Object.fromEntries(names.map((name, i) => [name, inputs[i]]));
  return { value: named.query, ...named };
}
