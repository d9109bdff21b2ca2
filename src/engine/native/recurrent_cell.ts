/** The activations that the module applies in a recurrent cell, by their numbers in `assembly/squash.ts`. */
export const SQUASHES = ["linear", "tanh", "sigmoid", "hardSigmoid", "relu"] as const;

/** One of them. */
export type Squash = (typeof SQUASHES)[number];

/** The kinds of cells, by their numbers in `assembly/recurrent.ts`. */
export const CELLS = ["simple", "gru", "lstm"] as const;

/** A recurrent cell. */
export interface RecurrentCell {
  /** Its kind. */
  kind: (typeof CELLS)[number];
  /** The activation of its state or candidate. */
  activation: Squash;
  /** The activation of its gates; "linear" where it has none. */
  gate: Squash;
  /** Whether it is a GRU that resets after its product. */
  after: boolean;
}

/** The numbers that stand for a cell in a record. */
export function cellNumbers({ kind, activation, gate, after }: RecurrentCell) {
  return {
    cell: CELLS.indexOf(kind),
    activation: SQUASHES.indexOf(activation),
    gate: SQUASHES.indexOf(gate),
    after: after ? 1 : 0,
  };
}

/** How many gates, candidate included, a cell has. */
export function gatesOf({ kind }: RecurrentCell): number {
  return kind === "lstm" ? 4 : kind === "gru" ? 3 : 1;
}
