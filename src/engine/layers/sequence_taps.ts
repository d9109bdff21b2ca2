import type { Tensor } from "../tensorflow.ts";

/** What of a recurrent cell can be looked at: the candidate, each of its gates, and what an LSTM puts out. */
export type CellPart = "candidate" | "gates" | "output";

/** Who looks into a recurrent cell while its layer is computed as a whole. */
export interface SequenceTaps {
  /** Names of the cell's own activations, which taps may have replaced. */
  readonly activation: string;
  readonly recurrentActivation: string | null;
  /** Makes the way back lead into the cell, though nothing that is read by it need have a gradient. */
  lead(h0: Tensor): Tensor;
  /** Shows z and a of a part, [batch, steps, units]; it may neither keep nor dispose them. */
  forward(part: CellPart, z: Tensor, a: Tensor): void;
  /** Shows their gradients, likewise. */
  backward(part: CellPart, delta: Tensor, gradient: Tensor): void;
}

const taps = new WeakMap<object, SequenceTaps>();

/** Looks into a cell, until the function that is returned is called. */
export function tapSequence(cell: object, own: SequenceTaps): () => void {
  taps.set(cell, own);
  return () => void taps.delete(cell);
}

/** Who looks into a cell. */
export function sequenceTapsOf(cell: object): SequenceTaps | undefined {
  return taps.get(cell);
}
