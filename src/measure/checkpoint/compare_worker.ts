/**
 * A worker that compares the parts of tensors whose numbers it receives.
 *
 * @module
 */
import {
  CheckpointComparison,
  type ComparisonSums,
} from "../../engine/native/checkpoint_comparison.ts";
import { type FileIdentity, readInto } from "../../model/files/byte_source.ts";
import { serveTasks } from "../../model/user_code/serve_tasks.ts";
import type { FileType } from "../../model/weights/weights_manifest.ts";
import { type ComparedTensor, comparePart } from "./compare_part.ts";

/** Tensor as it is stored in a file. */
export interface StoredSide {
  type: FileType;
  file: FileIdentity;
  offset: number;
}

/** Data with which a worker starts. */
export interface CompareTask {
  pairs: (readonly [StoredSide, StoredSide])[];
  /** Parts of the pairs, in entries. */
  parts: { pair: number; from: number; to: number }[];
}

await serveTasks<CompareTask, ComparisonSums, null>(({ pairs, parts }) => {
  const comparison = new CheckpointComparison();
  const readerOf = ({ type, file, offset }: StoredSide): ComparedTensor => ({
    type,
    read: (from, to) => readInto(file, offset + from, to),
  });
  return Promise.resolve({
    identity: null,
    answer: (index) => {
      const { pair, from, to } = parts[index];
      const [a, b] = pairs[pair];
      return Promise.resolve(comparePart(comparison, { from, to }, [readerOf(a), readerOf(b)]));
    },
  });
});
