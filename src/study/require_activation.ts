import type { TensorFlow } from "../engine/tensorflow.ts";
import { ACTIVATION_FUNCTIONS } from "../theory/activation_functions.ts";
import { nearest } from "../words/nearest.ts";

/**
 * The name of an activation that TensorFlow.js has.
 *
 * @throws {TypeError} If it has none of that name.
 */
export function requireActivation(tf: TensorFlow, name: string): string {
  const cause = refusal(tf, name);
  if (cause === null) return name;
  // The theory knows some that are layers only in TensorFlow.js, leakyRelu for one.
  const known = Object.keys(ACTIVATION_FUNCTIONS).filter((other) => refusal(tf, other) === null);
  throw new TypeError(
    `activation ${JSON.stringify(name)} is not known to TensorFlow.js${
      nearest(name, known) || `, expected one such as ${known.join(", ")}`
    }`,
    { cause },
  );
}

/** What TensorFlow.js throws at the name of an activation; `null` where it takes it. */
function refusal(tf: TensorFlow, name: string): unknown {
  try {
    tf.layers.activation({ activation: name as "tanh" });
    return null;
  } catch (error) {
    return error;
  }
}
