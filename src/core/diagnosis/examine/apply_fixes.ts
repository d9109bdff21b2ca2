import { InputError } from "../../../ground/words/input_error.ts";
import { requireEngine } from "../../../engine/running_engine.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../../engine/tensorflow.ts";
import type { Batch } from "../../model/batches/batch.ts";
import { randomTargets } from "../../model/batches/random_batch.ts";
import { leafLayers } from "../../model/layers/leaf_layers.ts";
import type { Objective } from "../../model/objective.ts";
import { requireModel } from "../../model/require_model.ts";
import { modelWeights } from "../../model/weights/model_weights.ts";
import { list, object, requireValue, string } from "../../../ground/words/shape.ts";
import { showValue } from "../../../ground/words/show_value.ts";
import {
  type Fix,
  type FixWeight,
  initializerIn,
  isWeightFix,
  requireFix,
  type WeightFix,
} from "../fix.ts";
import { VARIES_FROM } from "../framework_words.ts";
import type * as tfjs from "@tensorflow/tfjs";

/** Result of applying fixes to a model. */
export interface AppliedFixes {
  /** Names of the weights that were changed, as {@linkcode modelWeights} gives them. */
  changed: string[];
  /** Fixes that do not change weights: they are for the code, or for the data. */
  left: Fix[];
}

/**
 * Applies to a model, permanently, the fixes that only change weights: kernels rescaled or drawn
 * again, biases set. Every other weight keeps its bits. If anything is wrong, no weight is changed.
 *
 * @param model A built model.
 * @param fixes The fixes, in this order, as {@linkcode examine} found them.
 * @returns The changed weights, and the fixes that do not change weights.
 *
 * @example Fix the exercise network and examine it again
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { applyFixes, examine } from "@gradient-health/gradient-health/examine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel();
 * const batch = randomBatch(model);
 * const { fixes } = await examine(model, batch);
 * const { changed, left } = applyFixes(model, fixes);
 * assertEquals([changed.length, left], [9, []]);
 * assertEquals((await examine(model, batch)).diagnosis.verdict, "healthy");
 * model.dispose();
 * ```
 *
 * @throws {EngineError} If no engine runs.
 * @throws {InputError} If a fix is invalid, or names a weight that the model does not have.
 */
export function applyFixes(model: LayersModel, fixes: readonly Fix[]): AppliedFixes {
  requireModel(model);
  requireValue("fixes", fixes, list(object({ kind: string })));
  const { tf } = requireEngine();
  const known = new Map(modelWeights(model).map((weight) => [weight.weightName, weight]));
  const changed = new Set<string>();
  const own = fixes.filter(isWeightFix);
  for (const fix of own) {
    requireFix(`fixes[${fixes.indexOf(fix)}]`, fix);
    for (const { weight } of fix.weights) {
      if (!known.has(weight)) {
        throw new InputError({
          place: "The fixes",
          verb: "are for",
          found: `a weight ${showValue(weight)}`,
          expected: "one that the model has",
        });
      }
      changed.add(weight);
    }
  }
  tf.tidy(() => {
    for (const fix of own) {
      const change = weightChange(tf, fix);
      for (const weight of fix.weights) {
        const value = known.get(weight.weight)!.variable.read();
        // A fresh tensor: XNNPACK keeps using the old weights if one is written in place.
        const variable = value as Tensor as unknown as { assign(value: Tensor): void };
        variable.assign(change(value as Tensor, weight));
      }
    }
  });
  return { changed: [...changed], left: fixes.filter((fix) => !isWeightFix(fix)) };
}

/** Model, batch and objective, which a fix may change. */
export interface FixSubject {
  /** Model; a fix changes it in place until undone. */
  model: LayersModel;
  /** Batch; a fix replaces it. */
  batch: Batch;
  /** Objective; a fix may replace it. */
  objective: Objective | undefined;
}

/** Subject with a fix applied, and a way to undo it. */
export interface Fixed {
  subject: FixSubject;
  /** Restores the model, bit by bit, and frees the tensors that the fix made. */
  undo(): void;
}

/**
 * Applies a fix.
 *
 * @returns The fixed subject, or `null` if the fix requires another model than this one.
 */
