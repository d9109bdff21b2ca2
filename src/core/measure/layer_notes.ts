import { type Heap, heapView } from "../../engine/heap/heap.ts";
import type { Tensor } from "../../engine/tensorflow.ts";
import type { LeafLayer } from "../model/layers/leaf_layers.ts";
import { type RowAlikeness, rowAlikeness } from "../../ground/theory/row_alikeness.ts";
import { layerTraits } from "../../ground/traits/layer_traits.ts";
import type { LayerKind } from "../../ground/traits/layers.ts";
import { type AttentionWeightsView, sumAttentionRows } from "./attention_rows.ts";
import type { Origin } from "./flow.ts";
import { withoutTape } from "./keep_state.ts";
import type { LayerRecord } from "./layer_record.ts";
import { formatCount } from "../../ground/words/numbers.ts";
import { MeasureError } from "./measure_options.ts";
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
function noteTokens(
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

/** Notes facts about an output that statistics of single entries do not show. */
export function noteOutput(
  sweep: Sweep,
  record: LayerRecord,
  output: Tensor,
  call: LayerCall,
): void {
  noteAlikeness(sweep, record, output);
  noteAttention(sweep, record, output, call);
  noteTokens(sweep, record, output, call);
}

const MAX_EXAMPLES_PAIRED = 16;

/**
 * Compares a few examples in the output of a dense layer with one row per example. It takes a tenth
 * of a pass over small layers, so it is only done if histograms are requested, too.
 */
function noteAlikeness(
  { heap, examples, across, histograms }: Sweep,
  record: LayerRecord,
  output: Tensor,
): void {
  if (!histograms || record.className !== "Dense" || output.rank !== 2) return;
  record.alikeness = null;
  if (record.calls > 1) return;
  const [rows, units] = output.shape as [number, number];
  const given = heapView(heap.tf, output);
  const values = across === null
    ? given
    : across.firstEntries(record, given, MAX_EXAMPLES_PAIRED * units);
  // In a batch in parts, only the examples seen so far count.
  const count = Math.min(
    across === null ? rows : examples,
    MAX_EXAMPLES_PAIRED,
    values.length / units,
  );
  const alike = rowAlikeness(values, count, units);
  if (alike !== null) record.alikeness = { ...alike, examples: count };
}

/**
 * Layers whose outputs are scores: a product of queries and keys, or another comparison of them.
 */
const SCORES = new Set([
  "Dot",
  "AttentionScores",
  "AttentionSimilarity",
  "matmul",
  "bmm",
  "baddbmm",
]);
/**
 * Layers that may come between the scores and their softmax: a factor, and a mask that is added.
 */
const BETWEEN = new Set(["Rescaling", "Add", "add", "shift", "scale", "masked_fill"]);

/** Measures the rows of an attention: the outputs of a softmax over scores. */
function noteAttention(
  { heap, across }: Sweep,
  record: LayerRecord,
  output: Tensor,
  { input, inputs, mask, from }: LayerCall,
): void {
  if (record.activation !== "softmax" || !isOverScores(from)) return;
  if (output.dtype !== "float32" || input.size !== output.size) return;
  const { tf } = heap;
  const { shape } = output;
  const { keyAxes = 1 } = record.layer as { keyAxes?: number };
  const at = shape.length - keyAxes;
  const isOwn = record.className === "AttentionWeights" && mask !== undefined;
  const view: AttentionWeightsView = {
    weights: heapView(tf, output),
    scores: scoresIn(heap, record, inputs),
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
    entropy: before.entropy + sums.entropy,
    oneHot: before.oneHot + sums.oneHot,
    keys: before.keys + sums.keys,
    rows: before.rows + sums.rows,
  };
}

/** Layer of the weights of an attention in a PyTorch program. */
interface Masking {
  maskedScores?: (inputs: readonly Tensor[]) => Tensor;
}

/** Returns the scores from which a softmax computes weights, with the masks of a PyTorch program. */
function scoresIn(
  { tf }: Heap,
  { layer, className }: LayerRecord,
  inputs: readonly Tensor[],
): ArrayLike<number> {
  const masking = layer as Masking;
  if (className !== "AttentionWeights" || masking.maskedScores === undefined) {
    return heapView(tf, inputs[0]);
  }
  return withoutTape(tf, () => {
    const scores = masking.maskedScores!(inputs);
    const copied = heapView(tf, scores).slice();
    scores.dispose();
    return copied;
  });
}

const size = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);

