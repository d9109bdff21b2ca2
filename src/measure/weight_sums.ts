import type { Layer, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import type { LayerVariable } from "../model/model_weights.ts";
import { engineState, type TapeNode } from "./engine_state.ts";
import { sumTensor } from "./sum_tensor.ts";
import type { Sums } from "../engine/native/sums.ts";

/** A tensor of fewer entries stays in the cache anyway. */
const LARGE = 2 ** 14;

/**
 * The sums over kernels and their gradients, taken while these are in the processor's cache: the
 * kernel when its layer has just used it, the gradient when it has just been computed. At the end of
 * the pass they would have to be fetched from memory again, which takes three times as long (of 10
 * kernels of 512 x 512: 0.9 ms each instead of 0.3, 2-core Xeon).
 */
export class WeightSums {
  readonly #tf: TensorFlow;
  readonly #values = new Map<LayerVariable, Sums>();
  readonly #gradients = new Map<number, Sums>();

  /** @param tf The engine's TensorFlow.js. */
  constructor(tf: TensorFlow) {
    this.#tf = tf;
  }

  /**
   * A layer has just been called for the first time: its kernels are at hand. Moving statistics, which
   * are not trained, may have been moved by the call, and are left for later.
   */
  layerCalled(layer: Layer): void {
    for (const variable of layer.weights) {
      const values = variable.read();
      if (variable.trainable && values.size >= LARGE) {
        this.#values.set(variable, this.#sum(values));
      }
    }
  }

  /**
   * The forward pass is over: has the gradients of the given tensors summed up on their way. A tensor
   * that several operations use is left out, for its gradient is complete only at the end.
   *
   * @param variables The tensors.
   * @param value What is differentiated.
   */
  watchGradients(variables: readonly Tensor[], value: Tensor): void {
    const wanted = new Set(variables.filter(({ size }) => size >= LARGE).map(({ id }) => id));
    if (wanted.size === 0) return;
    const uses = new Map<number, number>();
    const tape = leadingTo(value, engineState(this.#tf).activeTape ?? []);
    for (const { inputs } of tape) {
      for (const { id } of Object.values(inputs)) {
        if (wanted.has(id)) uses.set(id, (uses.get(id) ?? 0) + 1);
      }
    }
    for (const node of tape) {
      const gradient = node.gradient;
      const once = Object.entries(node.inputs).filter(([, { id }]) => uses.get(id) === 1);
      if (gradient === undefined || once.length === 0) continue;
      node.gradient = (dys) => {
        const of = gradient(dys);
        for (const [name, { id }] of once) {
          const compute = of[name];
          of[name] = () => {
            const dw = compute();
            this.#gradients.set(id, this.#sum(dw));
            return dw;
          };
        }
        return of;
      };
    }
  }

  /** The sums over the values of a weight. */
  ofValues(variable: LayerVariable): Sums {
    return this.#values.get(variable) ?? this.#sum(variable.read());
  }

  /** The sums over the gradient of a weight. */
  ofGradient(variable: LayerVariable, gradient: Tensor): Sums {
    return this.#gradients.get(variable.read().id) ?? this.#sum(gradient);
  }

  #sum(tensor: Tensor): Sums {
    return sumTensor(this.#tf, tensor);
  }
}

/** The operations that `value` depends on; the tape also holds copies that nothing is made of. */
function leadingTo(value: Tensor, tape: readonly TapeNode[]): TapeNode[] {
  const needed = new Set([value.id]);
  return tape.toReversed().filter(({ inputs, outputs }) => {
    if (!outputs.some(({ id }) => needed.has(id))) return false;
    for (const { id } of Object.values(inputs)) needed.add(id);
    return true;
  });
}
