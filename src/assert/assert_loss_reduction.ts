import type { CheckOptions } from "../checks/check_options.ts";
import { lossReduction } from "../checks/model_rules/loss_reduction.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batch.ts";
import { probeLoss } from "../probe/probe_loss.ts";
import type { ProbeOptions } from "../probe/probe_options.ts";
import { assertModelRule } from "./assert_rule.ts";

/**
 * Asserts that the loss of the batch twice over is that of the batch, but for 1 %
 * (`lossReductionTolerance`): that it is a mean over the examples, not a sum. The loss is `objective`, or
 * the one that the model was compiled with; without either it is the sum of the outputs, which fails. Runs
 * the model twice, as in inference; nothing in it changes.
 *
 * - Definition: |J(batch and batch) - J(batch)| <= lossReductionTolerance |J(batch)|.
 * - Defaults: `lossReductionTolerance` 0.01.
 * - Source: TheDeepChecker (Ben Braiek & Khomh 2023), loss reduction.
 * - Misleads: The objective sum, the default of measure(), is a sum and fails; it is no loss to
 *   train on. A contrastive loss compares the examples of a batch, and a copy of an example is no
 *   other example.
 * - False positives: Of 1060 healthy networks (tanh and selu at criticality, depth 3 to 30, and He
 *   relu, depth 5; width 64, 32 examples) 0 fail (at most 0.4 % in the long run), and none is
 *   warned of.
 *
 * @param model A built model.
 * @param batch One tensor an input, and targets where the loss needs them.
 * @param options Other thresholds, and what else the probe should know.
 * @param msg Appended to the message.
 *
 * @example A mean passes, a sum does not
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { assertLossReduction } from "@gradient-health/gradient-health/assert";
 * import { assertRejects } from "@std/assert";
 *
 * await using engine = await startEngine();
 * const { tf } = engine;
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * const batch = randomBatch(model, { objective: "meanSquaredError" });
 * await assertLossReduction(model, batch, { objective: "meanSquaredError" });
 * await assertRejects(() =>
 *   assertLossReduction(model, batch, {
 *     objective: ([output], [target]) => tf.sum(tf.square(tf.sub(output, target))),
 *   })
 * );
 * model.dispose();
 * ```
 *
 * @throws {AssertionError} If the loss grows with the batch.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If the model is built for batches of one size, the loss lacks targets, or a
 * threshold is out of range.
 */
export async function assertLossReduction(
  model: LayersModel,
  batch: Batch,
  options?: CheckOptions & Pick<ProbeOptions, "objective" | "seed">,
  msg?: string,
): Promise<void> {
  await assertModelRule(lossReduction, (own) => probeLoss(model, batch, own), options, msg);
}
