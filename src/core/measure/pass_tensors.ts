import { runningEngine } from "../../engine/running_engine.ts";
import { ensureEngine } from "../../engine/start/start_engine.ts";
import type { LayersModel, Tensor } from "../../engine/tensorflow.ts";
import type { Batch } from "../model/batches/batch.ts";
import { requireMeasureOptions } from "./plan_pass.ts";
import {
  chooseTensors,
  type TakenTensors,
  takeTensors,
  type TensorChoice,
  type TensorWords,
} from "./taken_tensors.ts";
import type { MeasureOptions } from "./measure_options.ts";
import type { ModelWeight } from "../model/weights/model_weights.ts";

/** Options of {@linkcode activations}. */
export interface ActivationsOptions extends Pick<MeasureOptions, "batchNormalization"> {
  /** Layers to choose. Default: all. */
  of?: TensorChoice;
}

/** Output of one call of a layer. */
export interface ActivationTensor {
  /** Path of the layer. */
  layer: string;
  /** Class of the layer. */
  className: string;
  /** Number of the call, from 1: a shared or time-distributed layer is called more than once. */
  call: number;
  /** First output, examples along the first axis. */
  tensor: Tensor;
}

const ACTIVATION_WORDS: TensorWords<ActivationTensor> = {
  noun: "activation",
  mean: "mean |a|",
  nameOf: ({ layer, call }) => call === 1 ? layer : `${layer}, call ${call}`,
};

/**
 * Returns the activations of a model's layers: the tensors themselves, of which {@linkcode measure}
 * returns the statistics.
 *
 * They come from the forward half of the pass that measures. The model is restored. If a layer has
 * several outputs, such as an LSTM that returns its state, the first is taken.
 *
 * The tensors belong to the caller: free them by `using`, as here, or with `tf.dispose(found)`.
 *
 * @param model A built model.
 * @param batch One tensor per input.
 * @param options Layers to choose, and how batch normalisation runs.
 * @returns One entry for each call of a layer, in the order of the calls.
 * @throws {InputError} If `of` chooses nothing, or the batch does not suit the model, or if an
 * argument has the wrong type.
 * @throws {MeasureError} If a layer cannot be run; the message names the layer.
 *
 * @example The share of tanh outputs that are stuck
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { activations } from "@gradient-health/gradient-health/measure";
 * import { assert, assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel();
 * using found = await activations(model, randomBatch(model), { of: "dense_7" });
 * assertEquals(found.map(({ layer, call }) => [layer, call]), [["dense_7", 1]]);
 * const values = found[0].tensor.dataSync();
 * assert(values.filter((a) => Math.abs(a) > 0.99).length / values.length > 0.9);
 * model.dispose();
 * ```
 */
export async function activations(
  model: LayersModel,
  batch: Batch,
  options: ActivationsOptions = {},
): Promise<TakenTensors<ActivationTensor>> {
  requireMeasureOptions(options, "activations", ["of", "batchNormalization"]);
  const { of, ...measureOptions } = options;
  const engine = runningEngine() ?? await ensureEngine();
  // The sum needs no targets, and is not differentiated here.
  const subject = { model, batch, options: { ...measureOptions, objective: "sum" as const } };
  return takeTensors(engine, subject, ACTIVATION_WORDS, ({ leaves }, keep) => {
    const all = leaves.map(({ path, layer }) => ({ layer, path, classPath: layer.getClassName() }));
    const chosen = new Set(chooseTensors(all, of, "a layer").map(({ layer }) => layer));
    const rows: ActivationTensor[] = [];
    return {
      viewers: {
        output({ name, className, calls, layer }, tensor) {
          if (!chosen.has(layer)) return;
          rows.push({ layer: name, className, call: calls, tensor: keep(tensor) });
        },
        gradients: new Map(),
      },
      rows: () => rows,
    };
  });
}

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

const GRADIENT_WORDS: TensorWords<GradientTensor> = {
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
  return takeTensors(engine, subject, GRADIENT_WORDS, ({ weights }, keep) => {
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
