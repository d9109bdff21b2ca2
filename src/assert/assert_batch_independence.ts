import { batchIndependence } from "../checks/model_rules/batch_independence.ts";
import type { CheckOptions } from "../checks/check_options.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batch.ts";
import { probeBatchIndependence } from "../probe/probe_batch_independence.ts";
import type { ProbeOptions } from "../probe/probe_options.ts";
import { assertModelRule } from "./assert_rule.ts";

/**
 * Asserts that the output of an example does not depend on the other examples of its batch: all others are
 * replaced by copies of it, and its output must not change by more than 1e-6 (`leakTolerance`) of the rms
 * of that output. Does so for the first, the middle and the last example: four runs, as in inference;
 * nothing in the model changes.
 *
 * - Definition: max |out_i(x) - out_i(x')| / rms(out) <= leakTolerance, x' the batch with every
 *   other example replaced by example i; for the first, the middle and the last i. It is 0 exactly
 *   where d out_i / d x_j = 0 along the way for all j other than i.
 * - Defaults: `leakTolerance` 0.000001.
 * - Source: Karpathy, A Recipe for Training Neural Networks: use backprop to chart dependencies;
 *   neural_net_checklist.
 * - Misleads: Runs as in inference: batch normalisation mixes the batch while it trains, on
 *   purpose. A batch of equal examples shows nothing.
 * - False positives: Of 1060 healthy networks (tanh and selu at criticality, depth 3 to 30, and He
 *   relu, depth 5; width 64, 32 examples) 0 fail (at most 0.4 % in the long run), and none is
 *   warned of.
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
 * import { assertBatchIndependence } from "@gradient-health/gradient-health/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * await assertBatchIndependence(model, randomBatch(model));
 * model.dispose();
 * ```
 *
 * @throws {AssertionError} If an output depends on other examples.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If the batch has one example only, or a threshold is out of range.
 */
export async function assertBatchIndependence(
  model: LayersModel,
  batch: Batch,
  options?: CheckOptions & Pick<ProbeOptions, "seed">,
  msg?: string,
): Promise<void> {
  await assertModelRule(
    batchIndependence,
    (own) => probeBatchIndependence(model, batch, own),
    options,
    msg,
  );
}
