import type { LayersModel, TensorFlow } from "../engine/tensorflow.ts";
import type { Objective } from "../model/objective.ts";
import type { Batch } from "../model/batch.ts";

/**
 * Makes a model from a seed, with the TensorFlow.js of the engine. Initialisers without a seed of their
 * own, and `Math.random`, draw from it too while it runs.
 */
export type CreateModel = (
  context: { tf: TensorFlow; seed: number },
) => LayersModel | Promise<LayersModel>;

/** What a model that was created is measured on. */
export interface DrawOptions {
  /** What is differentiated. Default: as `measure` chooses it, the loss of a compiled model for one. */
  objective?: Objective;
  /**
   * Makes the batch of a draw; its tensors are disposed afterwards. That of a `ModelModule` will do:
   * it is asked for 32 examples. Default: a random batch of the draw's seed, with targets that suit
   * the objective where that is a loss by name.
   */
  createBatch?: (
    context: { tf: TensorFlow; seed: number; examples: number; model: LayersModel },
  ) => Batch | Promise<Batch>;
}
