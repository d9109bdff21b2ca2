import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { watchGradient } from "./watch_gradient.ts";

/** Looks at a tensor, which it may neither keep nor dispose. */
export type Observer = (tensor: Tensor) => void;

/**
 * Passes a tensor on unchanged and shows it, and later its gradient, to the observers.
 *
 * @param reached Whether the backward pass reaches the tensor's origin anyway.
 */
export type Tap = (
  x: Tensor,
  reached: boolean,
  forward: Observer,
  backward: Observer,
) => Tensor;

/**
 * Makes the tap of one pass.
 *
 * TensorFlow.js differentiates only what lies between a variable and the objective, so below the
 * first trainable weight nothing would see a gradient. There a tap is an identity with a second
 * argument, a scalar that the pass differentiates too and that adds nothing: whatever is computed
 * from its output is reached by the backward pass, and can simply be watched.
 *
 * @param tf The engine's TensorFlow.js.
 * @param probe That scalar: a float32 0.
 * @returns The tap.
 */
export function makeTap(tf: TensorFlow, probe: Tensor): Tap {
  return (x, reached, forward, backward) => {
    forward(x);
    // Integers (indices, masks) have no derivative, and customGrad would ask them for one.
    if (x.dtype !== "float32") return x;
    if (reached && watchGradient(tf, x, backward)) return x;
    const identity = tf.customGrad((...args: unknown[]) => ({
      value: (args[0] as Tensor).clone(),
      gradFunc: (dy: Tensor) => {
        backward(dy);
        return [dy.clone(), tf.zerosLike(probe)];
      },
    }));
    return identity(x, probe);
  };
}
