import type * as tfjs from "@tensorflow/tfjs";
import type { Cure, CuredWeight } from "../diagnosis/cure.ts";
import type { LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batch.ts";
import { leafLayers } from "../model/leaf_layers.ts";
import { modelWeights } from "../model/model_weights.ts";
import type { Objective } from "../model/objective.ts";

/** A model, what it is fed, and what is differentiated: what a cure changes. */
export interface CureSubject {
  /** The model; a cure changes it in place, until it is undone. */
  model: LayersModel;
  /** The batch; a cure makes another one. */
  batch: Batch;
  /** The objective; a cure may name another one. */
  objective: Objective | undefined;
}

/** A subject with a cure, and how to take the cure back. */
export interface Cured {
  subject: CureSubject;
  /** Puts the model back, bit by bit, and frees what the cure made. */
  undo(): void;
}

/**
 * Applies a cure.
 *
 * @returns The cured subject, or `null` where the cure asks for another model than the one at hand.
 */
export function applyCure(tf: TensorFlow, subject: CureSubject, cure: Cure): Cured | null {
  switch (cure.kind) {
    case "rescale": {
      const factors = new Map(cure.weights.map(({ weight, factor }) => [weight, factor]));
      return changeWeights(
        tf,
        subject,
        cure.weights,
        (value, { weight }) => tf.mul(value, factors.get(weight)!),
      );
    }
    case "redraw": {
      const stds = new Map(
        cure.weights.map(({ weight, std }, i) => [weight, { std, seed: i + 1 }]),
      );
      return changeWeights(tf, subject, cure.weights, ({ shape }, { weight }) => {
        const { std, seed } = stds.get(weight)!;
        return tf.randomNormal(shape, 0, std, "float32", seed);
      });
    }
    case "set-bias":
      return changeWeights(tf, subject, cure.weights, ({ shape }) => tf.fill(shape, cure.value));
    case "normalize-input": {
      const index = subject.model.inputNames.indexOf(cure.input);
      return changeBatch(tf, subject, "inputs", index, standardized(tf, cure));
    }
    case "normalize-targets": {
      const index = subject.model.outputNames.indexOf(cure.output);
      return changeBatch(tf, subject, "targets", index, standardized(tf, cure));
    }
    case "shift-classes": {
      const index = subject.model.outputNames.indexOf(cure.output);
      return changeBatch(tf, subject, "targets", index, (value) => tf.add(value, cure.by));
    }
    case "activation": {
      const activated = changeActivations(tf, subject, cure.layers, cure.to);
      if (activated === null) return null;
      const rescaled = applyCure(tf, subject, {
        kind: "rescale",
        weights: cure.rescale,
        initializer: null,
      });
      return both(rescaled, activated);
    }
    case "head": {
      const activated = cure.activation === null
        ? { subject, undo() {} }
        : changeActivations(tf, subject, [cure.layer], cure.activation);
      if (activated === null) return null;
      const objective = cure.loss === null ? subject.objective : cure.loss as Objective;
      return { ...activated, subject: { ...activated.subject, objective } };
    }
    case "unfreeze":
      return unfreeze(subject, cure.layers);
    case "rebuild":
      return null;
  }
}

function both(last: Cured | null, first: Cured): Cured | null {
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
  subject: CureSubject,
  wanted: readonly CuredWeight[],
  change: (value: Tensor, weight: CuredWeight) => Tensor,
): Cured | null {
  const known = new Map(modelWeights(subject.model).map((weight) => [weight.weightName, weight]));
  if (wanted.some(({ weight }) => !known.has(weight))) return null;
  // A variable is never written in place, so a clone, which shares its data, is a copy.
  const kept = wanted.map((weight) => {
    const variable = known.get(weight.weight)!.variable.read() as tfjs.Variable;
    const value = tf.keep(variable.clone());
    tf.tidy(() => variable.assign(change(value, weight) as tfjs.Tensor));
    return { variable, value };
  });
  return {
    subject,
    undo() {
      for (const { variable, value } of kept) {
        variable.assign(value);
        value.dispose();
      }
    },
  };
}

function changeBatch(
  tf: TensorFlow,
  subject: CureSubject,
  part: "inputs" | "targets",
  index: number,
  change: (value: Tensor) => Tensor,
): Cured | null {
  const tensors = [subject.batch[part] ?? []].flat();
  if (index < 0 || index >= tensors.length) return null;
  const changed = tf.keep(tf.tidy(() => change(tensors[index])));
  const all = tensors.with(index, changed);
  return {
    subject: { ...subject, batch: { ...subject.batch, [part]: all.length === 1 ? all[0] : all } },
    undo: () => changed.dispose(),
  };
}

function standardized(tf: TensorFlow, { mean, std }: { mean: number; std: number }) {
  return (value: Tensor) => tf.div(tf.sub(tf.cast(value, "float32"), mean), std);
}

/** A layer of TensorFlow.js, with what it keeps to itself. */
type Activated = { activation?: unknown };

function changeActivations(
  tf: TensorFlow,
  subject: CureSubject,
  names: readonly string[],
  to: string,
): Cured | null {
  const leaves = leafLayers(subject.model).filter(({ path }) => names.includes(path));
  const layers = leaves.map(({ layer }) => layer as Activated);
  // A class that is its activation, such as ReLU, has no other one.
  if (layers.length !== names.length || layers.some(({ activation }) => activation == null)) {
    return null;
  }
  const { activation } = tf.layers.activation({ activation: to as "relu" }) as Activated;
  const kept = layers.map((layer) => ({ layer, was: layer.activation }));
  for (const { layer } of kept) layer.activation = activation;
  return {
    subject,
    undo() {
      for (const { layer, was } of kept) layer.activation = was;
    },
  };
}

function unfreeze(subject: CureSubject, names: readonly string[]): Cured {
  const { model } = subject;
  const layers = [
    model,
    ...model.layers,
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
