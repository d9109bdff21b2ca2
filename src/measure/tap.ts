import type { Tensor } from "../engine/tensorflow.ts";
import type { Observer, WatchedGradients } from "./watched_gradients.ts";

/**
 * Shows a tensor, and later its gradient, to the observers, and passes it on unchanged.
 *
 * @param isOwn Whether nobody else reads the tensor. Else it is passed on as a tensor of its own, for
 * the gradient of the tensor itself is made up of what comes back from all its readers.
 */
export type Tap = (x: Tensor, isOwn: boolean, forward: Observer, backward: Observer) => Tensor;

/**
 * Makes the tap of one pass.
 *
 * @param watched Where the pass learns whose gradients it has to show.
 * @returns The tap.
 */
export function makeTap(watched: WatchedGradients): Tap {
  return (x, isOwn, forward, backward) => {
    forward(x);
    // Integers (indices, masks) have no derivative.
    if (x.dtype !== "float32") return x;
    const shown = isOwn ? x : x.clone();
    watched.watch(shown, backward);
    return shown;
  };
}
