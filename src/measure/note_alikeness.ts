import { heapView } from "../engine/heap_view.ts";
import type { Tensor } from "../engine/tensorflow.ts";
import { rowAlikeness } from "../theory/row_alikeness.ts";
import type { LayerRecord } from "./layer_record.ts";
import type { Sweep } from "./observe.ts";

/** Of so many examples all pairs are compared. */
const MOST = 16;

/**
 * Compares the examples in what a dense layer puts out: a few of them, and where an example is one row. It takes a
 * tenth of a pass over small layers, so that it is only done where histograms are asked for, too.
 */
export function noteAlikeness(
  { heap, histograms }: Sweep,
  record: LayerRecord,
  output: Tensor,
): void {
  if (!histograms || record.className !== "Dense" || output.rank !== 2) return;
  const [examples, units] = output.shape;
  const count = Math.min(examples, MOST);
  const alike = rowAlikeness(heapView(heap.tf, output), count, units);
  record.alikeness = alike === null || record.calls > 1 ? null : { ...alike, examples: count };
}
