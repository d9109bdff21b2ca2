import type { LayersModel, TensorFlow } from "../../engine/tensorflow.ts";
import type { Batch } from "../batches/batch.ts";
import type { Objective } from "../objective.ts";

/**
 * Exports of a `.ts` or `.js` file to be measured: a function that creates a model, and optionally
 * a batch and the objective. The functions are called after the engine started, and may be called
 * again with another seed. `createModel` may also be the default export.
 *
 * Instead, a module may export a built model, or a promise of one, as `model` or as the default.
 * The seed has no effect on such a model, and draws without a seed during the import are always the
 * same.
 *
 * @example A module: use the given TensorFlow.js and seed
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
   * Creates the model. Draw the weights from `seed`, so that it can be created again; `seed` may be
   * 0. Draws without a seed, by initialisers that have none or from `Math.random`, follow `seed` as
   * well. `width` and `depth` are given if the model is one of several siblings, as `scale` trains
   * them.
   */
  createModel(
    context: { tf: TensorFlow; seed: number; width?: number; depth?: number },
  ): LayersModel | Promise<LayersModel>;
  /**
   * Makes a batch; draws without a seed follow `seed`. If absent, inputs are random numbers, see
   * {@linkcode randomBatch}.
   */
  createBatch?(context: { tf: TensorFlow; seed: number; examples: number }): Batch | Promise<Batch>;
  /**
   * Objective if the user gives none: `"sum"`, a loss by its TensorFlow.js name, or a function of
   * the outputs and the targets that returns a scalar. Default: the loss that the model was
   * compiled with, else `"sum"`, see `MeasureOptions`.
   */
  objective?: Objective;
}
