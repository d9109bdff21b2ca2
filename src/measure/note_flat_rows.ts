import type { Heap } from "../engine/heap.ts";
import type { Tensor } from "../engine/tensorflow.ts";
import { countFlatRows } from "./count_flat_rows.ts";
import type { LayerRecord } from "./layer_record.ts";

/** The share of a layer normalisation's epsilon up to which a row comes out at less than a tenth of its size. */
const LOST = 0.01;

/** Counts the rows that a layer normalisation is about to be fed and cannot normalise, since they hardly vary. */
export function noteFlatRows(heap: Heap, record: LayerRecord, input: Tensor): void {
  if (record.className !== "LayerNormalization") return;
  const { axis, epsilon } = record.layer as unknown as {
    axis: number | number[];
    epsilon: number;
  };
  const axes = [axis].flat();
  // What is normalised over other axes has no rows.
  if (axes.length !== 1 || ![-1, input.rank - 1].includes(axes[0])) return;
  const { rows, flat } = countFlatRows(heap, input, LOST * epsilon);
  record.rows += rows;
  record.flatRows += flat;
}
