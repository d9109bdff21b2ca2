import type { CheckOptions } from "../checks/check_options.ts";
import { numericGradients } from "../checks/model_rules/numeric_gradients.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batch.ts";
import { probeGradients } from "../probe/probe_gradients.ts";
import type { ProbeOptions } from "../probe/probe_options.ts";
import { assertModelRule } from "./assert_rule.ts";

/**
 * Asserts that the gradient of each trainable weight is the derivative of J: along a random direction that
 * leans towards the gradient it differs from the central difference quotient by at most 2e-3 of half its
 * l1 norm (`numericGradientTolerance`), or 1e-2 where an activation or a pooling has kinks
 * (`numericGradientKinkTolerance`). Where no step of the quotient settles, for J is a float32 number,
 * there is no verdict. Runs the model 3 to 17 times for each weight, as in inference; the weights are put
 * back bit by bit.
 *
 * - Definition: |(J(w + h v) - J(w - h v)) / 2h - dJ/dw v| <= numericGradientTolerance l1(dJ/dw) /
 *   2, v of entries 1 and -1, three in four with the sign of dJ/dw, drawn at random, h from 0.1
 *   rms(w) down to 6e-6 rms(w), whichever agrees; numericGradientKinkTolerance where an activation
 *   or a pooling has kinks, and there the one-sided quotients count too.
 * - Defaults: `numericGradientTolerance` 0.002, `numericGradientKinkTolerance` 0.01.
 * - Source: jax.test_util.check_grads; Stanford's cs231n, gradient checks.
 * - Misleads: J is a float32 number: where it is large and its gradient small, no step tells them
 *   apart, and there is no verdict. An error that is orthogonal to the gradient shows as its share
 *   divided by about half the root of the number of entries.
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
 * @throws {RangeError} If the loss lacks targets, a threshold is out of range, or a layer filter matches
 * no layer.
 */
export async function assertGradientsMatchNumeric(
  model: LayersModel,
  batch: Batch,
  options?: CheckOptions & Pick<ProbeOptions, "objective" | "seed">,
  msg?: string,
): Promise<void> {
  await assertModelRule(
    numericGradients,
    (own) => probeGradients(model, batch, own),
    options,
    msg,
  );
}
