import { InputError, refusal } from "../../ground/words/input_error.ts";
import type { Engine } from "../../engine/engine.ts";
import { heapView } from "../../engine/heap/heap.ts";
import { runningEngine } from "../../engine/running_engine.ts";
import { prepareEngine } from "../../engine/start/prepare_engine.ts";
import { ensureEngine } from "../../engine/start/start_engine.ts";
import type { Layer, LayersModel, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { requireModelBatch } from "../measure/plan_pass.ts";
import { compiledLosses } from "../measure/choose_objective.ts";
import { dropTape, keepState } from "../measure/keep_state.ts";
import { MeasureError } from "../measure/measure_options.ts";
import { outputsOf } from "../model/keras_outputs.ts";
import {
  type ResolvedObjective,
  resolveLosses,
  resolveObjective,
} from "../measure/resolve_objective.ts";
import type { Batch } from "../model/batches/batch.ts";
import { containerLayers, leafLayers } from "../model/layers/leaf_layers.ts";
import type { Objective } from "../model/objective.ts";
import { requireModel } from "../model/require_model.ts";
import { modelWeights } from "../model/weights/model_weights.ts";
import { anyObject, nullable, number, optional, requireValue } from "../../ground/words/shape.ts";
import { showValue } from "../../ground/words/show_value.ts";
import type { ProbeOptions, ProbeSubject } from "./probe_options.ts";
import type * as tfjs from "@tensorflow/tfjs";

/** Model and batch of a probe, already validated. */
export interface OpenProbe {
  /** The engine. */
  engine: Engine;
  /** Its TensorFlow.js. */
  tf: TensorFlow;
  /** The model. */
  model: LayersModel;
  batch: Batch;
  /** Its inputs. */
  inputs: Tensor[];
  /** Its targets, if it has any. */
  targets: Tensor[] | null;
  /** Number of examples. */
  examples: number;
  /** Description for messages. */
  subject: ProbeSubject;
}

/**
 * Validates the arguments of a probe, and starts the engine if none is running.
 *
 * @throws {InputError} If the model is not a layers model, or the batch holds anything but tensors,
 * or if the batch does not suit the model, or the seed is not a whole number.
 */
export async function openProbe(
  model: LayersModel,
  batch: Batch,
  options: Pick<ProbeOptions, "seed">,
): Promise<OpenProbe> {
  requireValue("options", options, anyObject);
  const { seed = null } = options;
  requireModel(model);
  if (typeof batch !== "object" || batch === null || batch.inputs == null) {
    throw new InputError(refusal`batch is ${kindOf(batch)}, expected an object with inputs`);
  }
  requireValue("batch.seed", batch.seed, optional(nullable(number)));
  if (seed !== null && !Number.isSafeInteger(seed)) {
    throw new InputError(refusal`options.seed is ${showValue(seed)}, expected a whole number`);
  }
  const inputs = [batch.inputs].flat();
  const targets = batch.targets == null ? null : [batch.targets].flat();
  const examples = requireModelBatch(model, inputs, targets);
  const engine = runningEngine() ?? await ensureEngine();
  prepareEngine(engine, model);
  return {
    engine,
    tf: engine.tf,
    model,
    batch,
    inputs,
    targets,
    examples,
    subject: { model: { name: model.name }, seed, batch: { examples, seed: batch.seed ?? null } },
  };
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : typeof value;
}

/**
 * Returns the objective of a probe: the given one, the model's own losses, or the sum of the
 * outputs.
 *
 * @throws {InputError} If it is a loss, and there are no targets.
 */
export function probeObjective(
  { tf, model, targets }: Pick<OpenProbe, "tf" | "model" | "targets">,
  given: Objective | undefined,
): ResolvedObjective {
  const losses = given === undefined ? compiledLosses(model) : null;
  return losses === null
    ? resolveObjective(tf, model, { objective: given ?? "sum", targets })
    : resolveLosses(tf, losses, targets);
}

/** Probe whose model may be run and trained: everything that this changes is saved. */
export interface KeptProbe extends OpenProbe {
  /**
   * Restores, before the next pass, everything that a pass changes without training: recurrent
   * states, moving statistics and whatever else a layer writes when called. Passes that start from
   * different states cannot be compared. Trained weights stay unchanged, and so do the buffers that
   * a PyTorch program changes from step to step.
   */
  rewind(): void;
  /** Restores everything, bit by bit, and frees tensors leaked by a gradient that threw. */
  restore(): void;
}

/** Returns the buffers that steps of training change in a layer of a PyTorch program. */
const carriedState = (layer: Layer): tfjs.Variable[] =>
  (layer as { carriedState?: tfjs.Variable[] }).carriedState ?? [];

/** Returns true if steps of training change buffers of a PyTorch program. */
export const carriesState = (model: LayersModel): boolean =>
  leafLayers(model).some(({ layer }) => carriedState(layer).length > 0);

/**
 * Saves everything that running or training a model changes in it.
 *
 * @param options `buffers`: if those of a PyTorch program move from step to step, or each step
 * starts from the same ones. Default: `"carried"`.
 */
export function keepModel(
  probe: OpenProbe,
  { buffers = "carried" }: { buffers?: "carried" | "held" } = {},
): KeptProbe {
  const { tf, model } = probe;
  const leaves = leafLayers(model);
  // A wrapper may have state besides that of its inner layer.
  const layers = [...leaves.map(({ layer }) => layer), ...containerLayers(model)];
  // A clone shares the data, but variables are never written in place, so it keeps the old values.
  const own = modelWeights(model, leaves).map(({ variable, trainable }) => ({
    variable: variable.read() as tfjs.Variable,
    trainable,
  }));
  const carried = leaves.flatMap(({ layer }) => carriedState(layer)).map((variable) => ({
    variable,
    trainable: buffers === "carried",
  }));
  const weights = [...own, ...carried].map(({ variable, trainable }) => {
    return { variable, value: tf.keep(variable.clone()), trainable };
  });
  const trained = new Set(weights.filter(({ trainable }) => trainable).map((one) => one.variable));
  let restoreState = keepState(tf, layers, trained);
  return {
    ...probe,
    rewind() {
      restoreState();
      restoreState = keepState(tf, layers, trained);
    },
    restore() {
      dropTape(tf);
      restoreState();
      for (const { variable, value } of weights) {
        variable.assign(value);
        value.dispose();
      }
    },
  };
}

export function copyOf(tf: TensorFlow, tensor: Tensor): Float32Array {
  return Float32Array.from(heapView(tf, tensor));
}

/** Output of a model, copied from the engine. */
export interface Output {
  /** Its shape, examples first. */
  shape: number[];
  /** Its entries, row-major. */
  values: Float32Array;
}

/**
 * Runs a model on inputs in inference mode, from the states that it had before the probe.
 *
 * @returns Its outputs, in the model's order.
 */
export function runForward({ tf, model, rewind }: KeptProbe, inputs: Tensor[]): Output[] {
  rewind();
  // Cloned: a model may return an input as its output, and that one is not ours to dispose.
  const outputs = tf.tidy(() => outputsOf(tf, model, inputs).map((output) => output.clone()));
  const read = outputs.map((tensor) => ({ shape: [...tensor.shape], values: copyOf(tf, tensor) }));
  tf.dispose(outputs);
  return read;
}

/** Returns J of a model on these inputs, in inference mode, from the states before the probe. */
export function evaluateObjective(
  { tf, model, rewind }: KeptProbe,
  { name, evaluate }: ResolvedObjective,
  inputs: Tensor[],
): number {
  rewind();
  const value = tf.tidy(() => evaluate(outputsOf(tf, model, inputs)));
  if (typeof value?.dataSync !== "function") {
    throw new MeasureError(
      refusal`The objective ${name} returned ${
        showValue(value)
      }, expected a scalar of dtype float32`,
    );
  }
  const [number] = value.dataSync();
  value.dispose();
  return number;
}

/**
 * Returns the largest |difference| of two arrays of equal length; NaN if only one of a pair is NaN.
 */
export function largestChange(before: ArrayLike<number>, after: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < before.length; i++) {
    // Equal infinities do not differ, nor do two NaNs.
    if (Object.is(before[i], after[i])) continue;
    const change = Math.abs(before[i] - after[i]);
    if (!(change <= largest)) largest = change;
    if (Number.isNaN(largest)) return NaN;
  }
  return largest;
}

/** Returns the root mean square. */
export function rmsOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ** 2;
  return Math.sqrt(sum / Math.max(1, values.length));
}
