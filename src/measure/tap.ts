import { heapView } from "../engine/heap_view.ts";
import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";

/** What a tap shows its observer: the entries of a tensor (valid during the call only), its shape. */
export type Observer = (values: ArrayLike<number>, shape: number[]) => void;

/** Passes a tensor on unchanged and shows it, and later its gradient, to the observers. */
export type Tap = (x: Tensor, forward: Observer | null, backward: Observer | null) => Tensor;

/**
 * Makes the tap of one pass.
 *
 * TensorFlow.js differentiates only what lies between a variable and the objective, so below the
 * first trainable weight a plain identity would never see a gradient. Every tap therefore takes a
 * second argument, a scalar that the pass differentiates too and that adds nothing.
 *
 * @param tf The engine's TensorFlow.js.
 * @param probe That scalar: a float32 0.
 * @returns The tap.
 */
export function makeTap(tf: TensorFlow, probe: Tensor): Tap {
  return (x, forward, backward) => {
    forward?.(heapView(tf, x), x.shape);
    // Integers (indices, masks) have no derivative, and customGrad would ask them for one.
    if (backward === null || x.dtype !== "float32") return x;
    const identity = tf.customGrad((...args: unknown[]) => ({
      value: (args[0] as Tensor).clone(),
      gradFunc: (dy: Tensor) => {
        backward(heapView(tf, dy), dy.shape);
        return [dy.clone(), tf.zerosLike(probe)];
      },
    }));
    return identity(x, probe);
  };
}