export function applyFix(tf: TensorFlow, subject: FixSubject, fix: Fix): Fixed | null {
  switch (fix.kind) {
    case "rescale":
    case "redraw":
    case "set-bias":
      return changeWeights(tf, subject, fix.weights, weightChange(tf, fix));
    case "normalize-input":
    case "normalize-targets":
    case "reshape-targets":
    case "shift-classes":
      return changeBatch(tf, subject, fix);
    case "activation": {
      const activated = changeActivations(tf, subject, fix.layers, fix.to);
      if (activated === null) return null;
      const rescaled = applyFix(tf, subject, {
        kind: "rescale",
        weights: fix.rescale,
        initializer: null,
      });
      return both(rescaled, activated);
    }
    case "head":
      return changeHead(tf, subject, fix);
    case "unfreeze":
      return unfreeze(subject, fix.layers);
    case "dropout":
      return changeFields(subject, fix.layers, { rate: fix.rate });
    case "remove-activation":
      return changeActivations(tf, subject, [fix.layer], "linear");
    case "penalties":
      return weakenPenalties(tf, subject, fix);
    case "learning-rate":
      return changeRate(subject, fix.to);
    case "rebuild":
      return null;
  }
}

function weightChange(
  tf: TensorFlow,
  fix: WeightFix,
): (value: Tensor, weight: FixWeight) => Tensor {
  switch (fix.kind) {
    case "rescale": {
      const factors = new Map(fix.weights.map(({ weight, factor }) => [weight, factor]));
      return (value, { weight }) => tf.mul(value, factors.get(weight)!);
    }
    case "redraw": {
      const draws = new Map(
        fix.weights.map((one, i) => {
          const isUniform = initializerIn(fix, one).endsWith("Uniform");
          return [one.weight, { std: one.std, isUniform, seed: i + 1 }];
        }),
      );
      return ({ shape }, { weight }) => {
        const { std, isUniform, seed } = draws.get(weight)!;
        if (!isUniform) return tf.randomNormal(shape, 0, std, "float32", seed);
        const limit = Math.sqrt(3) * std;
        return tf.randomUniform(shape, -limit, limit, "float32", seed);
      };
    }
    case "set-bias":
      return ({ shape }) => tf.fill(shape, fix.value);
  }
}

function both(last: Fixed | null, first: Fixed): Fixed | null {
  if (last === null) {
    first.undo();
    return null;
  }
  return {
    subject: last.subject,
    undo() {
      last.undo();
      first.undo();
    },
  };
}

function changeWeights(
  tf: TensorFlow,
  subject: FixSubject,
  wanted: readonly FixWeight[],
  change: (value: Tensor, weight: FixWeight) => Tensor,
): Fixed | null {
  const known = new Map(modelWeights(subject.model).map((weight) => [weight.weightName, weight]));
  if (wanted.some(({ weight }) => !known.has(weight))) return null;
  const kept: { variable: tfjs.Variable; value: tfjs.Tensor }[] = [];
  const undo = () => {
    for (const { variable, value } of kept) {
      variable.assign(value);
      value.dispose();
    }
  };
  try {
    for (const weight of wanted) {
      const variable = known.get(weight.weight)!.variable.read() as tfjs.Variable;
      // A clone shares the data, but variables are never written in place, so it keeps the old
      // values.
      const value = tf.keep(variable.clone());
      kept.push({ variable, value });
      tf.tidy(() => variable.assign(change(value, weight) as tfjs.Tensor));
    }
  } catch (error) {
    undo();
    throw error;
  }
  return { subject, undo };
}

type FixOf<Kind extends Fix["kind"]> = Extract<Fix, { kind: Kind }>;

function changeBatch(
  tf: TensorFlow,
  subject: FixSubject,
  fix: FixOf<"normalize-input" | "normalize-targets" | "reshape-targets" | "shift-classes">,
): Fixed | null {
  const { index } = fix;
  const part = fix.kind === "normalize-input" ? "inputs" : "targets";
  const tensors = [subject.batch[part] ?? []].flat();
  if (index >= tensors.length) return null;
  const value = tensors[index];
  const change = () => {
    if (fix.kind === "reshape-targets") return tf.reshape(value, fix.shape);
    return fix.kind === "shift-classes" ? tf.add(value, fix.by) : standardized(tf, value, fix);
  };
  const changed = tf.keep(tf.tidy(change));
  const all = tensors.with(index, changed);
  return {
    subject: { ...subject, batch: { ...subject.batch, [part]: all.length === 1 ? all[0] : all } },
    undo: () => changed.dispose(),
  };
}

function standardized(
  tf: TensorFlow,
  value: Tensor,
  { mean, std, each }: FixOf<"normalize-input" | "normalize-targets">,
): Tensor {
  const values = tf.cast(value, "float32");
  if (each === undefined) return tf.div(tf.sub(values, mean), std);
  const { mean: means, variance } = tf.moments(values, each.axes, true);
  const stds = tf.sqrt(variance);
  const varies = tf.greater(stds, tf.mul(tf.abs(means), VARIES_FROM));
  return tf.div(tf.sub(values, means), tf.where(varies, stds, tf.onesLike(stds)));
}

