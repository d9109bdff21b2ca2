import type { CheckOptions } from "../checks/check_options.ts";
import { gradientsMatchNumeric } from "../checks/gradients_match_numeric.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batch.ts";
import type { ProbeOptions } from "../probe/probe_options.ts";
import { probeGradients } from "../probe/probe_gradients.ts";
import { assertModelRule } from "./assert_model_rule.ts";

/**
 * Asserts that the gradient of each trainable weight is the derivative of J: along a random direction it
 * differs from the central difference quotient by at most 2e-3 of its l2 norm
 * (`numericGradientTolerance`), or 1e-2 where an activation or a pooling has kinks
 * (`numericGradientKinkTolerance`). Where no step of the quotient settles, for J is a float32 number,
 * there is no verdict. Runs the model 2 to 12 times for each weight, as in inference; the weights are put
 * back bit by bit.
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
 * import { assertGradientsMatchNumeric } from "@gradient-health/gradient-health/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ depth: 3, stddev: 1 / Math.sqrt(20) });
 * await assertGradientsMatchNumeric(model, randomBatch(model));
 * model.dispose();
 * ```
 *
 * @throws {AssertionError} If a gradient is off.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If the loss lacks targets, a threshold is out of range, or a layer filter matches no layer.
 */
export async function assertGradientsMatchNumeric(
  model: LayersModel,
  batch: Batch,
  options?: CheckOptions & Pick<ProbeOptions, "objective" | "seed">,
  msg?: string,
): Promise<void> {
  await assertModelRule(
    gradientsMatchNumeric,
    (own) => probeGradients(model, batch, own),
    options,
    msg,
  );
}
