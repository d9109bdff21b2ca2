import type { DataType } from "@tensorflow/tfjs";
import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";

/**
 * Initialiser of zeros for weights that a file is about to replace. Weights of one shape share
 * their entries; otherwise a large model would fill its whole memory twice.
 */
export class SharedZeros {
  readonly #made = new Map<string, Tensor>();

  readonly #tf: TensorFlow;

  constructor(tf: TensorFlow) {
    this.#tf = tf;
  }

  /** Returns zeros of a shape; called by TensorFlow.js. */
  apply(shape: number[], dtype?: DataType): Tensor {
    const name = `${dtype} ${shape}`;
    const zeros = this.#made.get(name) ?? this.#tf.keep(this.#tf.zeros(shape, dtype));
    this.#made.set(name, zeros);
    return zeros.clone();
  }

  /** Releases its own hold on the entries; weights keep theirs. */
  dispose(): void {
    this.#tf.dispose([...this.#made.values()]);
    this.#made.clear();
  }
}
