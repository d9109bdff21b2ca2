import {
  addComparisons,
  type CheckpointComparison,
  COMPARED_AT_ONCE,
  type ComparedSide,
  type ComparisonSums,
} from "../../engine/native/checkpoint_comparison.ts";
import { BYTES } from "../../model/files/file_types.ts";
import type { FileType } from "../../model/weights/weights_manifest.ts";
import type { ReadBytes } from "./sweep_part.ts";
import { valuesOf } from "./tensor_sweep.ts";

/** Tensor of one of two files as it is compared. */
export interface ComparedTensor {
  type: FileType;
  read: ReadBytes;
}

/** Compares the entries of two tensors from one index to before another, in pieces. */
export function comparePart(
  comparison: CheckpointComparison,
  { from, to }: { from: number; to: number },
  tensors: readonly [ComparedTensor, ComparedTensor],
): ComparisonSums {
  const [a, b] = tensors.map(({ type }): ComparedSide => ({
    bytes: BYTES[type],
    values: BYTES[type] > 2 ? null : valuesOf(type),
  }));
  let sums: ComparisonSums | null = null;
  for (let at = from; at < to; at += COMPARED_AT_ONCE) {
    const count = Math.min(COMPARED_AT_ONCE, to - at);
    tensors.forEach(({ type, read }, side) =>
      read(at * BYTES[type], comparison.room(side as 0 | 1, count * BYTES[type]))
    );
    const found = comparison.compare([a, b], count);
    sums = sums === null ? found : addComparisons(sums, found);
  }
  return sums!;
}
