import { InputError } from "../../../ground/words/input_error.ts";
import type { Tensor } from "../../../engine/tensorflow.ts";

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

/**
 * The batch file is unusable. The message is one sentence that names the file, the place in it, the
 * value found and the one expected; the stack adds nothing.
 */
export class BatchError extends InputError {
  /** Name of the class, for code that cannot use `instanceof`. */
  override readonly name = "BatchError";
}
