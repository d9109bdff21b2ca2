import type { RecurrentCell } from "../../engine/native/operations.ts";
import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";

/** Kinds of cells: their op, and the class of TensorFlow.js that computes alike. */
export const CELLS = {
  lstm: {
    op: { kind: "lstm", activation: "tanh", gate: "sigmoid", after: false },
    className: "LSTMCell",
  },
  gru: {
    op: { kind: "gru", activation: "tanh", gate: "sigmoid", after: true },
    className: "GRUCell",
  },
  rnn_tanh: {
    op: { kind: "simple", activation: "tanh", gate: "linear", after: false },
    className: "SimpleRNNCell",
  },
  rnn_relu: {
    op: { kind: "simple", activation: "relu", gate: "linear", after: false },
    className: "SimpleRNNCell",
  },
} as const satisfies Record<string, { op: RecurrentCell; className: string }>;

/** Name of a kind of cell, as in `aten.lstm.input` and `aten.lstm_cell.default`. */
export type CellName = keyof typeof CELLS;

/** Activation of a cell, in the form of TensorFlow.js's; the taps of a pass replace it. */
interface CellActivation {
  apply(z: Tensor): Tensor;
  getClassName(): string;
}

/**
 * Cell of one layer in one direction. A pass taps it as it taps a cell of TensorFlow.js, so that
 * its candidate, its gates and its output have rows of their own.
 */
export class ObservableCell {
  readonly name: string;
  readonly op: RecurrentCell;
  activation: CellActivation;
  /** Activation of the gates; `null` for a cell without gates. */
  recurrentActivation: CellActivation | null;
  readonly #tf: TensorFlow;
  readonly #className: string;

  /**
   * @param name Name as in the weights of PyTorch: `l0`, `l1_reverse`.
   */
  constructor(tf: TensorFlow, kind: CellName, name: string) {
    const { op, className } = CELLS[kind];
    this.name = name;
    this.op = op;
    this.#tf = tf;
    this.#className = className;
    this.activation = activationOf(tf, op.activation);
    this.recurrentActivation = op.kind === "simple" ? null : activationOf(tf, "sigmoid");
  }

  getClassName(): string {
    return this.#className;
  }

  /**
   * Computes one step of an LSTM with its activation objects.
   *
   * @param given z of input gate, forget gate, candidate and output gate side by side, and the
   * state c before the step.
   * @returns The output, and the state after the step.
   */
  call([z, c]: Tensor[]): Tensor[] {
    const tf = this.#tf;
    const gate = this.recurrentActivation!;
    const [input, forget, candidate, output] = tf.split(z, 4, 1);
    const added = tf.mul(gate.apply(input), this.activation.apply(candidate));
    const kept = tf.mul(gate.apply(forget), c);
    const state = tf.add(kept, added) as Tensor;
    return [tf.mul(gate.apply(output), this.activation.apply(state)), state];
  }
}

function activationOf(tf: TensorFlow, name: "tanh" | "relu" | "sigmoid"): CellActivation {
  return { apply: (z) => tf[name](z), getClassName: () => name };
}

/** Returns the cells of an operation, those of each layer by direction; `null` for other ops. */
export function cellsOf(
  tf: TensorFlow,
  operation: string,
  { layers, isBidirectional }: { layers: number; isBidirectional: boolean },
): ObservableCell[] | null {
  const kind = operation.replace(/_cell$/, "");
  if (!Object.hasOwn(CELLS, kind)) return null;
  const directions = isBidirectional ? ["", "_reverse"] : [""];
  return Array.from(
    { length: layers },
    (_, layer) =>
      directions.map((direction) =>
        new ObservableCell(tf, kind as CellName, `l${layer}${direction}`)
      ),
  ).flat();
}
