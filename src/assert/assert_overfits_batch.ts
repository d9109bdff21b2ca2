import type { CheckOptions } from "../checks/check_options.ts";
import { overfitsBatch } from "../checks/model_rules/overfits_batch.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batch.ts";
import type { ProbeOptions } from "../probe/probe_options.ts";
import { probeOverfit } from "../probe/probe_overfit.ts";
import { assertModelRule } from "./assert_rule.ts";

/**
 * Asserts that the network learns one batch by heart: trained on it alone, its loss comes down to 1e-2
 * (`overfitLoss`) within 500 steps (`overfitSteps`). Slow, a pass for each step; it stops as soon as the
 * loss is low. The loss and the optimizer are the given ones, or those that the model was compiled with;
 * the optimizer is Adam with a learning rate of 0.001 where there is none. Weights are put back bit by
 * bit; the optimizer is copied and stays what it is.
 *
 * - Definition: J <= overfitLoss before step overfitSteps or sooner, training on the batch alone.
 * - Defaults: `overfitLoss` 0.01, `overfitSteps` 500.
 * - Source: Karpathy, A Recipe for Training Neural Networks: overfit one batch.
 * - Misleads: Slow, so it is run only where it is asked for. Dropout and penalties keep the loss
 *   up: take them out. A learning rate that is too small needs more steps; equal examples with
 *   different targets cannot be learned.
 * - False positives: Of 200 healthy networks (the controls of 3 to 10 layers, under Adam with a
 *   learning rate of 0.001) 0 fail (at most 1.9 % in the long run), and none is warned of.
 *
 * @param model A built model.
 * @param batch One tensor an input, and targets where the loss needs them.
 * @param options Other thresholds, and what else the probe should know.
 * @param msg Appended to the message.
 *
 * @example A network that passes
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { assertOverfitsBatch } from "@gradient-health/gradient-health/assert";
 *
 * await using engine = await startEngine();
 * const { tf } = engine;
 * const model = exerciseModel({ depth: 3, stddev: 1 / Math.sqrt(20) });
 * const batch = randomBatch(model, { objective: "meanSquaredError", examples: 8 });
 * await assertOverfitsBatch(model, batch, {
 *   objective: "meanSquaredError",
 *   optimizer: tf.train.adam(0.01),
 * });
 * model.dispose();
 * ```
 *
 * @throws {AssertionError} If the loss stays up.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If the loss lacks targets or is the sum of the outputs, or a threshold is out of range.
 */
export async function assertOverfitsBatch(
  model: LayersModel,
  batch: Batch,
  options?: CheckOptions & Pick<ProbeOptions, "objective" | "seed" | "optimizer">,
  msg?: string,
): Promise<void> {
  await assertModelRule(
    overfitsBatch,
    (own, thresholds) =>
      probeOverfit(model, batch, own, {
        steps: thresholds.overfitSteps,
        loss: thresholds.overfitLoss,
      }),
    options,
    msg,
  );
}
