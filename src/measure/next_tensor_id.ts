import type { TensorFlow } from "../engine/tensorflow.ts";

/**
 * The id that the next tensor will have: ids grow, so whatever has a smaller one exists already.
 *
 * @param tf The engine's TensorFlow.js.
 */
export function nextTensorId(tf: TensorFlow): number {
  // TensorFlow.js counts in its class, and declares it private.
  return (tf.engine().constructor as unknown as { nextTensorId: number }).nextTensorId;
}
