import type { Tensor } from "../../../src/engine/tensorflow.ts";
import {
  type Cell,
  gruCell,
  lstmCell,
  map,
  type NdArray,
  ndArray,
  simpleRnnCell,
  stackedCell,
  type Unroll,
  unroll,
} from "../reference/mod.ts";
import type { Row, RowInput, RowLayer } from "../row.ts";
import { describe, make, type Options } from "./make.ts";

/** The recurrent layers that have matrices for kernels. */
export type Kind = "simpleRNN" | "gru" | "lstm";

const UNITS = 3, BATCH = 2, STEPS = 4, FEATURES = 2;
const STATES: Record<Kind, number> = { simpleRNN: 1, gru: 1, lstm: 2 };
const X: RowInput = { shape: [BATCH, STEPS, FEATURES] };
const STATE: RowInput = { shape: [BATCH, UNITS] };
const MASK: RowInput = {
  shape: [BATCH, STEPS],
  dtype: "bool",
  values: [1, 1, 0, 1, 0, 1, 1, 0],
};

/** Number of states of a layer, each zero. */
export const zeroStates = (kind: Kind, units = UNITS): NdArray[] =>
  Array.from({ length: STATES[kind] }, () => ndArray([BATCH, units]));

/** The reference of a cell with these options. */
export function cellOf(kind: Kind, options: Options, weights: NdArray[]): Cell {
  const phi = (options.activation ?? "tanh") as string;
  const gate = (options.recurrentActivation ?? "hardSigmoid") as string;
  if (kind === "simpleRNN") return simpleRnnCell(weights, phi);
  return kind === "gru" ? gruCell(weights, phi, gate) : lstmCell(weights, phi, gate);
}

/** Selects the outputs of a recurrent layer by its options. */
export function outputsOf(options: Options, run: ReturnType<typeof unroll>): NdArray[] {
  const output = options.returnSequences ? run.sequence : run.last;
  return options.returnState ? [output, ...run.states] : [output];
}

const titled = (title: string, options: Options) =>
  [title, describe(options)].filter((text) => text !== "").join(", ");

/** The sizes of a recurrent layer and of its input. */
export interface Sequence {
  batch: number;
  steps: number;
  features: number;
  units: number;
}

const SEQUENCE: Sequence = { batch: BATCH, steps: STEPS, features: FEATURES, units: UNITS };

/** A row of a recurrent layer. */
export function recurrentRow(
  kind: Kind,
  options: Options,
  { batch, steps, features, units }: Sequence = SEQUENCE,
): Row {
  const zeros = () => Array.from({ length: STATES[kind] }, () => ndArray([batch, units]));
  return {
    subject: kind,
    options: describe(options),
    inputs: [{ shape: [batch, steps, features] }],
    create: make(kind, { units, ...options }),
    reference: ([x], weights) =>
      outputsOf(
        options,
        unroll(x, cellOf(kind, options, weights), zeros(), options as Unroll),
      ),
  };
}

function maskedRow(kind: Kind, options: Options): Row {
  return {
    ...recurrentRow(kind, options),
    options: titled("mask", options),
    inputs: [X, MASK],
    call: (_tf, layer, [x, mask]) => layer.apply(x, { mask }),
    reference: ([x, mask], weights) =>
      outputsOf(
        options,
        unroll(x, cellOf(kind, options, weights), zeroStates(kind), { ...options, mask }),
      ),
  };
}

function initialStateRow(kind: Kind, options: Options): Row {
  return {
    ...recurrentRow(kind, options),
    options: titled("initialState", options),
    inputs: [X, ...zeroStates(kind).map(() => STATE)],
    call: (_tf, layer, [x, ...initialState]) => layer.apply(x, { initialState }),
    reference: ([x, ...initial], weights) =>
      outputsOf(options, unroll(x, cellOf(kind, options, weights), initial, options as Unroll)),
  };
}

/** A stateful layer goes on from the states that it holds. */
function statefulRow(kind: Kind): Row {
  return {
    ...recurrentRow(kind, {}),
    options: "stateful true",
    inputs: [X, ...zeroStates(kind).map(() => ({ ...STATE, fixed: true }))],
    create: make(kind, {
      units: UNITS,
      stateful: true,
      batchInputShape: [BATCH, STEPS, FEATURES],
    }),
    call(tf, layer, [x, ...states]) {
      const stateful = layer as RowLayer & { resetStates(states: Tensor[]): void };
      if (layer.weights.length === 0) tf.dispose(layer.apply(x)); // builds it
      stateful.resetStates(states);
      return layer.apply(x);
    },
    reference: ([x, ...initial], weights) => unroll(x, cellOf(kind, {}, weights), initial).last,
  };
}

/** Returns the entries that dropout keeps, by their place, which both sides know. */
const keeps = (flat: number) => flat % 3 !== 1;

