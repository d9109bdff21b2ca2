import type { RecurrentCell } from "../../engine/native/operations.ts";
import { recurrentSequence, sequenceTapsOf } from "../../engine/repairs/recurrent_sequence.ts";
import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";
import type { AtenContext, AtenOp, AtenValue } from "./aten_op.ts";
import { dropout } from "./creation.ts";
import { type CellName, CELLS, cellsOf, type ObservableCell } from "./recurrent_cells.ts";
import { aten } from "./schema.ts";

/** Weights of one layer in one direction, as PyTorch has them: a row of gates above each other. */
interface CellWeights {
  ofInput: Tensor;
  ofState: Tensor;
  biasOfInput: Tensor | null;
  biasOfState: Tensor | null;
  /** Projection of the output of an LSTM. */
  projection: Tensor | null;
}

/** Puts the gates of a GRU in the order of this project's op: z before r. */
function inOrder(tf: TensorFlow, { kind }: RecurrentCell, weight: Tensor): Tensor {
  if (kind !== "gru") return weight;
  const [reset, update, candidate] = tf.split(weight, 3, 0);
  return tf.concat([update, reset, candidate], 0);
}

/** Converts weights of PyTorch to those of this project's op. */
function sequenceWeights(tf: TensorFlow, cell: RecurrentCell, weights: CellWeights) {
  const own = (weight: Tensor) => inOrder(tf, cell, weight);
  const kernel = tf.transpose(own(weights.ofInput));
  const recurrentKernel = tf.transpose(own(weights.ofState));
  if (weights.biasOfInput === null || weights.biasOfState === null) {
    return { kernel, recurrentKernel };
  }
  const bias = own(weights.biasOfInput), inner = own(weights.biasOfState);
  if (cell.kind !== "gru") return { kernel, recurrentKernel, bias: tf.add(bias, inner) as Tensor };
  const units = bias.size / 3;
  const [ofGates, ofCandidate] = tf.split(inner, [2 * units, units]);
  const both = tf.add(bias, tf.concat([ofGates, tf.zeros([units])])) as Tensor;
  return { kernel, recurrentKernel, bias: both, innerBias: ofCandidate };
}

const GATES = { lstm: 4, gru: 3, simple: 1 };

/** Rejects weights and states of other shapes: the op would read beyond them. */
function requireShapes(
  cell: RecurrentCell,
  { x, initial, weights }: { x: Tensor; initial: Tensor[]; weights: CellWeights },
): void {
  const [examples, , features] = x.shape;
  const units = weights.ofState.shape[1] ?? 0;
  const rows = GATES[cell.kind] * units;
  const requireShape = (name: string, { shape }: Tensor, expected: number[]) => {
    if (shape.join() === expected.join()) return;
    throw new InputError({
      place: name,
      verb: "has",
      found: `the shape [${shape.join(", ")}]`,
      expected: `[${expected.join(", ")}]`,
    });
  };
  requireShape("w_ih", weights.ofInput, [rows, features]);
  requireShape("w_hh", weights.ofState, [rows, units]);
  if (weights.biasOfInput !== null) requireShape("b_ih", weights.biasOfInput, [rows]);
  if (weights.biasOfState !== null) requireShape("b_hh", weights.biasOfState, [rows]);
  for (const state of initial) requireShape("hx", state, [examples, units]);
}

/** Input, state and weights of one layer in one direction. */
interface Direction {
  cell: ObservableCell;
  /** Input as [batch, steps, features]. */
  x: Tensor;
  initial: Tensor[];
  weights: CellWeights;
  /** True to go through the steps from the last to the first. */
  isBack: boolean;
}

/** Runs one layer in one direction over [batch, steps, features]. */
function runDirection(
  tf: TensorFlow,
  { cell, x, initial, weights, isBack }: Direction,
): { h: Tensor; last: Tensor[] } {
  if (weights.projection !== null) return runProjected(tf, { cell, x, initial, weights, isBack });
  requireShapes(cell.op, { x, initial, weights });
  const { h, last } = recurrentSequence(tf, {
    cell: cell.op,
    x: isBack ? tf.reverse(x, 1) : x,
    weights: sequenceWeights(tf, cell.op, weights),
    initial,
    wantsState: true,
    taps: sequenceTapsOf(cell),
  });
  return { h: isBack ? tf.reverse(h, 1) : h, last: last() };
}

/** Runs an LSTM whose output is projected step by step, since each step reads the projection. */
function runProjected(
  tf: TensorFlow,
  { cell, x, initial, weights, isBack }: Direction,
): { h: Tensor; last: Tensor[] } {
  const product = (x: Tensor, weight: Tensor, bias: Tensor | null) => {
    const sum = tf.matMul(x, weight, false, true) as Tensor;
    return bias === null ? sum : tf.add(sum, bias) as Tensor;
  };
  const steps = tf.unstack(isBack ? tf.reverse(x, 1) : x, 1);
  let [h, c] = initial;
  const outputs = steps.map((step) => {
    const ofInput = product(step, weights.ofInput, weights.biasOfInput);
    const z = tf.add(ofInput, product(h, weights.ofState, weights.biasOfState)) as Tensor;
    const [output, state] = cell.call([z, c]);
    c = state;
    h = product(output, weights.projection!, null);
    return h;
  });
  const all = tf.stack(outputs, 1) as Tensor;
  return { h: isBack ? tf.reverse(all, 1) : all, last: [h, c] };
}

