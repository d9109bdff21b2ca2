import { copyOf } from "./copy_of.ts";
import type { OpenProbe } from "./open_probe.ts";
import type { Tensor } from "../engine/tensorflow.ts";

/** One output of a model, read off the engine. */
export interface Output {
  /** Its shape, examples first. */
  shape: number[];
  /** Its entries, row-major. */
  values: Float32Array;
}

/**
 * Runs a model on inputs as in inference.
 *
 * @returns Its outputs, in the order of the model's.
 */
export function runForward({ tf, model }: OpenProbe, inputs: Tensor[]): Output[] {
  const outputs = tf.tidy(() => {
    const given = inputs.length === 1 ? inputs[0] : inputs;
    // Cloned: a model may hand an input on as its output, and that one is not ours to dispose.
    return ([model.apply(given, { training: false })].flat() as Tensor[]).map((t) => t.clone());
  });
  const read = outputs.map((tensor) => ({ shape: [...tensor.shape], values: copyOf(tf, tensor) }));
  tf.dispose(outputs);
  return read;
}
