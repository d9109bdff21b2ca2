import { heapView } from "../../engine/heap/heap.ts";
import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import type { AtenContext, AtenOp } from "./aten_op.ts";
import { matMul } from "./products.ts";
import { dropout } from "./creation.ts";
import { aten } from "./schema.ts";
import { transpose } from "./shapes.ts";

/** Attention of queries over keys, as PyTorch's `scaled_dot_product_attention`. */
interface Attention {
  query: Tensor;
  key: Tensor;
  value: Tensor;
  attn_mask: Tensor | null;
  dropout_p: number;
  is_causal: boolean;
  scale: number | null;
  /** True if several heads of queries share a head of keys. */
  enable_gqa?: boolean;
}

/** Output of an attention, and the weight of each key for each query. */
interface Attended {
  output: Tensor;
  /** Weights before dropout. */
  weights: Tensor;
}

/** Returns scores of which those that a mask closes are -Infinity. */
function masked(tf: TensorFlow, scores: Tensor, mask: Tensor): Tensor {
  if (mask.dtype !== "bool") return tf.add(scores, mask);
  return tf.where(mask, scores, tf.fill(scores.shape, -Infinity));
}

/** Returns a mask that lets each query see the keys up to its own place. */
function causalMask(tf: TensorFlow, queries: number, keys: number): Tensor {
  const place = (size: number, shape: number[]) => tf.reshape(tf.range(0, size), shape);
  return tf.lessEqual(place(keys, [1, keys]), place(queries, [queries, 1]));
}

/** Returns the softmax of scores; a fully masked row has weight 0, as in PyTorch. */
export function weightsOf(
  tf: TensorFlow,
  scores: Tensor,
  { mayBeClosed }: { mayBeClosed: boolean },
): Tensor {
  const open = mayBeClosed ? openRows(heapView(tf, scores), scores.shape.at(-1)!) : null;
  if (open === null) return tf.softmax(scores);
  const isOpen = tf.tensor(open, [...scores.shape.slice(0, -1), 1], "bool");
  const finite = tf.where(isOpen, scores, tf.zerosLike(scores));
  return tf.mul(tf.softmax(finite), tf.cast(isOpen, "float32"));
}

/**
 * Returns 1 for each row with a score that is not -Infinity, else 0; `null` if every row has one. Read from
 * the heap: ops would have gradients, of which all are 0.
 */
function openRows(scores: ArrayLike<number>, width: number): Uint8Array | null {
  const open = new Uint8Array(scores.length / width);
  for (let row = 0; row < open.length; row++) {
    const end = (row + 1) * width;
    let at = row * width;
    while (at < end && scores[at] === -Infinity) at++;
    open[row] = Number(at < end);
  }
  return open.includes(0) ? open : null;
}

/** Repeats each head so that there are `heads`. */
function repeatHeads(tf: TensorFlow, x: Tensor, heads: number): Tensor {
  const axis = x.rank - 3, own = x.shape[axis];
  if (own === heads) return x;
  const indices = Array.from({ length: heads }, (_, i) => Math.floor(i * own / heads));
  return tf.gather(x, tf.tensor1d(indices, "int32"), axis);
}

/** Arguments of an attention up to its scores. */
type Scoring = Omit<Attention, "value" | "dropout_p">;

/** Returns the scores of the keys for each query, before masks. */
export function scoresOf(
  tf: TensorFlow,
  attention: Pick<Scoring, "query" | "key" | "scale" | "enable_gqa">,
): Tensor {
  const { query, enable_gqa = false } = attention;
  const key = enable_gqa ? repeatHeads(tf, attention.key, query.shape.at(-3)!) : attention.key;
  const scale = attention.scale ?? 1 / Math.sqrt(query.shape.at(-1)!);
  const isPlain = query.rank === key.rank && query.rank > 1;
  const scaled = tf.mul(query, scale) as Tensor;
  return isPlain
    ? tf.matMul(scaled, key, false, true) as Tensor
    : matMul(tf, scaled, transpose(tf, key, -2, -1));
}

/** Sets the scores that a mask closes to -Infinity. */
export function maskScores(
  tf: TensorFlow,
  scores: Tensor,
  { attn_mask, is_causal }: Pick<Scoring, "attn_mask" | "is_causal">,
): Tensor {
  const [queries, keys] = scores.shape.slice(-2);
  const open = is_causal ? masked(tf, scores, causalMask(tf, queries, keys)) : scores;
  return attn_mask === null ? open : masked(tf, open, attn_mask);
}

/** Returns the values by the weights of their keys, of which some are dropped. */
export function contextOf(
  context: AtenContext,
  weights: Tensor,
  { value, dropout_p, enable_gqa = false }: Pick<Attention, "value" | "dropout_p" | "enable_gqa">,
): Tensor {
  const { tf } = context;
  const values = enable_gqa ? repeatHeads(tf, value, weights.shape.at(-3)!) : value;
  return matMul(tf, dropout(context, weights, dropout_p), values);
}

/** Computes an attention. */
function attend(context: AtenContext, attention: Attention): Attended {
  const { tf } = context;
  const scores = maskScores(tf, scoresOf(tf, attention), attention);
  const weights = weightsOf(tf, scores, { mayBeClosed: attention.attn_mask !== null });
  return { output: contextOf(context, weights, attention), weights };
}

/** Attention with its projections. */
export const ATTENTION: readonly AtenOp[] = [
  aten(
    "scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0., bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor",
    (args, context) => attend(context, args).output,
  ),
  aten(
    "_scaled_dot_product_attention_math(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0., bool is_causal=False, Tensor? dropout_mask=None, *, float? scale=None, bool enable_gqa=False) -> (Tensor, Tensor)",
    (args, context) => {
      const { output, weights } = attend(context, args);
      return [output, weights];
    },
  ),
  aten(
    "_scaled_dot_product_flash_attention_for_cpu(Tensor query, Tensor key, Tensor value, float dropout_p=0., bool is_causal=False, *, Tensor? attn_mask=None, float? scale=None) -> (Tensor output, Tensor logsumexp)",
    (args, context) => {
      const { tf } = context;
      const { output, weights } = attend(context, args);
      // Only the output has readers outside of PyTorch's own gradient.
      return [output, tf.zeros(weights.shape.slice(0, -1))];
    },
  ),
];