/** Arguments of a recurrent network of PyTorch. */
interface Network {
  input: Tensor;
  params: readonly Tensor[];
  has_biases: boolean;
  num_layers: number;
  dropout: number;
  train: boolean;
  bidirectional: boolean;
  batch_first: boolean;
}

/** Returns the weights of each layer and direction. */
function weightsOf({ params, has_biases, num_layers, bidirectional }: Network): CellWeights[] {
  const count = num_layers * (bidirectional ? 2 : 1);
  const each = params.length / count, plain = has_biases ? 4 : 2;
  if (each !== plain && each !== plain + 1) {
    throw new InputError({
      place: "params",
      verb: "has",
      found: `${params.length} tensors`,
      expected: `${plain} for each of ${count} layers and directions`,
    });
  }
  return Array.from({ length: count }, (_, i) => {
    const own = params.slice(i * each, (i + 1) * each);
    return {
      ofInput: own[0],
      ofState: own[1],
      biasOfInput: has_biases ? own[2] : null,
      biasOfState: has_biases ? own[3] : null,
      projection: each > plain ? own.at(-1)! : null,
    };
  });
}

/** Runs all layers; `states` are h, and c of an LSTM, for all layers and directions. */
function runNetwork(
  context: AtenContext,
  kind: CellName,
  network: Network,
  states: readonly Tensor[],
): AtenValue {
  const { tf } = context;
  const { input, num_layers, bidirectional, train, batch_first } = network;
  const weights = weightsOf(network);
  const cells = context.cells ??
    cellsOf(tf, kind, { layers: num_layers, isBidirectional: bidirectional })!;
  const directions = bidirectional ? 2 : 1;
  const initial = states.map((state) => tf.unstack(state));
  const ends: Tensor[][] = states.map(() => []);
  let x = batch_first ? input : tf.transpose(input, [1, 0, 2]);
  for (let layer = 0; layer < num_layers; layer++) {
    const outputs = Array.from({ length: directions }, (_, direction) => {
      const at = layer * directions + direction;
      const { h, last } = runDirection(tf, {
        cell: cells[at],
        x,
        initial: initial.map((state) => state[at]),
        weights: weights[at],
        isBack: direction === 1,
      });
      last.forEach((state, i) => ends[i].push(state));
      return h;
    });
    x = outputs.length === 1 ? outputs[0] : tf.concat(outputs, 2);
    if (train && layer < num_layers - 1) x = dropout(context, x, network.dropout);
  }
  const output = batch_first ? x : tf.transpose(x, [1, 0, 2]);
  return [output, ...ends.map((states) => tf.stack(states))];
}

/** Arguments of a single step. */
interface Step {
  input: Tensor;
  w_ih: Tensor;
  w_hh: Tensor;
  b_ih: Tensor | null;
  b_hh: Tensor | null;
}

/** Runs one step of a cell: a sequence of one. */
function runStep(
  { tf, cells }: AtenContext,
  kind: CellName,
  step: Step,
  initial: Tensor[],
): Tensor[] {
  const isSingle = step.input.rank === 1;
  const rows = (x: Tensor) => isSingle ? tf.reshape(x, [1, x.size]) : x;
  const x = rows(step.input);
  const { last } = runDirection(tf, {
    cell: (cells ?? cellsOf(tf, kind, { layers: 1, isBidirectional: false })!)[0],
    x: tf.expandDims(x, 1),
    initial: initial.map(rows),
    weights: {
      ofInput: step.w_ih,
      ofState: step.w_hh,
      biasOfInput: step.b_ih,
      biasOfState: step.b_hh,
      projection: null,
    },
    isBack: false,
  });
  return last.map((state) => isSingle ? tf.reshape(state, [state.size]) : state);
}

const NETWORK =
  "Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first";
const CELL = "Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None";

/** Recurrent networks and their cells. */
export const RECURRENT: readonly AtenOp[] = [
  aten(
    `lstm.input(Tensor input, Tensor[] hx, ${NETWORK}) -> (Tensor, Tensor, Tensor)`,
    ({ hx, ...network }, context) => runNetwork(context, "lstm", network, hx),
  ),
  aten(
    `lstm_cell(Tensor input, Tensor[] hx, ${CELL}) -> (Tensor, Tensor)`,
    ({ hx, ...step }, context) => runStep(context, "lstm", step, [...hx]),
  ),
  ...(Object.keys(CELLS) as CellName[]).filter((kind) => kind !== "lstm").flatMap((kind) => [
    aten(
      `${kind}.input(Tensor input, Tensor hx, ${NETWORK}) -> (Tensor, Tensor)`,
      ({ hx, ...network }, context) => runNetwork(context, kind, network, [hx]),
    ),
    aten(
      `${kind}_cell(Tensor input, Tensor hx, ${CELL}) -> Tensor`,
      ({ hx, ...step }, context) => runStep(context, kind, step, [hx])[0],
    ),
  ]),
];
