import type { CheckOptions } from "../checks/check_options.ts";
import { updateRatio } from "../checks/model_rules/update_ratio.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batch.ts";
import type { ProbeOptions } from "../probe/probe_options.ts";
import { probeStep } from "../probe/probe_step.ts";
import { assertModelRule } from "./assert_rule.ts";

/**
 * Asserts that one step of the optimizer changes each kernel by a sensible share: log10 of mean |update|
 * over mean |weight| from -4 to -1 (`updateRatioMin`, `updateRatioMax`). The step is the one of
 * `model.fit`, or `train`; the loss and the optimizer are the given ones, those that the model was
 * compiled with, or the sum of the outputs and Adam. Weights are put back bit by bit; the optimizer is
 * copied and stays what it is.
 *
 * - Definition: updateRatioMin <= log10(mean |update| / mean |weight|) <= updateRatioMax, for each
 *   trainable kernel, after one step.
 * - Defaults: `updateRatioMin` -4, `updateRatioMax` -1.
 * - Source: Stanford's cs231n (about -3); TheDeepChecker for the range.
 * - Misleads: Adam's first step moves every entry by the learning rate, whatever the gradient.
 *   With a warm-up the first steps are small on purpose. A kernel of zeros has no share, and an
 *   embedding of which the batch uses few rows a small one.
 * - False positives: Of 1060 healthy networks (tanh and selu at criticality, depth 3 to 30, and He
 *   relu, depth 5; width 64, 32 examples) 0 fail (at most 0.4 % in the long run), and none is
 *   warned of. They take one step of Adam with a learning rate of 0.001.
 *
 * @param model A built model.
 * @param batch One tensor an input, and targets where the loss needs them.
 * @param options Other thresholds, and what else the probe should know.
 * @param msg Appended to the message.
 *
 * @example A learning rate that passes and one that does not
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { assertUpdateRatio } from "@gradient-health/gradient-health/assert";
 * import { assertRejects } from "@std/assert";
 *
 * await using engine = await startEngine();
 * const { tf } = engine;
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * const batch = randomBatch(model);
 * await assertUpdateRatio(model, batch, { optimizer: tf.train.adam(1e-3) });
 * await assertRejects(() =>
 *   assertUpdateRatio(model, batch, { optimizer: tf.train.adam(1) })
 * );
 * model.dispose();
 * ```
 *
 * @throws {AssertionError} If a kernel changes by too much or too little.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If the loss lacks targets, a threshold is out of range, or a layer filter matches
 * no layer.
 */
export async function assertUpdateRatio(
  model: LayersModel,
  batch: Batch,
  options?: CheckOptions & Pick<ProbeOptions, "objective" | "seed" | "optimizer" | "train">,
  msg?: string,
): Promise<void> {
  await assertModelRule(updateRatio, (own) => probeStep(model, batch, own), options, msg);
}
