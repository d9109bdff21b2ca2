/**
 * Activations of recurrent cells that the module supports, by their numbers in
 * `assembly/squash.ts`.
 */
export const SQUASHES = ["linear", "tanh", "sigmoid", "hardSigmoid", "relu"] as const;

/** Name of such an activation. */
export type Squash = (typeof SQUASHES)[number];

/** Kinds of cells, by their numbers in `assembly/recurrent.ts`. */
export const CELLS = ["simple", "gru", "lstm"] as const;

/** Recurrent cell. */
export interface RecurrentCell {
  /** Kind of the cell. */
  kind: (typeof CELLS)[number];
  /** Activation of its state or candidate. */
  activation: Squash;
  /** Activation of its gates; "linear" if it has none. */
  gate: Squash;
  /** True for a GRU that resets after its product. */
  after: boolean;
}

/** Returns the numbers that describe a cell in a record. */
export function cellNumbers({ kind, activation, gate, after }: RecurrentCell) {
  return {
    cell: CELLS.indexOf(kind),
    activation: SQUASHES.indexOf(activation),
    gate: SQUASHES.indexOf(gate),
    after: after ? 1 : 0,
  };
}

/** Returns the number of gates of a cell, including the candidate. */
export function gatesOf({ kind }: RecurrentCell): number {
  return kind === "lstm" ? 4 : kind === "gru" ? 3 : 1;
}
