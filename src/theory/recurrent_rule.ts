import { type Cell, type CellStep, type Walk, WALKS } from "./cells.ts";
import type { WeightMoments } from "../traits/moments.ts";
import { type Gradient, type LayerRule, type NetworkNode, type Signal, unitsOf } from "./signal.ts";
import { isBias, isRecurrentKernel, isRecurrentWeight } from "./weight_kinds.ts";

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
