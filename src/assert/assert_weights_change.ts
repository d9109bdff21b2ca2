import type { CheckOptions } from "../checks/check_options.ts";
import { weightsChange } from "../checks/model_rules/weights_change.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batch.ts";
import type { ProbeOptions } from "../probe/probe_options.ts";
import { probeStep } from "../probe/probe_step.ts";
import { assertModelRule } from "./assert_rule.ts";

/**
 * Asserts that one training step changes every trainable weight in some bit. The step is the one of
 * `model.fit`, or `train`; the loss and the optimizer are the given ones, those that the model was
 * compiled with, or the sum of the outputs and Adam. What only the second step moves, as below a head of
 * zeros, does not fail. Weights are put back bit by bit; the optimizer is copied and stays what it is.
 *
 * - Definition: w' != w in some entry after one step, or after two for a warning: below a head of
 *   zeros the first step moves the head alone.
 * - Source: torchtest, assert_vars_change.
 * - Misleads: A step smaller than float32 resolves changes nothing: see update-ratio. The
 *   recurrent kernel of a network that ran for one step of time has no gradient: that warns.
 * - False positives: Of 1060 healthy networks (tanh and selu at criticality, depth 3 to 30, and He
 *   relu, depth 5; width 64, 32 examples) 0 fail (at most 0.4 % in the long run), and none is
 *   warned of.
 *
 * @param model A built model.
 * @param batch One tensor an input, and targets where the loss needs them.
 * @param options Other thresholds, and what else the probe should know.
 * @param msg Appended to the message.
 *
 * @example A network that passes and one that does not
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { assertWeightsChange } from "@gradient-health/gradient-health/assert";
 * import { assertRejects } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * await assertWeightsChange(model, randomBatch(model));
 * model.dispose();
 *
 * const broken = exerciseModel({ stddev: 200 });
 * await assertRejects(() => assertWeightsChange(broken, randomBatch(broken)));
 * broken.dispose();
 * ```
 *
 * @throws {AssertionError} If a trainable weight stays the same.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If the loss lacks targets or a layer filter matches no layer.
 */
export async function assertWeightsChange(
  model: LayersModel,
  batch: Batch,
  options?: CheckOptions & Pick<ProbeOptions, "objective" | "seed" | "optimizer" | "train">,
  msg?: string,
): Promise<void> {
  await assertModelRule(weightsChange, (own) => probeStep(model, batch, own), options, msg);
}
