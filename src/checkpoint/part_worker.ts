/**
 * A worker that sweeps or compares the parts of tensors whose numbers it receives.
 *
 * @module
 */
import { CheckpointComparison, CheckpointSweep } from "../engine/native/checkpoint_sweep.ts";
import { expectReads, type FileIdentity, readInto } from "../files/byte_source.ts";
import { BYTES, type FileType } from "../ground/traits/number_types.ts";
import { serveTasks } from "../files/user_code/serve_tasks.ts";
import { comparePart } from "./compare_part.ts";
import { type Part, type Pieces, spanOf } from "./plan_sweep.ts";
import { type ReadBytes, sweepPart } from "./sweep_part.ts";

/** Place of a tensor's bytes. */
interface Stored {
  file: FileIdentity;
  offset: number;
}

/** Tensor as it is stored in a file. */
export interface StoredSide extends Stored {
  type: FileType;
}

/** Part of a pair, in entries. */
export interface PairPart {
  pair: number;
  from: number;
  to: number;
}

/** Tensors to sweep, or pairs of them to compare, and the parts of each task. */
export type PartTask =
  | { tensors: { pieces: Pieces; stored: Stored }[]; groups: Part[][] }
  | { pairs: (readonly [StoredSide, StoredSide])[]; groups: PairPart[][] };

/** Data with which a worker starts: all that determines its answers. */
export type WorkerTask = PartTask & {
  /** True if one worker does all tasks, in their order. */
  isAlone: boolean;
};

await serveTasks<WorkerTask, unknown[], null>((task) =>
  Promise.resolve(
    "pairs" in task ? server(task, comparing(task.pairs)) : server(task, sweeping(task.tensors)),
  )
);

/** Work on one part. */
interface PartWork<One> {
  /** Returns the bytes that a part reads. */
  reads(part: One): Parameters<typeof expectReads>[0];
  answer(part: One): unknown;
}

function server<One>(
  { groups, isAlone }: { groups: One[][]; isAlone: boolean },
  { reads, answer }: PartWork<One>,
) {
  return {
    identity: null,
    answer(index: number) {
      // Between two tasks, a server would otherwise wait for its next request.
      expectReads(groups.slice(index, index + (isAlone ? 2 : 1)).flat().flatMap(reads));
      return Promise.resolve(groups[index].map(answer));
    },
  };
}

const readerOf = ({ file, offset }: Stored): ReadBytes => (from, to) =>
  readInto(file, offset + from, to);

function sweeping(tensors: { pieces: Pieces; stored: Stored }[]): PartWork<Part> {
  const sweep = new CheckpointSweep();
  return {
    reads(part) {
      const { pieces, stored: { file, offset } } = tensors[part.tensor];
      return [{ file, ...spanOf(part, pieces, offset) }];
    },
    answer(part) {
      const { pieces, stored } = tensors[part.tensor];
      return sweepPart(sweep, part, { pieces, read: readerOf(stored) });
    },
  };
}

function comparing(pairs: (readonly [StoredSide, StoredSide])[]): PartWork<PairPart> {
  const comparison = new CheckpointComparison();
  return {
    reads: ({ pair, from, to }) =>
      pairs[pair].map(({ type, file, offset }) => ({
        file,
        from: offset + from * BYTES[type],
        to: offset + to * BYTES[type],
      })),
    answer({ pair, from, to }) {
      const [a, b] = pairs[pair].map((side) => ({ type: side.type, read: readerOf(side) }));
      return comparePart(comparison, { from, to }, [a, b]);
    },
  };
}
