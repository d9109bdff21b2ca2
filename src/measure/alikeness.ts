import { heapView } from "../engine/heap/heap.ts";
import type { Layer, LayersModel, Tensor } from "../engine/tensorflow.ts";
import type { LeafLayer } from "../model/layers/leaf_layers.ts";
import { type RowAlikeness, rowAlikeness } from "../theory/row_alikeness.ts";
import { layerTraits } from "../traits/layer_traits.ts";
import type { LayerKind } from "../traits/layers.ts";
import type { LayerRecord } from "./layer_record.ts";
import type { LayerCall, Sweep } from "./observe.ts";

const MAX_TOKENS_COMPARED = 16;
const MAX_EXAMPLES_COMPARED = 4;

/** Layers in a transformer's residual stream; scores and weights compare tokens instead. */
const IN_THE_STREAM = new Set<LayerKind>(["embedding", "dense", "addition", "normalization"]);

/** Returns true if a layer may be part of an attention, stock ones included. */
export function mayAttend({ layer }: LeafLayer): boolean {
  return ["AttentionWeights", "Dot"].includes(layer.getClassName());
}

/** Compares the places of sequences, if the network has an attention. */
export function noteTokens(
  { heap: { tf }, across, attends }: Sweep,
  record: LayerRecord,
  output: Tensor,
  { mask }: LayerCall,
): void {
  if (!attends || output.rank !== 3 || output.dtype !== "float32" || record.calls > 1) return;
  if (!IN_THE_STREAM.has(layerTraits(record.className).kind)) return;
  const [examples, places, width] = output.shape;
  const counts = mask !== undefined && mask.rank === 2 && mask.shape[1] === places
    ? heapView(tf, mask)
    : null;
  const values = heapView(tf, output);
  const found: RowAlikeness[] = [];
  const before = across === null ? null : record.tokenAlikeness;
  let tokens = before?.tokens ?? 0;
  const rows = new Float32Array(MAX_TOKENS_COMPARED * width);
  const most = MAX_EXAMPLES_COMPARED - (across?.from ?? 0);
  for (let example = 0; example < Math.min(examples, most); example++) {
    let kept = 0;
    for (let place = 0; place < places && kept < MAX_TOKENS_COMPARED; place++) {
      const at = example * places + place;
      if (counts !== null && counts[at] === 0) continue;
      rows.set(values.subarray(at * width, (at + 1) * width), kept++ * width);
    }
    const alike = rowAlikeness(rows, kept, width);
    if (alike === null) continue;
    found.push(alike);
    tokens = Math.max(tokens, kept);
  }
  if (found.length === 0) return;
  const seen = before?.examples ?? 0;
  const mean = (of: "cosine" | "effectiveRank") =>
    found.reduce((sum, one) => sum + one[of], seen * (before?.[of] ?? 0)) / (seen + found.length);
  record.tokenAlikeness = {
    cosine: mean("cosine"),
    effectiveRank: mean("effectiveRank"),
    tokens,
    examples: seen + found.length,
  };
}

/**
 * Returns the outputs of a model. If it lists one twice, TensorFlow.js returns only the first, and
 * `null` for the others.
 */
export function repeatedOutputs(model: Layer, outputs: Tensor | Tensor[]): Tensor | Tensor[] {
  if (!Array.isArray(outputs)) return outputs;
  const listed = (model as LayersModel).outputs;
  return outputs.map((output, i) => output ?? outputs[listed.indexOf(listed[i])].clone());
}