function dropoutRow(kind: Kind, training: boolean): Row {
  const rates = { dropout: 0.25, recurrentDropout: 0.5 };
  const dropped = (cell: Cell): Cell => (x, [h, ...rest]) => {
    const drop = (a: NdArray, rate: number) => map(a, (v, i) => keeps(i) ? v / (1 - rate) : 0);
    return cell(drop(x, rates.dropout), [drop(h, rates.recurrentDropout), ...rest]);
  };
  return {
    ...recurrentRow(kind, rates),
    options: `${describe(rates)}, ${training ? "training" : "inference"}`,
    create(tf) {
      const dropoutFunc = (ones: Tensor, rate: number) => {
        const mask = Array.from(ones.dataSync(), (_, i) => keeps(i) ? 1 / (1 - rate) : 0);
        return ones.mul(tf.tensor(mask, ones.shape));
      };
      const factories = tf.layers as unknown as Record<Kind, (options: Options) => RowLayer>;
      return factories[kind]({ units: UNITS, ...rates, dropoutFunc });
    },
    call: (_tf, layer, [x]) => layer.apply(x, { training }),
    reference([x], weights) {
      const cell = cellOf(kind, {}, weights);
      return unroll(x, training ? dropped(cell) : cell, zeroStates(kind)).last;
    },
  };
}

function cellRow(kind: Kind, options: Options): Row {
  return {
    ...recurrentRow(kind, options),
    subject: `${kind}Cell`,
    options: titled("in rnn", options),
    create: (tf) =>
      tf.layers.rnn({
        cell: make(`${kind}Cell`, { units: UNITS, ...options })(tf) as never,
        returnSequences: true,
      }) as unknown as RowLayer,
    reference: ([x], weights) =>
      unroll(x, cellOf(kind, options, weights), zeroStates(kind)).sequence,
  };
}

/** An LSTM under a GRU under a simple cell, of different widths. */
function stackedRow(subject: string, options: Options, wrap: boolean): Row {
  const kinds: [Kind, number][] = [["lstm", 3], ["gru", 2], ["simpleRNN", 4]];
  return {
    subject,
    options: titled(`${wrap ? "stackedRNNCells of" : "cells"} lstm, gru, simpleRNN`, options),
    inputs: [X],
    create(tf) {
      const cells = kinds.map(([kind, units]) => make(`${kind}Cell`, { units })(tf)) as never[];
      const cell = wrap ? tf.layers.stackedRNNCells({ cells }) : cells;
      return tf.layers.rnn({ cell: cell as never, ...options }) as unknown as RowLayer;
    },
    reference([x], weights) {
      const cell = stackedCell(
        kinds.map(([kind], i) => cellOf(kind, {}, weights.slice(3 * i, 3 * i + 3))),
        kinds.map(([kind]) => STATES[kind]),
      );
      const states = kinds.toReversed().flatMap(([kind, units]) => zeroStates(kind, units));
      return outputsOf(options, unroll(x, cell, states, options as Unroll));
    },
  };
}

const KINDS: Kind[] = ["simpleRNN", "gru", "lstm"];

/** Every recurrent layer and cell with matrices for kernels. */
export const RECURRENT: Row[] = [
  ...KINDS.flatMap((kind) => [
    recurrentRow(kind, {}),
    recurrentRow(kind, { useBias: false }),
    recurrentRow(kind, { returnSequences: true }),
    recurrentRow(kind, { returnState: true }),
    recurrentRow(kind, { returnSequences: true, returnState: true }),
    recurrentRow(kind, { goBackwards: true }),
    recurrentRow(kind, { goBackwards: true, returnSequences: true }),
    recurrentRow(kind, { activation: "relu" }),
    ...(kind === "simpleRNN" ? [] : [
      recurrentRow(kind, { recurrentActivation: "sigmoid" }),
      recurrentRow(kind, { implementation: 1 }),
    ]),
    ...(kind === "lstm" ? [recurrentRow(kind, { unitForgetBias: false })] : []),
    { ...recurrentRow(kind, {}, { ...SEQUENCE, steps: 1 }), options: "one step" },
    maskedRow(kind, {}),
    maskedRow(kind, { returnSequences: true, goBackwards: true }),
    initialStateRow(kind, {}),
    initialStateRow(kind, { returnSequences: true, returnState: true }),
    statefulRow(kind),
    dropoutRow(kind, true),
    dropoutRow(kind, false),
    cellRow(kind, {}),
    cellRow(kind, { useBias: false, activation: "sigmoid" }),
  ]),
  stackedRow("rnn", {}, false),
  stackedRow("rnn", { returnSequences: true, goBackwards: true }, false),
  stackedRow("stackedRNNCells", {}, true),
  stackedRow("stackedRNNCells", { returnSequences: true, returnState: true }, true),
];
