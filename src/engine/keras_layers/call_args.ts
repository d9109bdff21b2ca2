/** Inputs of an attention, in the order of Keras's arguments. */
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
 * Settings that Keras passes with each call of an attention. TensorFlow.js calls layers with
 * tensors only, so here they are set when the layer is made.
 */
export interface CallArgs {
  /**
   * Roles of the tensors that the layer is called with. Default: query, value and key, as many as
   * there are; a single one attends to itself. Masks are tensors of 0 and 1, or booleans: `[batch,
   * steps]`, and `[batch, queries, keys]` for `attentionMask`. As in Keras 3.15, a
   * MultiHeadAttention ignores `queryMask`.
   */
  calledWith?: readonly AttentionInput[];
  /** True if a query attends to no later key. Default: false. */
  useCausalMask?: boolean;
  /** True if the weights of each query for each key are a second output. Default: false. */
  returnAttentionScores?: boolean;
}

/**
 * Returns the inputs of a call by name.
 *
 * @param layer Name of the layer, for messages.
 * @param inputs The inputs.
 * @param names Their roles; `undefined`: query, value, key.
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
