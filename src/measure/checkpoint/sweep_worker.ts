/**
 * A worker that sweeps the parts of tensors whose numbers it receives.
 *
 * @module
 */
import { CheckpointSweep } from "../../engine/native/checkpoint_sweep.ts";
import { expectReads, type FileIdentity, readInto } from "../../model/files/byte_source.ts";
import { serveTasks } from "../../model/user_code/serve_tasks.ts";
import { type Part, type Pieces, spanOf } from "./plan_sweep.ts";
import { type PartFigures, type ReadBytes, sweepPart } from "./sweep_part.ts";

/** Data with which a worker starts: all that determines its answers. */
export interface SweepTask {
  /** Tensors, and where they are stored. */
  tensors: { pieces: Pieces; stored: { file: FileIdentity; offset: number } }[];
  /** Parts of each task. */
  groups: Part[][];
  /** True if one worker does all tasks, in their order. */
  isAlone: boolean;
}

await serveTasks<SweepTask, PartFigures[], null>(({ tensors, groups, isAlone }) => {
  const sweep = new CheckpointSweep();
  return Promise.resolve({
    identity: null,
    answer: (index) => {
      // Between two tasks, a server would otherwise wait for its next request.
      const expected = groups.slice(index, index + (isAlone ? 2 : 1)).flat();
      expectReads(expected.map((part) => {
        const { pieces, stored: { file, offset } } = tensors[part.tensor];
        return { file, ...spanOf(part, pieces, offset) };
      }));
      return Promise.resolve(groups[index].map((part) => {
        const { pieces, stored: { file, offset } } = tensors[part.tensor];
        const read: ReadBytes = (from, to) => readInto(file, offset + from, to);
        return sweepPart(sweep, part, { pieces, read });
      }));
    },
  });
});
