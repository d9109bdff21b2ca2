import type * as tfjs from "@tensorflow/tfjs";
import { dataInfo } from "../engine/live_data.ts";
import type { Layer, Tensor, TensorFlow } from "../engine/tensorflow.ts";

/**
 * State that recurrent layers and their cells hold between calls; TensorFlow.js declares it
 * private.
 */
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
 * Saves everything that a forward pass may change in a model, and returns a function that restores
 * it: all weights and other variables of layers, which any layer may write when it is called
 * (moving statistics, counters, averages), states of stateful recurrent layers, dropout masks of
 * cells.
 *
 * @param tf The engine's TensorFlow.js.
 * @param layers The model's layers, including those that hold others.
 * @param except Variables that are not restored. Default: none.
 * @returns A function that restores the state, bit by bit, and frees what the pass left behind.
 * Further calls do nothing.
 */
export function keepState(
  tf: TensorFlow,
  layers: Layer[],
  except: ReadonlySet<tfjs.Variable> = new Set(),
): () => void {
  const restore = [keepVariables(tf, layers, except)];
  for (const layer of layers) {
    const recurrent = layer as unknown as Recurrent;
    if (recurrent.cell === undefined) continue;
    if (recurrent.stateful && recurrent.states_) restore.push(keepStates(tf, recurrent));
    for (const cell of recurrent.cell.cells ?? [recurrent.cell]) restore.push(keepMasks(tf, cell));
  }
  return () => {
    for (const undo of restore.splice(0)) undo();
  };
}

/**
 * Runs code that may change the state of a model, then restores that state.
 *
 * @param tf The engine's TensorFlow.js.
 * @param layers The model's layers, including those that hold others.
 */
export function inSameState<T>(tf: TensorFlow, layers: Layer[], run: () => T): T {
  const restore = keepState(tf, layers);
  try {
    return run();
  } finally {
    restore();
  }
}

/** A variable is never written in place, so holding on to its data is as good as a copy. */
function keepVariables(
  tf: TensorFlow,
  layers: Layer[],
  except: ReadonlySet<tfjs.Variable>,
): () => void {
  const saved = variablesOf(layers)
    .filter((variable) => !variable.isDisposed && !except.has(variable))
    .map((variable) => ({ variable, dataId: variable.dataId }));
  for (const { dataId } of saved) dataInfo(tf, dataId)?.backend.incRef(dataId);
  return () => {
    for (const { variable, dataId } of saved) letGo(tf, variable, dataId);
  };
}

/**
 * Gives a variable back its held data. Makes a tensor of them only if the variable has others now.
 */
function letGo(tf: TensorFlow, variable: tfjs.Variable, dataId: tfjs.DataId): void {
  const info = dataInfo(tf, dataId);
  if (info === undefined) return;
  if (variable.dataId === dataId && !variable.isDisposed) {
    info.backend.disposeData(dataId);
    return;
  }
  const { shape, dtype } = variable;
  const value = tf.engine().makeTensorFromTensorInfo({ dataId, shape, dtype });
  if (!variable.isDisposed) variable.assign(value);
  value.dispose();
}

/**
 * Finds the variables that layers hold: weights, and those that a custom layer keeps beside them,
 * in a field or in inner layers unknown to TensorFlow.js.
 */
function variablesOf(layers: Layer[]): tfjs.Variable[] {
  const found: tfjs.Variable[] = [];
  const seen = new Set<object>();
  const visit = (value: unknown) => {
    if (typeof value !== "object" || value === null) return;
    const isList = Array.isArray(value);
    const role = isList ? "holder" : roleOf(value);
    // Most values are neither, and need not be remembered.
    if (role === "other" || seen.has(value)) return;
    seen.add(value);
    if (role === "variable") found.push(value as tfjs.Variable);
    else for (const one of isList ? value : Object.values(value)) visit(one);
  };
  visit(layers);
  return found;
}

/** Role of an object in a search for variables. */
type Role = "variable" | "holder" | "other";

/**
 * Roles of classes, by their prototypes: asking each object for its methods takes 4 % of a small
 * pass.
 */
const roles = new WeakMap<object, Role>();

function roleOf(value: object): Role {
  const prototype = Object.getPrototypeOf(value);
  const known = roles.get(prototype);
  if (known !== undefined) return known;
  const role = has(value, "assign", "dataSync")
    ? "variable"
    : has(value, "read", "write") || has(value, "call", "getClassName")
    ? "holder"
    : "other";
  // Objects without a class may each have other methods.
  if (prototype !== null && prototype !== Object.prototype) roles.set(prototype, role);
  return role;
}

/** Returns true if a value has two methods. */
function has(value: object, first: string, second: string): boolean {
  const methods = value as Record<string, unknown>;
  return typeof methods[first] === "function" && typeof methods[second] === "function";
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
