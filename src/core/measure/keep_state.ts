import { dataInfo } from "../../engine/heap/live_data.ts";
import { patchProperty } from "../../engine/patching.ts";
import type { Layer, LayersModel, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { wrapCall } from "./tap.ts";
import type * as tfjs from "@tensorflow/tfjs";

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
 * @param layers The model's layers, including those that hold others.
 * @returns A function that restores the state, bit by bit, and frees the remaining tensors of the
 * pass. Further calls do nothing.
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

function roleByMethods(value: object): Role {
  if (has(value, "assign", "dataSync")) return "variable";
  return has(value, "read", "write") || has(value, "call", "getClassName") ? "holder" : "other";
}

function roleOf(value: object): Role {
  const prototype = Object.getPrototypeOf(value);
  const known = roles.get(prototype);
  if (known !== undefined) return known;
  const role = roleByMethods(value);
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

/** Operation on the tape that TensorFlow.js records for the backward pass. */
export interface TapeNode {
  /** Name of the operation. */
  kernelName: string;
  /** Inputs of the operation, by name. */
  inputs: Record<string, Tensor>;
  /** Outputs of the operation. */
  outputs: Tensor[];
  /** Tensors kept for the backward pass. */
  saved: Tensor[];
  /**
   * Takes the gradients of the outputs, `null` if there is none; returns for each input a function
   * that computes its gradient. Some operations have none.
   */
  gradient?: (dys: (Tensor | null)[]) => Record<string, () => Tensor>;
}

/** Part of TensorFlow.js's state that gradients are recorded in; its types do not show it. */
interface EngineState {
  /** Number of nested gradients being recorded. */
  gradientDepth: number;
  /** Operations recorded so far. */
  activeTape: TapeNode[] | null | undefined;
  /** Innermost scope, with the tensors that it frees when it ends unless they are kept. */
  activeScope: { track: Tensor[] } | null;
}

/** Returns the state in which TensorFlow.js records gradients. */
export function engineState(tf: TensorFlow): EngineState {
  return (tf.engine() as unknown as { state: EngineState }).state;
}

/**
 * Makes TensorFlow.js record every operation of a forward pass, as its own gradients do.
 *
 * @param forward The forward pass. All tensors that it makes are freed, except those that the tape
 * keeps.
 * @returns The operations in their order. {@linkcode dropTape} frees the tensors that they keep.
 */
export function recordTape(tf: TensorFlow, forward: () => void): TapeNode[] {
  const state = engineState(tf);
  const recorder = tf.engine() as unknown as { startTape(): void; endTape(): void };
  // Inside another gradient the tape belongs to that one, and continues.
  const from = state.gradientDepth === 0 ? 0 : state.activeTape!.length;
  recorder.startTape();
  try {
    tf.tidy(forward);
  } finally {
    recorder.endTape();
  }
  return from === 0 ? state.activeTape! : state.activeTape!.slice(from);
}

/**
 * Runs code that gradients do not record, inside {@linkcode recordTape} too.
 *
 * @param run Code to run. It may record its own tape.
 */
export function withoutTape<T>(tf: TensorFlow, run: () => T): T {
  const state = engineState(tf);
  const { gradientDepth, activeTape } = state;
  state.gradientDepth = 0;
  try {
    return run();
  } finally {
    Object.assign(state, { gradientDepth, activeTape });
  }
}

/**
 * Frees the tensors that a tape still holds. Ops keep the tensors that they save for the backward
 * pass, so neither `tidy` nor a scope frees them; TensorFlow.js does only if a gradient succeeds.
 */
export function dropTape(tf: TensorFlow): void {
  const state = engineState(tf);
  if (state.gradientDepth !== 0 || state.activeTape == null) return;
  for (const { saved } of state.activeTape) for (const tensor of saved) tensor.dispose();
  state.activeTape = null;
}

/** Returns the id of the next tensor: ids grow, so any smaller one already exists. */
export function nextTensorId(tf: TensorFlow): number {
  // The counter is a private static field.
  return (tf.engine().constructor as unknown as { nextTensorId: number }).nextTensorId;
}

type SymbolicTensor = LayersModel["inputs"][number];

/** Run of a layer at one node of the graph. */
interface Run {
  /** Ids of its input tensors. */
  given: number[];
  /** Outputs of the layer. */
  outputs: Tensor | Tensor[];
  /** Outputs that TensorFlow.js has requested so far. */
  asked: Set<SymbolicTensor>;
}

/**
 * Makes every node of the graph run its layer once. TensorFlow.js walks the outputs of a graph, not
 * its nodes: it runs a layer (or a nested model, with all of its layers) once for each output that
 * is read, takes some tensors from the first run and others from the last, and so splits the
 * gradient of one tensor over several. The values are the same, the figures of a call are not.
 *
 * @param layers Layers and containers of a model, tapped already.
 * @returns A function that undoes this.
 */
export function runOnce(layers: readonly Layer[]): () => void {
  const restore: (() => void)[] = [];
  for (const layer of layers) {
    const places = layer.inboundNodes.map(({ outputTensors }) => outputTensors)
      .filter((outputs) => outputs.length > 1 && outputs[0].sourceLayer === layer);
    if (places.length === 0) continue;
    let next: SymbolicTensor | null = null;
    const runs = new Map<SymbolicTensor, Run>();
    for (const outputs of places) {
      for (const output of outputs) {
        const { inputs } = output;
        // TensorFlow.js looks up the inputs of an output just before it calls the layer for it.
        const get = () => {
          next = output;
          return inputs;
        };
        restore.push(patchProperty(output, "inputs", { get }));
      }
    }
    restore.push(wrapCall(layer, (call, inputs, kwargs) => {
      const output = next;
      next = null;
      // A wrapper calls the layer itself, outside of the graph.
      if (output === null) return call(inputs, kwargs);
      const [place] = places.find((outputs) => outputs.includes(output))!;
      const given = [inputs].flat().map(({ id }) => id);
      const run = runs.get(place);
      // A second request for the same output belongs to another call of the enclosing model.
      const isSame = run !== undefined && !run.asked.has(output) &&
        given.join() === run.given.join();
      if (isSame) {
        run.asked.add(output);
        return run.outputs;
      }
      const outputs = call(inputs, kwargs);
      runs.set(place, { given, outputs, asked: new Set([output]) });
      return outputs;
    }));
  }
  return () => {
    for (const step of restore.reverse()) step();
  };
}
