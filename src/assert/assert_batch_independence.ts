import type { CheckOptions } from "../checks/check_options.ts";
import { batchIndependence } from "../checks/batch_independence.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batch.ts";
import type { ProbeOptions } from "../probe/probe_options.ts";
import { probeBatchIndependence } from "../probe/probe_batch_independence.ts";
import { assertModelRule } from "./assert_model_rule.ts";

/**
 * Asserts that the output of an example does not depend on the other examples of its batch: all others are
 * replaced by copies of it, and its output must not change by more than 1e-6 (`leakTolerance`) of the rms
 * of that output. Does so for the first, the middle and the last example: four runs, as in inference;
 * nothing in the model changes.
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
