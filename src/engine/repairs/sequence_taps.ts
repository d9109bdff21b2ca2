import type { Tensor } from "../tensorflow.ts";

/**
 * Observable part of a recurrent cell: the candidate, each of its gates, and the output of an LSTM.
 */
export type CellPart = "candidate" | "gates" | "output";

/** Observer of a recurrent cell whose layer is computed as a whole. */
export interface SequenceTaps {
  /** Names of the cell's own activations, which taps may have replaced. */
  readonly activation: string;
  readonly recurrentActivation: string | null;
  /** Makes the backward pass enter the cell, even if none of its inputs has a gradient. */
  lead(h0: Tensor): Tensor;
  /** Shows z and a of a part, [batch, steps, units]; must not keep or dispose them. */
  forward(part: CellPart, z: Tensor, a: Tensor): void;
  /** Shows their gradients, likewise. */
  backward(part: CellPart, delta: Tensor, gradient: Tensor): void;
}

const taps = new WeakMap<object, SequenceTaps>();

/** Observes a cell until the returned function is called. */
export function tapSequence(cell: object, own: SequenceTaps): () => void {
  taps.set(cell, own);
  return () => void taps.delete(cell);
}

/** Returns the observer of a cell. */
export function sequenceTapsOf(cell: object): SequenceTaps | undefined {
  return taps.get(cell);
}
