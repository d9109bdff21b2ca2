import type * as tfjs from "@tensorflow/tfjs";
import type { Tensor } from "../engine/tensorflow.ts";
import { MeasureError } from "../measure/measure_error.ts";
import type { ResolvedObjective } from "../measure/resolve_objective.ts";
import type { KeptProbe } from "./keep_model.ts";
import { copyOf, outputsOf } from "./run_forward.ts";
import { errorMessage } from "../words/error_message.ts";

/**
 * The gradient of J with respect to variables, in inference mode, from the states that the model had
 * before the probe; `null` for a variable on which J does not depend.
 *
 * @throws {MeasureError} If J cannot be differentiated.
 */
export function differentiate(
  { tf, model, rewind }: KeptProbe,
  { name, evaluate }: ResolvedObjective,
  inputs: Tensor[],
  variables: tfjs.Variable[],
): (Float32Array | null)[] {
  rewind();
  // Kept hold of: when the backward pass throws, nothing else frees it.
  let value: Tensor | null = null;
  const objective = () => value = tf.reshape(evaluate(outputsOf(model, inputs)), []);
  let outcome;
  try {
    outcome = tf.engine().gradients(objective, variables, undefined, true);
  } catch (error) {
    tf.dispose(value ?? []);
    throw new MeasureError(
      `The gradient of ${name} cannot be computed: ${errorMessage(error)}`,
      { cause: error },
    );
  }
  const gradients: (Tensor | null | undefined)[] = outcome.grads;
  const read = gradients.map((gradient) => gradient == null ? null : copyOf(tf, gradient));
  tf.dispose([outcome.value, ...gradients.filter((gradient) => gradient != null)]);
  return read;
}
