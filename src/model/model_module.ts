import type { LayersModel, TensorFlow } from "../engine/tensorflow.ts";
import type { Batch } from "./batch.ts";
import type { Objective } from "./objective.ts";

/**
 * What a `.ts` or `.js` file exports to be measured: how to create a model and optionally a batch
 * and the objective. The functions are called after the engine started, and may be called again with
 * another seed. `createModel` may also be the default export.
 *
 * Instead of it a module may export `model`, or as default, a model that it has built or the promise of
 * one. The seed has no effect on such a model, and what it draws without a seed while it is imported is
 * always the same.
 *
 * @example A module: use the TensorFlow.js and the seed that it is handed
 * ```ts
 * import type { ModelModule } from "@gradient-health/gradient-health/model";
 *
 * const createModel: ModelModule["createModel"] = ({ tf, seed }) =>
 *   tf.sequential({
 *     layers: [
 *       tf.layers.dense({
 *         units: 8,
 *         activation: "tanh",
 *         inputShape: [4],
 *         kernelInitializer: tf.initializers.heNormal({ seed }),
 *       }),
 *     ],
 *   });
 * const module: ModelModule = { createModel, objective: "meanSquaredError" };
 * ```
 */
export interface ModelModule {
  /**
   * Creates the model. Draw the weights from `seed`, so that it can be created again; `seed` may be 0.
   * What is drawn without a seed, by initialisers that have none or from `Math.random`, follows `seed`
   * as well.
   */
  createModel(context: { tf: TensorFlow; seed: number }): LayersModel | Promise<LayersModel>;
  /**
   * Makes a batch; what it draws without a seed follows `seed`. Left out: random numbers, see
   * {@linkcode randomBatch}.
   */
  createBatch?(
    context: { tf: TensorFlow; seed: number; examples: number },
  ): Batch | Promise<Batch>;
  /**
   * What to differentiate where the user does not say: `"sum"`, a loss by its TensorFlow.js name, or
   * a function of the outputs and the targets that returns a scalar. Left out: the loss that the model
   * was compiled with, else `"sum"`, see `MeasureOptions`.
   */
  objective?: Objective;
}
