import type { CheckOptions } from "../checks/check_options.ts";
import { inputDependence } from "../checks/model_rules/input_dependence.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batch.ts";
import { probeInputDependence } from "../probe/probe_input_dependence.ts";
import type { ProbeOptions } from "../probe/probe_options.ts";
import { assertModelRule } from "./assert_rule.ts";

/**
 * Asserts that every input changes an output, and that every output changes with an input: the examples of
 * one input trade places, and something must move. Runs the model once for each input and once more, as in
 * inference; nothing in it changes.
 *
 * - Definition: max |out(x) - out(x')| > 0, x' the batch in which the examples of one input trade
 *   places; for each input over all outputs, and for each output over all inputs. It is 0 where d
 *   out / d x = 0 throughout.
 * - Source: mltest, input dependency; Karpathy, A Recipe for Training Neural Networks:
 *   input-independent baseline.
 * - Misleads: A network so saturated that float32 shows no change counts as independent, and one
 *   that changes by rounding alone as dependent. Inputs whose examples are all alike show nothing.
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
 * import { exerciseModel, randomBatch, setWeights } from "@gradient-health/gradient-health/model";
 * import { assertDependsOnInput } from "@gradient-health/gradient-health/assert";
 * import { assertRejects } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * const batch = randomBatch(model);
 * await assertDependsOnInput(model, batch);
 * setWeights(model, { "dense_1/bias": Array(20).fill(-100) });
 * await assertRejects(() => assertDependsOnInput(model, batch));
 * model.dispose();
 * ```
 *
 * @throws {AssertionError} If an output depends on no input, or no output on an input.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If the batch has one example only.
 */
export async function assertDependsOnInput(
  model: LayersModel,
  batch: Batch,
  options?: CheckOptions & Pick<ProbeOptions, "seed">,
  msg?: string,
): Promise<void> {
  await assertModelRule(
    inputDependence,
    (own) => probeInputDependence(model, batch, own),
    options,
    msg,
  );
}
