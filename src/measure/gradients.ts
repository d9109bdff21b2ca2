import { runningEngine } from "../engine/running_engine.ts";
import { ensureEngine } from "../engine/start/start_engine.ts";
import type { LayersModel, Tensor } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batches/batch.ts";
import type { ModelWeight } from "../model/weights/model_weights.ts";
import { requireMeasureOptions } from "./require_arguments.ts";
import {
  chooseTensors,
  type TakenTensors,
  takeTensors,
  type TensorChoice,
  type TensorWords,
} from "./taken_tensors.ts";
import type { MeasureOptions } from "./measure_options.ts";

/** Options of {@linkcode gradients}. */
export interface GradientsOptions
  extends Pick<MeasureOptions, "objective" | "batchNormalization" | "penalties"> {
  /** Weights to choose; choosing a layer chooses its trained weights. Default: every trained weight. */
  of?: TensorChoice;
}

/** Derivative of the objective with respect to one weight. */
export interface GradientTensor {
  /** Path of the layer that owns the weight. */
  layer: string;
  /** Class of the layer. */
  className: string;
  /** Name of the weight, unique in the model: `"dense_1/kernel"`. */
  name: string;
  /** dJ/dw, in the shape of the weight, summed over all examples and all calls of the layer. */
  tensor: Tensor;
}

const WORDS: TensorWords<GradientTensor> = {
  noun: "gradient",
  mean: "mean |dJ/dw|",
  nameOf: ({ name }) => name,
};

/**
 * Returns the gradients of a model's weights: the tensors themselves, of which {@linkcode measure}
 * returns the statistics.
 *
 * They come from the same single pass that measures, bit for bit as `tf.variableGrads` computes
 * them. The model is restored. A weight that the objective does not depend on has the gradient 0; a
 * frozen one has none.
 *
 * The tensors belong to the caller: free them by `using`, as here, or with `tf.dispose(found)`.
 *
 * @param model A built model.
 * @param batch One tensor per input, and targets if the objective needs them.
 * @param options Weights to choose, and the objective, by default chosen as in `measure`.
 * @returns One entry per weight, in the order of the model.
 * @throws {InputError} If `of` chooses nothing, or the batch does not suit the model, or if an
 * argument has the wrong type.
 * @throws {MeasureError} If a layer cannot be run or differentiated; the message names the layer.
 *
 * @example The mean absolute gradients of the exercise's kernels
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { gradients, statistics } from "@gradient-health/gradient-health/measure";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel();
 * using found = await gradients(model, randomBatch(model), { of: "Dense/kernel" });
 * for (const { name, tensor } of found) console.log(name, statistics(tensor).meanAbs);
 * assertEquals(found.length, 11);
 * assertEquals(found[10].tensor.shape, [20, 1]);
 * model.dispose();
 * ```
 */
export async function gradients(
  model: LayersModel,
  batch: Batch,
  options: GradientsOptions = {},
): Promise<TakenTensors<GradientTensor>> {
  requireMeasureOptions(options, "gradients", [
    "of",
    "objective",
    "batchNormalization",
    "penalties",
  ]);
  const { of, ...measureOptions } = options;
  const engine = runningEngine() ?? await ensureEngine();
  const subject = { model, batch, options: measureOptions };
  return takeTensors(engine, subject, WORDS, ({ weights }, keep) => {
    const trained = weights.filter(({ trainable }) => trainable).map((weight) => ({
      weight,
      path: weight.weightName,
      classPath: weight.layer.getClassName() + weight.weightName.slice(weight.layerPath.length),
    }));
    const chosen = chooseTensors(trained, of, "a layer with weights that are trained");
    const seen = new Map<ModelWeight, Tensor>();
    const see = ({ weight }: { weight: ModelWeight }) =>
      [weight, (dw: Tensor) => void seen.set(weight, keep(dw))] as const;
    return {
      viewers: { gradients: new Map(chosen.map(see)) },
      rows: () =>
        chosen.map(({ weight }) => ({
          layer: weight.layerPath,
          className: weight.layer.getClassName(),
          name: weight.weightName,
          tensor: seen.get(weight) ??
            engine.tf.zerosLike(weight.variable.read() as unknown as Tensor),
        })),
    };
  });
}
