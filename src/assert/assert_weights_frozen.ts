import type { CheckOptions } from "../checks/check_options.ts";
import { weightsFrozen } from "../checks/model_rules/weights_frozen.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batch.ts";
import type { ProbeOptions } from "../probe/probe_options.ts";
import { probeStep } from "../probe/probe_step.ts";
import { assertModelRule } from "./assert_rule.ts";

/**
 * Asserts that one training step changes no bit of a frozen layer, moving statistics included. The step is
 * the one of `model.fit`, or `train`; the loss and the optimizer are the given ones, those that the model
 * was compiled with, or the sum of the outputs and Adam. Weights are put back bit by bit; the optimizer is
 * copied and stays what it is.
 *
 * - Definition: w' = w in every entry after one step, for each weight of a layer that is frozen or
 *   lies in a frozen model; moving statistics included.
 * - Source: torchtest, assert_vars_same.
 * - Misleads: TensorFlow.js moves the statistics of a frozen batch normalisation while it trains;
 *   Keras does not. A model without frozen layers passes.
 * - False positives: Of 1060 healthy networks (tanh and selu at criticality, depth 3 to 30, and He
 *   relu, depth 5; width 64, 32 examples) 0 fail (at most 0.4 % in the long run), and none is
 *   warned of. One of their layers is frozen.
 *
 * @param model A built model.
 * @param batch One tensor an input, and targets where the loss needs them.
 * @param options Other thresholds, and what else the probe should know.
 * @param msg Appended to the message.
 *
 * @example A step that passes, and one that lets all weights decay
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { assertWeightsFrozen } from "@gradient-health/gradient-health/assert";
 * import { assertRejects } from "@std/assert";
 *
 * await using engine = await startEngine();
 * const { tf } = engine;
 * const model = exerciseModel({ depth: 2, stddev: 1 / Math.sqrt(20) });
 * model.layers[0].trainable = false;
 * const batch = randomBatch(model);
 * await assertWeightsFrozen(model, batch);
 * await assertRejects(() =>
 *   assertWeightsFrozen(model, batch, {
 *     train: (model) =>
 *       tf.tidy(() => model.setWeights(model.getWeights().map((weight) => tf.mul(weight, 0.99)))),
 *   })
 * );
 * model.dispose();
 * ```
 *
 * @throws {AssertionError} If a weight of a frozen layer changes.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If the loss lacks targets or a layer filter matches no layer.
 */
export async function assertWeightsFrozen(
  model: LayersModel,
  batch: Batch,
  options?: CheckOptions & Pick<ProbeOptions, "objective" | "seed" | "optimizer" | "train">,
  msg?: string,
): Promise<void> {
  await assertModelRule(weightsFrozen, (own) => probeStep(model, batch, own), options, msg);
}
