import { heapView } from "../engine/heap_view.ts";
import type { Tensor } from "../engine/tensorflow.ts";
import { type AttentionWeightsView, sumAttentionRows } from "./attention_rows.ts";
import type { Origin } from "./flow.ts";
import type { LayerRecord } from "./layer_record.ts";
import type { LayerCall, Sweep } from "./observe.ts";

/**
 * Layers whose outputs are scores: a product of queries and keys, or another comparison of them.
 */
const SCORES = new Set(["Dot", "AttentionScores", "AttentionSimilarity"]);
/**
 * Layers that may come between the scores and their softmax: a factor, and a mask that is added.
 */
const BETWEEN = new Set(["Rescaling", "Add"]);

/** Measures the rows of an attention: the outputs of a softmax over scores. */
export function noteAttention(
  { heap: { tf }, across }: Sweep,
  record: LayerRecord,
  output: Tensor,
  { input, mask, from }: LayerCall,
): void {
  if (record.activation !== "softmax" || !isOverScores(from)) return;
  if (output.dtype !== "float32" || input.size !== output.size) return;
  const { shape } = output;
  const { keyAxes = 1 } = record.layer as { keyAxes?: number };
  const at = shape.length - keyAxes;
  const isOwn = record.className === "AttentionWeights" && mask !== undefined;
  const view: AttentionWeightsView = {
    weights: heapView(tf, output),
    scores: heapView(tf, input),
    queries: shape.slice(0, at),
    keys: size(shape.slice(at)),
    ...isOwn
      ? {
        mask: {
          values: heapView(tf, mask),
          shape: [...mask.shape.slice(0, at), size(mask.shape.slice(at))],
        },
      }
      : {},
  };
  const sums = sumAttentionRows(view, across?.placeOf(size(view.queries)));
  const before = record.attention;
  record.attention = before === null ? sums : {
    ...{ entropy: before.entropy + sums.entropy, oneHot: before.oneHot + sums.oneHot },
    ...{ keys: before.keys + sums.keys, rows: before.rows + sums.rows },
  };
}

const size = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);

function isOverScores({ made, from }: Origin): boolean {
  return made.some(({ className }) => SCORES.has(className)) ||
    made.some(({ className }) => BETWEEN.has(className)) && from.some(isOverScores);
}