function changeHead(tf: TensorFlow, subject: FixSubject, fix: FixOf<"head">): Fixed | null {
  const activated = fix.activation === null
    ? { subject, undo() {} }
    : changeActivations(tf, subject, [fix.layer], fix.activation);
  if (activated === null || fix.loss === null) return activated;
  const { model, batch } = subject;
  // Missing targets were drawn for the previous loss and need not suit this one.
  const drawn = [batch.targets ?? []].flat().length === 0
    ? randomTargets(model, fix.loss, { examples: [batch.inputs].flat()[0].shape[0], seed: 0 })
    : null;
  return {
    subject: {
      ...subject,
      objective: fix.loss as Objective,
      batch: drawn === null ? batch : { ...batch, targets: drawn },
    },
    undo() {
      activated.undo();
      tf.dispose(drawn ?? []);
    },
  };
}

/** TensorFlow.js layer with its private fields. */
type Fields = Record<string, unknown>;

/** Sets fields of layers. */
function changeFields(subject: FixSubject, names: readonly string[], fields: Fields): Fixed | null {
  const layers = leafLayers(subject.model)
    .filter(({ path }) => names.includes(path))
    .map(({ layer }) => layer as unknown as Fields);
  if (layers.length !== names.length) return null;
  const kept = layers.map((layer) => ({
    layer,
    was: Object.fromEntries(Object.keys(fields).map((name) => [name, layer[name]])),
  }));
  for (const { layer } of kept) Object.assign(layer, fields);
  return {
    subject,
    undo() {
      for (const { layer, was } of kept) Object.assign(layer, was);
    },
  };
}

function weakenPenalties(
  tf: TensorFlow,
  subject: FixSubject,
  { layers, by }: { layers: readonly string[]; by: number },
): Fixed | null {
  const changed: { undo(): void }[] = [];
  const undo = () => {
    for (const one of changed.reverse()) one.undo();
  };
  for (const { path, layer } of leafLayers(subject.model)) {
    if (!layers.includes(path)) continue;
    // TensorFlow.js adds these up: one function per regularizer, made when the layer was built.
    const losses = (layer as unknown as { _losses: (() => tfjs.Scalar)[] })._losses;
    const weaker = losses.map((loss) => () => tf.div(loss(), by));
    const fixed = changeFields(subject, [path], { _losses: weaker });
    if (fixed !== null) changed.push(fixed);
  }
  if (changed.length === layers.length) return { subject, undo };
  undo();
  return null;
}

/**
 * Sets the rate of the compiled optimizer. Training uses a copy of it, so that no step is taken
 * with it.
 */
function changeRate(subject: FixSubject, learningRate: number): Fixed | null {
  const { optimizer } = subject.model as unknown as { optimizer?: Fields };
  if (optimizer === undefined) return null;
  const was = optimizer.learningRate;
  optimizer.learningRate = learningRate;
  return { subject, undo: () => void (optimizer.learningRate = was) };
}

function changeActivations(
  tf: TensorFlow,
  subject: FixSubject,
  names: readonly string[],
  to: string,
): Fixed | null {
  const leaves = leafLayers(subject.model).filter(({ path }) => names.includes(path));
  const fieldOf = ({ layer }: (typeof leaves)[number]): string | null => {
    const { activation, substitute } = layer as unknown as Fields;
    if (activation != null) return "activation";
    // An activation of a PyTorch program; other classes that are activations cannot have another.
    return substitute === undefined ? null : "substitute";
  };
  const fields = new Set(leaves.map(fieldOf));
  const [field] = fields;
  if (fields.size !== 1 || field === null) return null;
  const { activation } = tf.layers.activation({ activation: to as "relu" }) as unknown as Fields;
  return changeFields(subject, names, { [field]: activation });
}

function unfreeze(subject: FixSubject, names: readonly string[]): Fixed {
  const { model } = subject;
  const isAround = ({ name }: { name: string }) =>
    names.some((path) => path === name || path.startsWith(`${name}/`));
  const layers = [
    model,
    ...model.layers.filter(isAround),
    ...leafLayers(model).filter(({ path }) => names.includes(path)).map(({ layer }) => layer),
  ].filter(({ trainable }) => !trainable);
  for (const layer of layers) layer.trainable = true;
  return {
    subject,
    undo() {
      for (const layer of layers) layer.trainable = false;
    },
  };
}
