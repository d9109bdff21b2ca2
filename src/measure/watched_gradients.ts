import type { Tensor } from "../engine/tensorflow.ts";

/** Looks at a tensor, which it may neither keep nor dispose. */
export type Observer = (tensor: Tensor) => void;

const NOBODY: readonly Observer[] = [];

/** The tensors whose gradients a pass wants to see, by their ids, and who looks at them. */
export class WatchedGradients {
  readonly #observers = new Map<number, Observer[]>();

  /**
   * Has the gradient of a tensor shown once it is complete; never, if the objective does not depend on
   * the tensor.
   */
  watch({ id }: Tensor, see: Observer): void {
    const others = this.#observers.get(id);
    if (others === undefined) this.#observers.set(id, [see]);
    else others.push(see);
  }

  /** Ids of the tensors that are watched. */
  ids(): Iterable<number> {
    return this.#observers.keys();
  }

  /** Who watches the tensor of an id. */
  observersOf(id: number): readonly Observer[] {
    return this.#observers.get(id) ?? NOBODY;
  }
}
