import type { Layer, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import type * as tfjs from "@tensorflow/tfjs";

/** What recurrent layers and their cells hold between calls; TensorFlow.js declares it private. */
interface Recurrent {
  stateful: boolean;
  states_: Tensor[] | null;
  keptStates: Tensor[][];
  cell: Cell & { cells?: Cell[] };
}

interface Cell {
  dropoutMask?: Tensor | Tensor[] | null;
  recurrentDropoutMask?: Tensor | Tensor[] | null;
}

/**
 * Sets aside everything that a forward pass changes in a model, and returns a function that puts it
 * back: moving statistics of batch normalisation, states of stateful recurrent layers, dropout masks
 * of their cells.
 *
 * @param tf The engine's TensorFlow.js.
 * @param layers The model's leaf layers.
 * @returns A function that restores all of it, bit by bit, and frees what the pass left behind.
 */
export function keepState(tf: TensorFlow, layers: Layer[]): () => void {
  const restore: (() => void)[] = [];
  for (const layer of layers) {
    if (layer.getClassName() === "BatchNormalization") restore.push(keepVariables(layer));
    const recurrent = layer as unknown as Recurrent;
    if (recurrent.cell === undefined) continue;
    if (recurrent.stateful && recurrent.states_) restore.push(keepStates(tf, recurrent));
    for (const cell of recurrent.cell.cells ?? [recurrent.cell]) restore.push(keepMasks(tf, cell));
  }
  return () => {
    for (const undo of restore) undo();
  };
}

/** A variable is never written in place, so a clone, which shares its data, is a copy. */
function keepVariables(layer: Layer): () => void {
  const saved = layer.nonTrainableWeights.map((weight) => {
    const variable = weight.read() as tfjs.Variable;
    return { variable, value: variable.clone() };
  });
  return () => {
    for (const { variable, value } of saved) {
      variable.assign(value);
      value.dispose();
    }
  };
}

function keepStates(tf: TensorFlow, layer: Recurrent): () => void {
  const { states_: states, keptStates } = layer;
  layer.states_ = states!.map((state) => tf.keep(state.clone()));
  layer.keptStates = [];
  return () => {
    tf.dispose(layer.states_!);
    tf.dispose(layer.keptStates);
    layer.states_ = states;
    layer.keptStates = keptStates;
  };
}

function keepMasks(tf: TensorFlow, cell: Cell): () => void {
  const { dropoutMask, recurrentDropoutMask } = cell;
  if (dropoutMask === undefined && recurrentDropoutMask === undefined) return () => {};
  cell.dropoutMask = null;
  cell.recurrentDropoutMask = null;
  return () => {
    tf.dispose([cell.dropoutMask, cell.recurrentDropoutMask].flat().filter((mask) => mask != null));
    cell.dropoutMask = dropoutMask;
    cell.recurrentDropoutMask = recurrentDropoutMask;
  };
}
