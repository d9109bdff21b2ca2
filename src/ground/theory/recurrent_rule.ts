import type { LayerOperation, WeightMoments } from "../traits/layers.ts";
import { type ActivationMoments, activationMoments, pairMoments } from "./activation_moments.ts";
import { type Gradient, type LayerRule, type NetworkNode, type Signal, unitsOf } from "./signal.ts";
import { isBias, isRecurrentKernel, isRecurrentWeight } from "./weight_kinds.ts";

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
interface Walk {
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

/** Added to the spread of a cell's output, and per step to that of the gradient. */
const DOUBT = 0.02;

/**
 * Rule for simple, gated (GRU) and LSTM layers: the mean field of the cell, step by step forwards
 * and back, with independent z for all gates and a cell state treated as normal.
 */
export const recurrentRule: LayerRule = (node, inputs, context) => {
  const [input] = inputs;
  const cell = cellOf(node);
  if (inputs.length !== 1 || cell === null) return null;
  const { steps } = node.recurrent!;
  const units = unitsOf(node);
  const walk = WALKS[node.operation!]!;
  const taken = stepsOf(cell, walk, input, steps);
  if (taken === null) return null;
  const returnsAll = node.entries >= steps * units * context.examples * node.calls;
  const shown = returnsAll ? taken : taken.slice(-1);
  const c = input.meanSquare > 0 ? Math.max(0, input.alike / input.meanSquare) : 0;
  const signal = (meanSquare: number, mean: number, entries: number): Signal => ({
    meanSquare,
    mean,
    alike: mean ** 2 + c * Math.max(0, meanSquare - mean ** 2),
    near: mean ** 2 + walk.remembers * Math.max(0, meanSquare - mean ** 2),
    entries,
    spread: input.spread + DOUBT + 3 / units,
    aligned: Math.max(input.aligned, c ** 2),
    vague: true,
  });
  const backFromDelta = (delta: Gradient): Gradient[] => [{
    ...delta,
    square: delta.square * cell.input,
    alike: delta.alike * cell.input,
    near: delta.near * cell.input,
    along: 0,
  }];
  return {
    z: signal(
      meanOf(taken, ({ gates }) => meanOf(gates, ({ square }) => square)),
      cell.bias.mean,
      node.inner,
    ),
    a: signal(
      meanOf(shown, ({ state }) => state.square),
      meanOf(shown, ({ state }) => state.mean),
      node.entries,
    ),
    back(gradient) {
      const share = gradient.square / shown.length;
      const outside = (step: number) => returnsAll || step === steps - 1 ? share : 0;
      const square = walkBack(cell, walk, taken, outside);
      const delta: Gradient = {
        square,
        alike: gradient.square > 0 ? square * gradient.alike / gradient.square : 0,
        near: 0,
        along: 0,
        spread: gradient.spread + DOUBT * Math.min(steps, 20) + 5 / units,
        aligned: gradient.aligned,
      };
      return { delta, inputs: backFromDelta(delta) };
    },
    backFromDelta,
  };
};

/** Walks forwards through the steps; `null` if theory does not support one. */
function stepsOf(cell: Cell, walk: Walk, input: Signal, count: number): CellStep[] | null {
  const taken: CellStep[] = [];
  for (let step = 0; step < count; step++) {
    const next = walk.forward(cell, input, taken.at(-1)?.state ?? EMPTY);
    if (next === null) return null;
    taken.push(next);
  }
  return taken;
}

/**
 * Walks back through the steps. Returns the sum of delta^2 over all of them.
 *
 * @param outside Squared gradient that a step's output gets from the next layer.
 */
function walkBack(
  cell: Cell,
  walk: Walk,
  taken: readonly CellStep[],
  outside: (step: number) => number,
): number {
  let hidden = 0;
  let inner = 0;
  let square = 0;
  for (const [index, step] of [...taken.entries()].toReversed()) {
    const sent = walk.backward(cell, step, { hidden: outside(index) + hidden, inner });
    ({ hidden, inner } = sent);
    square += sent.square;
  }
  return square;
}

const EMPTY = { square: 0, mean: 0, inner: 0, innerMean: 0, shared: 0 };

function meanOf<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0) / items.length;
}

/** Returns the cell of a layer, or `null` if theory does not support it. */
function cellOf({ operation, weights, recurrent }: NetworkNode): Cell | null {
  const kernel = weights.find(({ name }) => /(^|\/)kernel[^/]*$|(^|[/.])weight_ih/.test(name));
  const state = weights.find(isRecurrentKernel);
  const isKnown = operation !== null && Object.hasOwn(WALKS, operation) &&
    kernel?.shape.length === 2 &&
    state?.shape.length === 2;
  if (!isKnown || recurrent === undefined) return null;
  const biases = weights.filter(isBias);
  const sumOf = (of: (bias: WeightMoments) => number) =>
    biases.reduce((sum, bias) => sum + of(bias), 0);
  const mean = sumOf((bias) => bias.mean);
  const [bias] = biases;
  // A quarter of the biases is 1, those of the forget gate; the others are 0.
  const startsToForget = operation === "memory" && biases.length === 1 &&
    Math.abs(mean - 1 / 4) < 1e-5 && Math.abs(bias.meanSquare - 1 / 4) < 1e-5;
  // PyTorch has a row for each unit of a gate, and two biases.
  const axis = isRecurrentWeight(state!.name) ? 1 : 0;
  return {
    input: kernel!.shape[axis] * kernel!.meanSquare,
    state: state!.shape[axis] * state!.meanSquare,
    bias: startsToForget ? { variance: 0, mean: 0, forget: 1 } : {
      variance: sumOf((bias) => bias.meanSquare - bias.mean ** 2),
      mean,
      forget: mean,
    },
    activation: recurrent.activation,
    gate: recurrent.gate,
  };
}
