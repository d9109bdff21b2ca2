import type { FunctionalProgram } from "./functional.ts";
import type { Argument, Call, ValueMeta } from "./program.ts";

/** Operation that computes a whole attention. */
const WHOLE = "aten.scaled_dot_product_attention.default";

/**
 * Divides each attention into its scores, its weights and its values, so that a pass measures them
 * as those of an attention of Keras.
 */
export function divideAttentions(program: FunctionalProgram): FunctionalProgram {
  const values = new Map(program.values);
  const calls = program.calls.flatMap((call) =>
    call.target === WHOLE ? partsOf(call, values) : [call]
  );
  return { ...program, calls, values };
}

function partsOf(call: Call, values: Map<string, ValueMeta>): Call[] {
  const { query, key, value, dropout_p, attn_mask, is_causal, scale, enable_gqa } = call.args;
  const names = ["scores", "masked", "weights"].map((part) => `${call.name}~${part}`);
  const [scores, masked, weights] = names;
  const meta = metaOfScores(call, values);
  if (meta !== null) { for (const name of names) values.set(name, meta); }
  const part = (
    name: string,
    args: Record<string, Argument | undefined>,
    result: Call["results"][number],
  ): Call => {
    const given = Object.entries(args).filter((arg): arg is [string, Argument] =>
      arg[1] !== undefined
    );
    return {
      ...call,
      target: `attention.${name}`,
      args: Object.fromEntries(given),
      results: [result],
    };
  };
  const named = (name: string): Argument => ({ is: "value", name });
  const hasMask: Argument = { is: "constant", value: attn_mask !== undefined };
  // The masks belong to the layer of the weights, since scores of -Infinity would look broken.
  const path = [call.modules.at(-1)?.path ?? "", "AttentionWeights"].filter((one) => one !== "");
  const own = { path: path.join("."), className: "AttentionWeights", key: weights };
  const modules = [...call.modules, own];
  return [
    part("AttentionScores", { query, key, scale, enable_gqa }, scores),
    { ...part("masked", { scores: named(scores), attn_mask, is_causal }, masked), modules },
    {
      ...part("AttentionWeights", { scores: named(masked), has_mask: hasMask }, weights),
      modules,
    },
    part(
      "AttentionContext",
      { weights: named(weights), value, dropout_p, enable_gqa },
      call.results[0],
    ),
  ];
}

/** Returns the shape of the scores: a row of keys for each query. */
function metaOfScores({ args }: Call, values: ReadonlyMap<string, ValueMeta>): ValueMeta | null {
  const { query, key } = args;
  if (query?.is !== "value" || key?.is !== "value") return null;
  const queries = values.get(query.name), keys = values.get(key.name);
  if (queries === undefined || keys === undefined) return null;
  return {
    type: queries.type,
    sizes: [...queries.sizes.slice(0, -1), keys.sizes[keys.sizes.length - 2]],
  };
}
