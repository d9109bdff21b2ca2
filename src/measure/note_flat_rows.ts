import type { Heap } from "../engine/heap.ts";
import type { Tensor } from "../engine/tensorflow.ts";
import { countFlatRows } from "./count_flat_rows.ts";
import type { LayerRecord } from "./layer_record.ts";

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
