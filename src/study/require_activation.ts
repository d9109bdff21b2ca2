import type { TensorFlow } from "../engine/tensorflow.ts";
import { nearest } from "../model/nearest.ts";
import { ACTIVATION_FUNCTIONS } from "../theory/activation_functions.ts";

/**
 * The name of an activation that TensorFlow.js has.
 *
 * @throws {TypeError} If it has none of that name.
 */
export function requireActivation(tf: TensorFlow, name: string): string {
  try {
    tf.layers.activation({ activation: name as "tanh" });
    return name;
  } catch (error) {
    const known = Object.keys(ACTIVATION_FUNCTIONS);
    throw new TypeError(
      `activation ${JSON.stringify(name)} is not known to TensorFlow.js${
        nearest(name, known) || `, expected one such as ${known.join(", ")}`
      }`,
      { cause: error },
    );
  }
}
