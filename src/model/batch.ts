import type { Tensor } from "../engine/tensorflow.ts";

/** Data of a pass: one tensor per input of the model, examples along the first axis. */
export interface Batch {
  /** Inputs, in the order of the model's inputs. */
  inputs: Tensor | Tensor[];
  /** Targets, in the order of the model's outputs, if the objective needs them. */
  targets?: Tensor | Tensor[] | null;
  /** Seed that the batch was drawn from, or `null` for real data. */
  seed?: number | null;
  /** True if the inputs are random numbers rather than data: as `randomBatch` draws them. */
  random?: boolean;
}
