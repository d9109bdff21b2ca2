/**
 * A worker that compares the parts of tensors whose numbers it receives.
 *
 * @module
 */
import {
  CheckpointComparison,
  type ComparisonSums,
} from "../../engine/native/checkpoint_comparison.ts";
import { expectReads, type FileIdentity, readInto } from "../../model/files/byte_source.ts";
import { serveTasks } from "../../model/user_code/serve_tasks.ts";
import { BYTES } from "../../model/files/file_types.ts";
import type { FileType } from "../../model/weights/weights_manifest.ts";
import { type ComparedTensor, comparePart } from "./compare_part.ts";

/** Tensor as it is stored in a file. */
export interface StoredSide {
  type: FileType;
  file: FileIdentity;
  offset: number;
}

/** Part of a pair, in entries. */
export interface PairPart {
  pair: number;
  from: number;
  to: number;
}

/** Data with which a worker starts. */
export interface CompareTask {
  pairs: (readonly [StoredSide, StoredSide])[];
  /** Parts of the pairs of each task. */
  groups: PairPart[][];
  /** True if one worker does all tasks, in their order. */
  isAlone: boolean;
}

await serveTasks<CompareTask, ComparisonSums[], null>(({ pairs, groups, isAlone }) => {
  const comparison = new CheckpointComparison();
  const readerOf = ({ type, file, offset }: StoredSide): ComparedTensor => ({
    type,
    read: (from, to) => readInto(file, offset + from, to),
  });
  const compare = ({ pair, from, to }: PairPart) => {
    const [a, b] = pairs[pair];
    return comparePart(comparison, { from, to }, [readerOf(a), readerOf(b)]);
  };
  return Promise.resolve({
    identity: null,
    answer: (index) => {
      // Between two tasks, a server would otherwise wait for its next request.
      const expected = groups.slice(index, index + (isAlone ? 2 : 1)).flat();
      expectReads(
        expected.flatMap(({ pair, from, to }) =>
          pairs[pair].map(({ type, file, offset }) => ({
            file,
            from: offset + from * BYTES[type],
            to: offset + to * BYTES[type],
          }))
        ),
      );
      return Promise.resolve(groups[index].map(compare));
    },
  });
});
