import { shadowMethod } from "../../engine/patching.ts";
import type { Layer, Tensor } from "../../engine/tensorflow.ts";
import type { ModelWeight } from "../model/weights/model_weights.ts";
import type { LayerRecord } from "./layer_record.ts";

/** Function that receives a tensor, which it must not keep or dispose. */
export type Observer = (tensor: Tensor) => void;

/** Observers of the tensors of a pass. */
export interface Viewers {
  /** Receives the first output of each call of a layer. */
  output?: (record: LayerRecord, tensor: Tensor) => void;
  /** Observers of dJ/dw, by weight. */
  gradients: ReadonlyMap<ModelWeight, Observer>;
}

const NOBODY: readonly Observer[] = [];

/** Tensors whose gradients a pass wants to see, by their ids, with their observers. */
export class WatchedGradients {
  readonly #observers = new Map<number, Observer[]>();

  /**
   * Shows the gradient of a tensor once it is complete; never, if the objective does not depend on
   * the tensor.
   */
  watch({ id }: Tensor, see: Observer): void {
    const others = this.#observers.get(id);
    if (others === undefined) this.#observers.set(id, [see]);
    else others.push(see);
  }

  /** Forgets all of them. */
  clear(): void {
    this.#observers.clear();
  }

  /** Returns the ids of the watched tensors. */
  ids(): Iterable<number> {
    return this.#observers.keys();
  }

  /** Returns the observers of a tensor. */
  observersOf(id: number): readonly Observer[] {
    return this.#observers.get(id) ?? NOBODY;
  }
}

/**
 * Shows a tensor, and later its gradient, to the observers, and passes it on unchanged.
 *
 * @param isOwn True if nothing else reads the tensor. Otherwise a separate tensor is passed on,
 * because the gradient of the tensor itself collects the contributions of all its readers.
 */
export type Tap = (x: Tensor, isOwn: boolean, forward: Observer, backward: Observer) => Tensor;

/**
 * Makes the tap of one pass.
 *
 * @param watched Registry of the gradients that the pass has to show.
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

/** A layer's `call`, as TensorFlow.js declares it. */
type Call = (inputs: Tensor | Tensor[], kwargs: Record<string, unknown>) => Tensor | Tensor[];

/**
 * Shadows the `call` of a layer or cell.
 *
 * @param around Called in place of `call`, with it.
 * @returns A function that removes the shadow.
 */
export function wrapCall(
  layer: Layer,
  around: (call: Call, ...args: Parameters<Call>) => Tensor | Tensor[],
): () => void {
  return shadowMethod(
    layer,
    "call",
    (call): Call => (inputs, kwargs) => around(call, inputs, kwargs),
  );
}
