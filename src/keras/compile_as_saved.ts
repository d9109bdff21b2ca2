import type { LayersModel, Optimizer, TensorFlow } from "../engine/tensorflow.ts";
import { computeAsKeras, computesAsKeras } from "../model/kept_logits.ts";
import { kerasLoss } from "../model/loss_functions.ts";
import type { LossFunction, LossSettings } from "../model/objective.ts";
import { noteNotReproduced } from "../model/loaded_model.ts";
import { readSavedLoss } from "../model/saved_loss.ts";
import { type LossName, lossTraits } from "../traits/losses.ts";
import { savedMetrics } from "./saved_metrics.ts";
import { isJson, type Json, sortedKeys } from "./topology/topology_json.ts";
import {
  attachOptimizer,
  namesOptimizer,
  ownOptimizer,
  savedOptimizer,
  unknownOptimizer,
} from "./saved_optimizer.ts";

/** Fields that `compile` sets; a sequential model delegates to an inner one. */
interface Compiled {
  loss: unknown;
  lossFunctions: LossFunction[];
  model?: Compiled;
}

/**
 * Compiles a model with the loss that its model.json names, as TensorFlow.js writes it
 * (`trainingConfig`) or as a converted Keras model has it (`training_config`), with its metrics and
 * its optimizer. If a loss is missing or cannot be reproduced, the model gets only its optimizer.
 *
 * @param json Content of the file.
 */
export function compileAsSaved(
  tf: TensorFlow,
  model: LayersModel,
  json: Record<string, unknown>,
): void {
  const topology = Object(json.modelTopology) as Record<string, unknown>;
  const saved = Object(json.trainingConfig ?? topology.training_config) as Record<string, unknown>;
  if (saved.loss === undefined || saved.loss === null) {
    if (!namesOptimizer(saved)) return;
    // Keras then trains on what layers or the program's own training step add, or not at all.
    noteNotReproduced(model, { setting: "loss", name: null, substitute: null });
    attachOptimizer(model, optimizerFor(tf, model, saved));
    return;
  }
  const { outputs, outputNames = [] } = model;
  // A `tf.sequential()` has one output, and does not name it.
  const names = outputs.map((output, i) => outputNames[i] ?? output.name);
  const told = lossesByOutput(saved.loss, names);
  const losses = told.map((loss) => loss == null ? null : readSavedLoss(loss));
  const known = losses.flatMap((loss) => loss?.settings ?? []);
  const weights = weightsByOutput(saved.loss_weights, names);
  const isTrained = losses.some((loss, i) => loss !== null && weights[i] !== 0);
  if (!isTrained || losses.some((loss) => loss?.settings === null)) {
    const unknown = losses.flatMap((loss) => loss?.settings === null ? [loss.name] : []);
    const untrained = losses.flatMap((loss) => loss === null ? [] : [`${loss.name} of weight 0`]);
    const all = [...new Set(unknown.length > 0 ? unknown : untrained)];
    const name = all.join(", ") || JSON.stringify(saved.loss);
    noteNotReproduced(model, { setting: "loss", name, substitute: null });
    // The learning rate can be judged with any loss.
    if (namesOptimizer(saved)) attachOptimizer(model, optimizerFor(tf, model, saved));
    return;
  }
  const settings = losses.map((loss, i): LossSettings => {
    if (loss === null) return { ...known[0], weight: 0 };
    const own = { ...loss.settings! };
    if (weights[i] !== 1) own.weight = weights[i];
    if (computesAsKeras(model) && lossTraits(own.name)!.targets === "signs") own.takesLabels = true;
    return own;
  });
  if (losses.some((loss) => loss?.lacksDelta)) {
    noteNotReproduced(model, { setting: "argument", name: "delta of Huber", substitute: "1" });
  }
  const plain = settings.map(({ name }) => plainLoss(name));
  model.compile({
    optimizer: optimizerFor(tf, model, saved),
    loss: outputs.length === 1 ? plain[0] : plain,
    metrics: savedMetrics(saved.metrics, names),
  });
  ownOptimizer(model);
  setLosses(tf, model, settings);
}

/**
 * Makes a model whose file Keras wrote compute losses as Keras on TensorFlow does, and compiles it
 * as saved. Where it returns a dictionary, its outputs are called by the keys, as in `compile`.
 *
 * @param training Training configuration of the file.
 * @param topology Layers in the file.
 */
export function compileAsInKeras(
  tf: TensorFlow,
  model: LayersModel,
  training: unknown,
  topology: Json = {},
): void {
  const { output_layers: outputs } = Object(topology.config) as Json;
  if (isJson(outputs)) model.outputNames = sortedKeys(outputs);
  computeAsKeras(model);
  compileAsSaved(tf, model, { trainingConfig: training });
}

/** Returns the saved optimizer, and records if it is not reproduced. */
function optimizerFor(
  tf: TensorFlow,
  model: LayersModel,
  saved: Record<string, unknown>,
): Optimizer {
  const optimizer = savedOptimizer(tf, saved);
  const name = unknownOptimizer(optimizer);
  if (name !== null) noteNotReproduced(model, { setting: "optimizer", name, substitute: "Adam" });
  return optimizer;
}

/**
 * Returns the loss of each output from one for all, a list, or an object by the names of outputs.
 */
function lossesByOutput(loss: unknown, names: readonly string[]): unknown[] {
  if (typeof loss !== "object" || Object.hasOwn(loss!, "class_name")) return names.map(() => loss);
  if (Array.isArray(loss)) return loss.length === names.length ? loss : [];
  return byName(loss as Record<string, unknown>, names);
}

/** Looks up each output. A sequential model does not know the name of its only one. */
function byName(parts: Record<string, unknown>, names: readonly string[]): unknown[] {
  if (names.length === 1) return Object.values(parts).slice(0, 1);
  return names.map((name) => Object.hasOwn(parts, name) ? parts[name] : null);
}

/** Returns the factor of each output's loss. */
function weightsByOutput(told: unknown, names: readonly string[]): number[] {
  if (typeof told === "number") return names.map(() => told);
  const weights: unknown[] = Array.isArray(told) ? told : byName(Object(told), names);
  return names.map((_, i) => typeof weights[i] === "number" ? weights[i] : 1);
}

/**
 * Returns a loss of TensorFlow.js for the same targets: from it, TensorFlow.js chooses the right
 * metric for `accuracy`.
 */
function plainLoss(name: LossName): LossName {
  const { family, targets, from } = lossTraits(name)!;
  if (from === "name") return name;
  if (family === "labels") return "binaryCrossentropy";
  if (family !== "classes") return "meanSquaredError";
  return targets === "classes" ? "sparseCategoricalCrossentropy" : "categoricalCrossentropy";
}

/** Sets losses of a compiled model that TensorFlow.js does not accept by name. */
function setLosses(tf: TensorFlow, model: LayersModel, settings: readonly LossSettings[]): void {
  const isByName = ({ name, ...options }: LossSettings) =>
    lossTraits(name)!.from === "name" && Object.keys(options).length === 0;
  if (settings.every(isByName)) return;
  const outer = model as unknown as Compiled;
  const compiled = outer.model ?? outer;
  const functions = settings.map((one, i) =>
    isByName(one) ? compiled.lossFunctions[i] : kerasLoss(tf, one)
  );
  compiled.lossFunctions = functions;
  compiled.loss = settings.map((one, i) => isByName(one) ? one.name : functions[i]);
}
