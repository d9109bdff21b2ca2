import type { Heap } from "../engine/heap.ts";
import { heapView } from "../engine/heap_view.ts";
import type { Tensor } from "../engine/tensorflow.ts";
import type { ModelWeight } from "../model/model_weights.ts";

/**
 * Sums the gradients of weights over the parts of a batch, in float64 and off the WASM heap, which
 * needs the room for examples.
 */
export class GradientSums {
  readonly #heap: Heap;
  readonly #sums = new Map<ModelWeight, Float64Array>();

  /** @param heap The engine's heap. */
  constructor(heap: Heap) {
    this.#heap = heap;
  }

  /** Adds the gradient from one part. */
  add(weight: ModelWeight, gradient: Tensor): void {
    const values = heapView(this.#heap.tf, gradient);
    const sums = this.#sums.get(weight);
    if (sums === undefined) this.#sums.set(weight, Float64Array.from(values));
    else for (let i = 0; i < sums.length; i++) sums[i] += values[i];
  }

  /** Shows the sum of each weight that had a gradient, one at a time, and frees it. */
  showEach(see: (weight: ModelWeight, gradient: Tensor) => void): void {
    const { tf } = this.#heap;
    for (const [weight, sums] of this.#sums) {
      const gradient = tf.tensor(Float32Array.from(sums), weight.variable.shape as number[]);
      try {
        see(weight, gradient);
      } finally {
        gradient.dispose();
      }
      this.#sums.delete(weight);
    }
  }
}
