import { isObject } from "../ground/words/shape.ts";
import type { LayersModel, Optimizer, TensorFlow } from "../engine/tensorflow.ts";
import { computeAsKeras, computesAsKeras } from "../core/model/keras_outputs.ts";
import { noteNotReproduced } from "../core/model/loaded_model.ts";
import { kerasLoss } from "../core/model/loss_functions.ts";
import type { LossFunction, LossSettings } from "../core/model/objective.ts";
import { findLoss, FROM_LOGITS, type LossName, lossTraits } from "../ground/traits/losses.ts";
import {
  optimizerName,
  OPTIMIZERS,
  optimizerWords,
  readNumber,
  readRate,
  readSetting,
} from "../ground/traits/optimizers.ts";
import { showValue } from "../ground/words/show_value.ts";
import { isStandIn, kerasOptimizer } from "../engine/optimizers/keras_optimizer.ts";
import { savedMetrics } from "../core/model/saved_metrics.ts";
import { type Json, sortedKeys } from "./topology/topology_json.ts";

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
  for (const [name, { substitute }] of lacking(losses)) {
    noteNotReproduced(model, { setting: "argument", name, substitute });
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
  if (isObject(outputs)) model.outputNames = sortedKeys(outputs);
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

/**
 * Returns the optimizer that a training configuration names, with its learning rate and settings.
 * Keras writes `optimizer_config`, and from version 3 on `optimizer`; a name alone means Keras's
 * defaults. An optimizer that cannot be reproduced keeps its name and rate, and another one
 * replaces its steps.
 *
 * @param saved Training configuration of the file.
 */
export function savedOptimizer(tf: TensorFlow, saved: Record<string, unknown>): Optimizer {
  const { className, config } = writtenOptimizer(optimizerIn(saved));
  const name = optimizerName(className, config);
  const { rate, schedule } = readRate(config) ??
    { rate: name === null ? null : OPTIMIZERS[name].rate };
  const Optimizer = kerasOptimizer(tf);
  const decay = legacyDecay(config);
  return new Optimizer({
    ...config,
    optimizer: name ?? className,
    learningRate: rate,
    schedule: schedule?.saved ?? (decay > 0 && rate !== null ? slowing(rate, decay) : undefined),
  });
}

/** True if a training configuration names an optimizer. */
const namesOptimizer = (saved: Record<string, unknown>): boolean =>
  (optimizerIn(saved) ?? null) !== null;

const optimizerIn = (saved: Record<string, unknown>): unknown =>
  saved.optimizer_config ?? saved.optimizer;

/** Returns class name and configuration of an optimizer in any of its written forms. */
function writtenOptimizer(written: unknown): { className: string; config: object } {
  if (typeof written === "string") return { className: written, config: {} };
  const { className, config } = parts(written);
  // Mixed precision scales the loss, and scales the gradients back.
  const inner = parts(readSetting(config, "innerOptimizer"));
  const named = inner.className === undefined ? { className, config } : inner;
  if (typeof named.className !== "string") return { className: "Adam", config: {} };
  return { className: named.className, config: named.config };
}

const parts = (written: unknown): { className: unknown; config: object } => ({
  className: ownClassName(written) ?? readSetting(Object(written), "className"),
  config: Object(readSetting(Object(written), "config")),
});

/**
 * Returns the decay of the rate in Keras 2 and in TensorFlow.js's Adamax. The `decay` of
 * TensorFlow.js's RMSProp is its rho.
 */
function legacyDecay(config: object): number {
  const isStockRmsProp = readSetting(config, "centered") !== undefined &&
    readSetting(config, "rho") === undefined;
  return isStockRmsProp ? 0 : readNumber(config, "decay");
}

/** Returns the schedule of a rate with a legacy decay. */
const slowing = (rate: number, decay: number) => ({
  class_name: "InverseTimeDecay",
  config: { initial_learning_rate: rate, decay_steps: 1, decay_rate: decay, staircase: false },
});

/** Describes an optimizer that cannot be reproduced; `null` if it can be. */
export function unknownOptimizer(optimizer: Optimizer): string | null {
  if (!isStandIn(optimizer)) return null;
  const { schedule } = optimizer.getConfig();
  const className = readSetting(Object(schedule), "className");
  return optimizerWords({
    name: optimizer.getClassName(),
    ...typeof className === "string" ? { schedule: className } : {},
  });
}

/** Gives a model an optimizer without compiling it. */
export function attachOptimizer(model: LayersModel, optimizer: Optimizer): void {
  // A sequential model passes it to an inner model, which it makes when it is built.
  const sequential = model as unknown as { model?: LayersModel; build(): void };
  if (sequential.model === undefined && model.getClassName() === "Sequential") sequential.build();
  model.optimizer = optimizer;
}

/** Makes a compiled model own its optimizer, which is then disposed with it. */
export function ownOptimizer(model: LayersModel): void {
  type Owner = { isOptimizerOwned: boolean; model?: Owner };
  const owner = model as unknown as Owner;
  owner.isOptimizerOwned = true;
  // A sequential model compiles an inner model.
  if (owner.model !== undefined) owner.model.isOptimizerOwned = true;
}

/** Loss of a training configuration. */
interface SavedLoss {
  /** Name in the program, with the settings that keep it from being reproduced. */
  name: string;
  /** Settings; `null` if it cannot be reproduced. */
  settings: LossSettings | null;
  /** Argument that the configuration of Keras 3 leaves out. */
  lacks?: UnsavedArgument;
}

/** Argument of a loss that Keras 3 does not save. */
interface UnsavedArgument {
  /** Name in the program. */
  argument: string;
  /** Value that Keras gives it when it loads the file. */
  substitute: string;
}

/** Losses whose configuration of Keras 3 lacks an argument. */
const UNSAVED: Partial<Record<LossName, UnsavedArgument>> = {
  huber: { argument: "delta", substitute: "1" },
  cosineProximity: { argument: "axis", substitute: "-1" },
};

/** Lists arguments that losses lack, each once, by their names in sentences: `delta of Huber`. */
const lacking = (losses: readonly (SavedLoss | null)[]): Map<string, UnsavedArgument> =>
  new Map(
    losses.flatMap((loss) =>
      loss?.lacks === undefined ? [] : [[`${loss.lacks.argument} of ${loss.name}`, loss.lacks]]
    ),
  );

/** Ways in which Keras reduces the losses of all rows to one number. */
const MEANS = ["sum_over_batch_size", "mean", "mean_with_sample_weight", "auto"];

/**
 * Returns the name under which a program registered its own class, `Custom>Huber`, whose class name may be that of
 * one of Keras's classes; `null` for a class of Keras. Functions are written by name alone.
 */
export function ownClassName(saved: unknown): string | null {
  const { class_name: className, registered_name: name } = Object(saved) as Record<string, unknown>;
  return typeof name === "string" && className !== "function" ? name : null;
}

/**
 * Reads a loss as Keras or TensorFlow.js saves it: a name, a class with its configuration, or a function, which Keras 3
 * writes as a class `function` whose configuration is its name.
 */
export function readSavedLoss(saved: unknown): SavedLoss {
  const { class_name, config } = Object(saved) as { class_name?: unknown; config?: unknown };
  const isFunction = class_name === "function";
  const ofClass = isFunction ? config : class_name;
  const told = typeof saved === "string" ? saved : ofClass;
  const name = typeof told === "string" ? told : "a loss without a name";
  const own = (isFunction ? {} : Object(config)) as Record<string, unknown>;
  const unknown = (setting?: string): SavedLoss => ({
    name: setting === undefined ? name : `${name} with ${setting}`,
    settings: null,
  });
  const ownName = ownClassName(saved);
  if (ownName !== null) return { name: ownName, settings: null };
  const plain = findLoss(name);
  if (plain === null) return unknown();
  const loss = own.from_logits === true ? FROM_LOGITS[plain] : plain;
  if (loss === undefined) return unknown("from_logits");
  if (own.ignore_class != null) return unknown("ignore_class");
  const axes = axesOf(loss, own.axis);
  if (axes === null) return unknown(`axis ${showValue(own.axis)}`);
  const settings = optionsOf(loss, own);
  if (settings === null) return unknown(`reduction ${showValue(own.reduction)}`);
  const lacks = typeof saved === "string" || isFunction ? undefined : UNSAVED[plain];
  return {
    name,
    settings: { ...settings, ...axes === undefined ? {} : { axes } },
    ...lacks === undefined || own[lacks.argument] !== undefined ? {} : { lacks },
  };
}

/**
 * Returns the axes of an overlap, which Keras saves as a number, a list or a tuple; `undefined` for the
 * default, and `null` if they are not reproduced.
 */
function axesOf(name: LossName, axis: unknown): readonly number[] | undefined | null {
  if (lossTraits(name)!.family !== "overlap") {
    return axis === undefined || axis === -1 ? undefined : null;
  }
  const { items = axis } = Object(axis) as { items?: unknown };
  if (items == null) return undefined;
  const axes: unknown[] = [items].flat();
  return axes.every((one) => Number.isInteger(one)) ? axes as number[] : null;
}

function optionsOf(name: LossName, own: Record<string, unknown>): LossSettings | null {
  const settings: LossSettings = { name };
  const { reduction = MEANS[0], label_smoothing, delta, alpha, gamma } = own;
  if (reduction === "sum" || reduction === "none" || reduction === null) {
    // Without a reduction Keras differentiates a vector, and so the sum of its entries.
    settings.reduction = "sum";
  } else if (!MEANS.includes(reduction as string)) {
    return null;
  }
  const { family } = lossTraits(name)!;
  const isSmooth = typeof label_smoothing === "number" && label_smoothing > 0;
  if (isSmooth && (family === "classes" || family === "labels")) {
    settings.labelSmoothing = label_smoothing;
  }
  if (name === "huber" && typeof delta === "number" && delta !== 1) settings.delta = delta;
  if (name === "tversky") {
    if (typeof alpha === "number" && alpha !== 0.5) settings.alpha = alpha;
    if (typeof own.beta === "number" && own.beta !== 0.5) settings.beta = own.beta;
  }
  if (!name.includes("Focal")) return settings;
  if (typeof alpha === "number" && alpha !== 0.25) settings.alpha = alpha;
  if (typeof gamma === "number" && gamma !== 2) settings.gamma = gamma;
  if (own.apply_class_balancing === true) settings.balanced = true;
  return settings;
}
