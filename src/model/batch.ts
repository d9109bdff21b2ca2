import type { Tensor } from "../engine/tensorflow.ts";

/** What a pass runs on: one tensor per input of the model, examples along the first axis. */
export interface Batch {
  /** The inputs, in the order of the model's inputs. */
  inputs: Tensor | Tensor[];
  /** The targets, in the order of the model's outputs, if the objective needs them. */
  targets?: Tensor | Tensor[] | null;
  /** Seed that the batch was drawn from, or `null` for real data. */
  seed?: number | null;
  /** Whether the inputs are random numbers rather than data: as `randomBatch` draws them. */
  random?: boolean;
}
