import type { LayersModel, TensorFlow } from "../engine/tensorflow.ts";
import type { Objective } from "../model/objective.ts";
import type { Batch } from "../model/batch.ts";

/**
 * Creates a model from a seed, with the engine's TensorFlow.js. While it runs, `Math.random` and
 * initialisers without a seed draw from that seed too.
 */
export type CreateModel = (
  context: { tf: TensorFlow; seed: number },
) => LayersModel | Promise<LayersModel>;

/** Options for measuring a created model. */
export interface DrawOptions {
  /**
   * Objective to differentiate. Default: the choice of `measure`, such as the loss of a compiled
   * model.
   */
  objective?: Objective;
  /**
   * Creates the batch of a draw; its tensors are disposed afterwards. The function of a
   * `ModelModule` fits: it is asked for 32 examples. Default: a random batch from the draw's seed,
   * with targets that suit the objective if that is the name of a loss.
   */
  createBatch?: (
    context: { tf: TensorFlow; seed: number; examples: number; model: LayersModel },
  ) => Batch | Promise<Batch>;
}
