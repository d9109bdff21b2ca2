import { heapView } from "../engine/heap_view.ts";
import type { Tensor } from "../engine/tensorflow.ts";
import { rowAlikeness } from "../theory/row_alikeness.ts";
import type { LayerRecord } from "./layer_record.ts";
import type { Sweep } from "./observe.ts";

const MAX_EXAMPLES_COMPARED = 16;

/**
 * Compares a few examples in the output of a dense layer with one row per example. It takes a tenth
 * of a pass over small layers, so it is only done if histograms are requested, too.
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
  const values = across === null
    ? given
    : across.firstEntries(record, given, MAX_EXAMPLES_COMPARED * units);
  // In a batch in parts, only the examples seen so far count.
  const count = Math.min(
    across === null ? rows : examples,
    MAX_EXAMPLES_COMPARED,
    values.length / units,
  );
  const alike = rowAlikeness(values, count, units);
  if (alike !== null) record.alikeness = { ...alike, examples: count };
}