function isOverScores({ made, from }: Origin): boolean {
  return made.some(({ className }) => SCORES.has(className)) ||
    made.some(({ className }) => BETWEEN.has(className)) && from.some(isOverScores);
}

/**
 * Share of a layer normalisation's epsilon: at this variance a row comes out at less than a tenth
 * of its size.
 */
const LOST = 0.01;

/**
 * Counts the input rows of a layer normalisation that hardly vary, so that it cannot normalise
 * them.
 */
export function noteFlatRows(heap: Heap, record: LayerRecord, input: Tensor): void {
  if (record.className !== "LayerNormalization") return;
  const { axis, epsilon } = record.layer as unknown as {
    axis: number | number[];
    epsilon: number;
  };
  const axes = [axis].flat();
  // Only the last axis has rows.
  if (axes.length !== 1 || ![-1, input.rank - 1].includes(axes[0])) return;
  const { rows, flat } = countFlatRows(heap, input, LOST * epsilon);
  record.rows += rows;
  record.flatRows += flat;
}

/**
 * Returns the number of rows of a layer that looks up its inputs, or `null` for any other layer.
 */
function rowsOf({ layer, className }: LayerRecord): number | null {
  const { inputDim, numTokens } = layer as unknown as { inputDim?: number; numTokens?: number };
  if (className === "Embedding") return inputDim ?? null;
  return className === "CategoryEncoding" ? numTokens ?? null : null;
}

/**
 * Returns the rows that a layer is about to look up. TensorFlow.js truncates fractions, so 1.7 is
 * row 1; NaN, the infinities and numbers beyond 2^32 silently become some row or other.
 *
 * @param indices Input of the layer.
 * @returns Each row once, or `null` if the layer does not look anything up.
 * @throws {MeasureError} If an index is outside the table.
 */
export function lookedUpRows(record: LayerRecord, indices: Tensor): Set<number> | null {
  const rows = rowsOf(record);
  if (rows === null) return null;
  const used = new Set<number>();
  for (const index of indices.dataSync()) {
    // -0.5 is row 0; adding 0 turns -0 into 0.
    const row = Math.trunc(index) + 0;
    if (!(row >= 0 && row < rows)) {
      throw new MeasureError({
        place: `Layer ${record.name} (${record.className})`,
        found: `given the index ${index}, and it has ${formatCount(rows, "row")}`,
        expected: rows === 1 ? "0" : `whole numbers from 0 to ${rows - 1}`,
      });
    }
    used.add(row);
  }
  return used;
}

/**
 * Counts the rows of a tensor, along its last axis, that hardly vary. Most rows that vary do so in
 * their first entries, so the rest is not read.
 *
 * @param heap The engine's heap.
 * @param most Largest variance of a row that hardly varies.
 * @returns The number of rows, and of flat ones; 0 rows if a row has fewer than two entries.
 */
export function countFlatRows(
  heap: Heap,
  tensor: Tensor,
  most: number,
): { rows: number; flat: number } {
  const length = tensor.shape.at(-1) ?? 1;
  if (tensor.dtype !== "float32" || length < 2) return { rows: 0, flat: 0 };
  const values = heapView(heap.tf, tensor);
  let flat = 0;
  for (let start = 0; start < values.length; start += length) {
    if (isFlat(values, start, length, most * length)) flat++;
  }
  return { rows: values.length / length, flat };
}

/**
 * Returns true if the squared deviations of a row stay within a sum: with more entries they only
 * grow.
 */
function isFlat(values: ArrayLike<number>, start: number, length: number, most: number): boolean {
  const origin = values[start];
  let sum = 0, squares = 0;
  for (let i = 1; i < length; i++) {
    const deviation = values[start + i] - origin;
    sum += deviation;
    squares += deviation * deviation;
    // Written so that NaN is not flat.
    if (!(squares - sum * sum / (i + 1) <= most)) return false;
  }
  return origin - origin === 0;
}
