import type { LayerOperation } from "../traits/layers.ts";
import { type ActivationMoments, activationMoments, pairMoments } from "./activation_moments.ts";

/** Recurrent cell in mean-field theory. */
export interface Cell {
  /** sigma_w^2 of the input kernel, per gate. */
  input: number;
  /** sigma_w^2 of the recurrent kernel, per gate. */
  state: number;
  /** Variance and mean of the biases, and mean bias of a forget gate. */
  bias: { variance: number; mean: number; forget: number };
  /** Activation of the candidate, and of the output of an LSTM. */
  activation: string;
  /** Activation of the gates, or `null` if there are none. */
  gate: string | null;
}

/** State after a step: mean square and mean of the output, and of an LSTM's memory. */
export interface CellState {
  square: number;
  mean: number;
  inner: number;
  innerMean: number;
  /** Mean of the product of the memory and a later candidate: the trace of a constant input. */
  shared: number;
}

/** A gate at one step. */
interface Gate extends ActivationMoments {
  /** Mean square of its z. */
  square: number;
}

/** Result of one step of a cell. */
export interface CellStep {
  /** Gates of the cell, the candidate last. */
  gates: readonly Gate[];
  before: CellState;
  state: CellState;
  /** Activation moments of the memory, for an LSTM. */
  out?: ActivationMoments;
}

/** Squared norms of the gradients of the output and of the memory, between two steps. */
interface Sent {
  hidden: number;
  inner: number;
}

/** Input of a cell: mean square, and mean product of two consecutive steps. */
interface CellInput {
  meanSquare: number;
  near: number;
}

/** Forward and backward step of a cell. */
export interface Walk {
  /** Correlation of the outputs of two consecutive steps. */
  remembers: number;
  forward(cell: Cell, input: CellInput, before: CellState): CellStep | null;
  /** `square` is the squared norm of the delta of all gates. */
  backward(cell: Cell, step: CellStep, gradient: Sent): Sent & { square: number };
}

/** Returns a gate whose z sums the input and the given part of the state. */
function gateOf(
  { input, state, bias }: Cell,
  activation: string,
  signals: { input: number; state: number; shift?: number },
): Gate | null {
  const { shift = bias.mean } = signals;
  const variance = input * signals.input + state * signals.state + bias.variance;
  const moments = activationMoments(activation, shift, variance);
  return moments === null ? null : { ...moments, square: variance + shift ** 2 };
}

/** Returns the mean product of the candidates of two steps, given the correlation of the input. */
function lastingOf({ input, activation, bias }: Cell, { square }: Gate, near: number): number {
  const variance = square - bias.mean ** 2;
  if (!(variance > 0)) return 0;
  return pairMoments(activation, bias.mean, variance, input * near / variance).product;
}

/** Returns the mean square of 1 - x. */
const rest = ({ mean, meanSquare }: ActivationMoments) => 1 - 2 * mean + meanSquare;

const simple: Walk = {
  remembers: 0.3,
  forward(cell, { meanSquare: input }, before) {
    const gate = gateOf(cell, cell.activation, { input, state: before.square });
    if (gate === null) return null;
    const { meanSquare, mean } = gate;
    return {
      gates: [gate],
      before,
      state: { square: meanSquare, mean, inner: 0, innerMean: 0, shared: 0 },
    };
  },
  backward(cell, { gates: [gate] }, { hidden }) {
    const square = hidden * gate.slopeSquare;
    return { square, hidden: square * cell.state, inner: 0 };
  },
};

/** h' = z h + (1 - z) tanh(W x + U (r h)). */
const gated: Walk = {
  remembers: 0.5,
  forward(cell, { meanSquare: input, near }, before) {
    const gate = cell.gate === null
      ? null
      : gateOf(cell, cell.gate, { input, state: before.square });
    if (gate === null) return null;
    const candidate = gateOf(cell, cell.activation, {
      input,
      state: gate.meanSquare * before.square,
    });
    if (candidate === null) return null;
    const lasting = lastingOf(cell, candidate, near);
    const cross = 2 * (gate.mean - gate.meanSquare) *
      Math.max(before.mean * candidate.mean, before.shared);
    return {
      gates: [gate, gate, candidate],
      before,
      state: {
        square: gate.meanSquare * before.square + rest(gate) * candidate.meanSquare + cross,
        mean: gate.mean * before.mean + (1 - gate.mean) * candidate.mean,
        inner: 0,
        innerMean: 0,
        shared: gate.mean * before.shared + (1 - gate.mean) * lasting,
      },
    };
  },
  backward(cell, { gates: [gate, , candidate], before }, { hidden }) {
    const ofCandidate = hidden * rest(gate) * candidate.slopeSquare;
    const difference = before.square + candidate.meanSquare - 2 * before.mean * candidate.mean;
    const ofUpdate = hidden * difference * gate.slopeSquare;
    const ofKept = ofCandidate * cell.state;
    const ofReset = ofKept * before.square * gate.slopeSquare;
    return {
      square: ofCandidate + ofUpdate + ofReset,
      hidden: hidden * gate.meanSquare + ofKept * gate.meanSquare +
        (ofUpdate + ofReset) * cell.state,
      inner: 0,
    };
  },
};

/** c' = f c + i g, h' = o tanh(c'). */
const long: Walk = {
  remembers: 0.7,
  forward(cell, { meanSquare: input, near }, before) {
    if (cell.gate === null) return null;
    const signals = { input, state: before.square };
    const gate = gateOf(cell, cell.gate, signals);
    const forget = gateOf(cell, cell.gate, { ...signals, shift: cell.bias.forget });
    const candidate = gateOf(cell, cell.activation, signals);
    if (gate === null || forget === null || candidate === null) return null;
    const innerMean = forget.mean * before.innerMean + gate.mean * candidate.mean;
    const inner = forget.meanSquare * before.inner + gate.meanSquare * candidate.meanSquare +
      2 * forget.mean * gate.mean * Math.max(before.innerMean * candidate.mean, before.shared);
    const out = activationMoments(cell.activation, innerMean, Math.max(0, inner - innerMean ** 2));
    return {
      gates: [gate, forget, gate, candidate],
      before,
      out: out!,
      state: {
        square: gate.meanSquare * out!.meanSquare,
        mean: gate.mean * out!.mean,
        inner,
        innerMean,
        shared: forget.mean * before.shared + gate.mean * lastingOf(cell, candidate, near),
      },
    };
  },
  backward(cell, { gates: [gate, forget, , candidate], before, out }, { hidden, inner }) {
    const memory = hidden * gate.meanSquare * out!.slopeSquare + inner;
    const square = hidden * out!.meanSquare * gate.slopeSquare +
      memory * before.inner * forget.slopeSquare +
      memory * candidate.meanSquare * gate.slopeSquare +
      memory * gate.meanSquare * candidate.slopeSquare;
    return { square, hidden: square * cell.state, inner: memory * forget.meanSquare };
  },
};

/** Cells that theory supports. */
export const WALKS: Readonly<Partial<Record<LayerOperation, Walk>>> = {
  simple,
  gated,
  memory: long,
};
