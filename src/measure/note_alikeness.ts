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
  { heap, examples, across, histograms }: Sweep,
  record: LayerRecord,
  output: Tensor,
): void {
  if (!histograms || record.className !== "Dense" || output.rank !== 2) return;
  record.alikeness = null;
  if (record.calls > 1) return;
  const [rows, units] = output.shape as [number, number];
  const given = heapView(heap.tf, output);
  const values = across === null ? given : across.firstEntries(record, given, MOST * units);
  // Of a batch in parts, those that were seen so far.
  const count = Math.min(across === null ? rows : examples, MOST, values.length / units);
  const alike = rowAlikeness(values, count, units);
  if (alike !== null) record.alikeness = { ...alike, examples: count };
}
