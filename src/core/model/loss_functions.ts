import type { LayersModel, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { IGNORED_CLASS } from "../../ground/traits/loss_traits.ts";
import { type LossName, lossTraits, type OwnLoss } from "../../ground/traits/losses.ts";
import type { TORCH_LOSSES } from "../../ground/traits/torch_losses.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { logitsOf, reduceRows, setLogits } from "./keras_outputs.ts";
import { classAxisOf } from "./layers/shapes.ts";
import type { LossFunction, LossSettings, RowLoss } from "./objective.ts";
import {
  absoluteLosses,
  classLosses,
  divergenceLosses,
  embeddingLosses,
  huberLosses,
  logitLosses,
  marginLosses,
  poissonLosses,
  shareLoss,
  smoothLosses,
  softMarginLosses,
  weighted,
} from "./torch_losses.ts";

/** Returns 1 for the target class of each row of the outputs, and 0 for the others. */
export function oneHot(tf: TensorFlow, targets: Tensor, outputs: Pick<Tensor, "shape">): Tensor {
  const classes = tf.cast(tf.reshape(targets, outputs.shape.slice(0, -1)), "int32");
  // TensorFlow.js encodes no single class.
  if (outputs.shape.at(-1) === 1) {
    return tf.cast(tf.expandDims(tf.equal(classes, 0), -1), "float32");
  }
  return tf.cast(tf.oneHot(classes as never, outputs.shape.at(-1)!), "float32");
}

/** Probabilities nearer to 0 and 1 than this are clipped, as Keras and TensorFlow.js do. */
const EPSILON = 1e-7;

const softmaxFromLogits: RowLoss = (tf, targets, logits, { classAxis, classWeights }) => {
  const last = (x: Tensor) => classAxis === undefined ? x : classesLast(tf, x);
  const own = last(targets);
  const shares = classWeights === undefined ? own : tf.mul(own, tf.tensor1d([...classWeights]));
  return tf.neg(tf.sum(tf.mul(shares, tf.logSoftmax(last(logits))), -1));
};

/**
 * The derivative of a softplus is right at 0 too, unlike that of `tf.losses.sigmoidCrossEntropy`.
 */
const eachFromLogits = (tf: TensorFlow, targets: Tensor, logits: Tensor): Tensor =>
  tf.sub(tf.softplus(logits), tf.mul(targets, logits));

const sigmoidFromLogits: RowLoss = (tf, targets, logits) =>
  tf.mean(eachFromLogits(tf, targets, logits), -1);

const categoricalFocal: RowLoss = (tf, targets, shares, { alpha = 0.25, gamma = 2 }) => {
  const sums = tf.sum(shares, -1, true);
  const clipped = tf.clipByValue(tf.div(shares, sums), EPSILON, 1 - EPSILON);
  const factors = tf.mul(alpha, tf.pow(tf.sub(1, clipped), gamma));
  return tf.neg(tf.sum(tf.mul(factors, tf.mul(targets, tf.log(clipped))), -1));
};

const binaryFocal: RowLoss = (tf, targets, outputs, { alpha = 0.25, gamma = 2, balanced }) => {
  const logits = logitsOf(outputs);
  const others = tf.sub(1, targets);
  const clipped = tf.clipByValue(outputs, EPSILON, 1 - EPSILON);
  const each = logits === null
    ? tf.neg(tf.add(tf.mul(targets, tf.log(clipped)), tf.mul(others, tf.log(tf.sub(1, clipped)))))
    : eachFromLogits(tf, targets, logits);
  const right = tf.add(tf.mul(targets, outputs), tf.mul(others, tf.sub(1, outputs)));
  const focal = tf.mul(tf.pow(tf.sub(1, right), gamma), each);
  const weights = tf.add(tf.mul(targets, alpha), tf.mul(others, 1 - alpha));
  return tf.mean(balanced ? tf.mul(focal, weights) : focal, -1);
};

const huber: RowLoss = (tf, targets, outputs, { delta = 1 }) => {
  const errors = tf.abs(tf.sub(outputs, targets));
  const squared = tf.minimum(errors, delta);
  // Half the square up to delta, then delta for each further 1.
  return tf.mean(
    tf.add(tf.mul(0.5, tf.square(squared)), tf.mul(delta, tf.sub(errors, squared))),
    -1,
  );
};

/** Computes Tversky losses as Keras does: one number, or one for each entry of the axes that are left. */
const tversky: RowLoss = (tf, targets, shares, { alpha = 0.5, beta = 0.5, axes }) => {
  const total = (x: Tensor) => tf.sum(x, axes === undefined ? undefined : [...axes]);
  const both = total(tf.mul(targets, shares));
  const missed = tf.mul(alpha, total(tf.mul(targets, tf.sub(1, shares))));
  const alarms = tf.mul(beta, total(tf.mul(tf.sub(1, targets), shares)));
  return tf.sub(1, tf.div(both, tf.add(tf.add(both, tf.add(missed, alarms)), EPSILON)));
};

/** Computes Dice losses as Keras does, see {@linkcode tversky}. */
const dice: RowLoss = (tf, targets, shares, { axes }) => {
  const total = (x: Tensor) => tf.sum(x, axes === undefined ? undefined : [...axes]);
  const both = tf.mul(2, total(tf.mul(targets, shares)));
  return tf.sub(1, tf.div(both, tf.add(tf.add(total(targets), total(shares)), EPSILON)));
};

/** Puts axis 1 last. */
function classesLast(tf: TensorFlow, x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return x.rank < 3 ? x : tf.transpose(x, [0, ...axes.slice(2), 1]);
}

/** Puts the last axis second. */
export function classesSecond(tf: TensorFlow, x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return x.rank < 3 ? x : tf.transpose(x, [0, x.rank - 1, ...axes.slice(1, -1)]);
}

/** Puts the classes last, and all positions above each other. */
function classRows(tf: TensorFlow, targets: Tensor, outputs: Tensor): Tensor {
  const isLast = classAxisOf(outputs.shape, targets.shape, "cross_entropy") === outputs.rank - 1;
  const last = isLast ? outputs : classesLast(tf, outputs);
  return tf.reshape(last, [-1, last.shape.at(-1)!]);
}

/** Returns weights as a tensor; one weight is that of all. */
function weightsOf(
  tf: TensorFlow,
  weights: readonly number[] | undefined,
  count: number,
): Tensor | null {
  if (weights === undefined) return null;
  if (weights.length === count || weights.length === 1) return tf.tensor1d([...weights]);
  throw new InputError({
    place: "The weight of the loss",
    verb: "has",
    found: `${weights.length} numbers`,
    expected: `${count}, one for each class or unit`,
  });
}

/**
 * Makes a loss that is -log p of each label, times positions over the sum of weights for a mean.
 *
 * @param areLogits True if it is computed from logits, false from logarithms of shares.
 */
const ofClasses = (areLogits: boolean): RowLoss => (tf, targets, outputs, settings) => {
  const { classWeights, ignoredClass = IGNORED_CLASS, labelSmoothing, reduction } = settings;
  const rows = classRows(tf, targets, outputs);
  const { losses, total } = classLosses(tf, rows, {
    labels: targets.dataSync(),
    weight: weightsOf(tf, classWeights, rows.shape[1]!),
    ignored: ignoredClass,
    smoothing: labelSmoothing,
    areLogits,
  });
  return reduction === "sum" ? losses : tf.div(losses, tf.div(total, losses.size));
};

/** Makes a loss of the entries of rows, whose units a mean averages and a sum adds up. */
function ofUnits(
  each: (tf: TensorFlow, targets: Tensor, outputs: Tensor, settings: LossSettings) => Tensor,
): RowLoss {
  return (tf, targets, outputs, settings) => {
    const losses = each(tf, targets, outputs, settings);
    const weights = weightsOf(tf, settings.unitWeights, outputs.shape.at(-1) ?? 1);
    const all = weighted(tf, losses, weights);
    return settings.reduction === undefined ? tf.mean(all, -1) : tf.sum(all, -1);
  };
}

const ofLogits = ofUnits((tf, targets, logits, { positiveWeights }) =>
  logitLosses(tf, logits, targets, weightsOf(tf, positiveWeights, logits.shape.at(-1) ?? 1))
);

/** Losses of PyTorch for each row. */
export const TORCH_ROW_LOSSES: Record<keyof typeof TORCH_LOSSES & LossName, RowLoss> = {
  cross_entropy: ofClasses(true),
  nll_loss: ofClasses(false),
  mse_loss: ofUnits((tf, targets, outputs) => tf.square(tf.sub(outputs, targets))),
  l1_loss: ofUnits((tf, targets, outputs) => absoluteLosses(tf, tf.sub(outputs, targets))),
  smooth_l1_loss: ofUnits((tf, targets, outputs, { delta = 1 }) =>
    smoothLosses(tf, tf.sub(outputs, targets), delta)
  ),
  huber_loss: ofUnits((tf, targets, outputs, { delta = 1 }) =>
    huberLosses(tf, tf.sub(outputs, targets), delta)
  ),
  bce_loss: ofUnits((tf, targets, shares) => shareLoss(tf, shares, targets)),
  bce_with_logits: ofLogits,
  kl_div: ofUnits((tf, targets, logs, { logTargets = false }) =>
    divergenceLosses(tf, logs, targets, { areLogs: logTargets })
  ),
  poisson_nll_loss: ofUnits((tf, targets, outputs, settings) => {
    const { takesLogs = true, full = false, epsilon = 1e-8 } = settings;
    return poissonLosses(tf, outputs, targets, { takesLogs, full, epsilon });
  }),
  soft_margin_loss: ofUnits((tf, targets, outputs) => softMarginLosses(tf, outputs, targets)),
  // A sum adds up the means of rows, over the units of the outputs even if it broadcasts them.
  multilabel_soft_margin_loss(tf, targets, logits, { unitWeights }) {
    const axis = logits.rank - 1;
    const units = logits.shape[axis];
    const weights = weightsOf(tf, unitWeights, units);
    const all = weighted(tf, logitLosses(tf, logits, targets, null), weights);
    return tf.div(tf.sum(all, axis), units);
  },
  multi_margin_loss(tf, targets, outputs, { classWeights, exponent = 1, margin = 1 }) {
    const rows = tf.reshape(outputs, [-1, outputs.shape.at(-1)!]) as Tensor;
    const labels = tf.cast(tf.reshape(targets, [-1]), "int32");
    const weight = weightsOf(tf, classWeights, rows.shape[1]!);
    return marginLosses(tf, rows, { labels, weight, exponent, margin });
  },
  hinge_embedding_loss: ofUnits((tf, targets, outputs, { margin = 1 }) =>
    embeddingLosses(tf, outputs, targets, margin)
  ),
};

/** Losses that TensorFlow.js does not have by name. */
const OWN: Readonly<Record<OwnLoss, RowLoss>> & Partial<Record<LossName, RowLoss>> = {
  huber,
  dice,
  tversky,
  ...TORCH_ROW_LOSSES,
  categoricalCrossentropyFromLogits: softmaxFromLogits,
  sparseCategoricalCrossentropyFromLogits: (tf, targets, logits, settings) =>
    softmaxFromLogits(tf, oneHot(tf, targets, logits), logits, settings),
  binaryCrossentropyFromLogits: sigmoidFromLogits,
  categoricalFocalCrossentropy: categoricalFocal,
  categoricalFocalCrossentropyFromLogits: (tf, targets, logits, settings) =>
    categoricalFocal(tf, targets, tf.softmax(logits), settings),
  binaryFocalCrossentropy: binaryFocal,
  binaryFocalCrossentropyFromLogits(tf, targets, logits, settings) {
    const shares = tf.sigmoid(logits);
    setLogits(shares, logits);
    return binaryFocal(tf, targets, shares, settings);
  },
};

/** Functions that TensorFlow.js resolved; each of its modules has its own. */
const resolved = new WeakMap<TensorFlow, Map<LossName, LossFunction>>();

/**
 * Returns the loss of a name, for each row. TensorFlow.js exports no losses by name, but resolves
 * names when it compiles a model. Compiling a small model ensures that the measured loss is the one
 * that `fit` minimises.
 */
function namedLoss(tf: TensorFlow, name: LossName): LossFunction {
  const own = OWN[name];
  if (own !== undefined) return (targets, outputs) => own(tf, targets, outputs, { name });
  const functions = resolved.get(tf) ?? new Map<LossName, LossFunction>();
  resolved.set(tf, functions);
  const known = functions.get(name);
  if (known !== undefined) return known;
  const input = tf.input({ shape: [1, 1] });
  const output = tf.layers.flatten().apply(input) as typeof input;
  const model: LayersModel = tf.model({ inputs: input, outputs: output });
  model.compile({ optimizer: "sgd", loss: name });
  const [loss] = (model as unknown as { lossFunctions: LossFunction[] }).lossFunctions;
  model.dispose();
  const whole = name === "sparseCategoricalCrossentropy" ? forOneClassToo(tf, loss) : loss;
  functions.set(name, whole);
  return whole;
}

/** Returns the loss of TensorFlow.js, which throws if there is one unit. */
function forOneClassToo(tf: TensorFlow, loss: LossFunction): LossFunction {
  const ofShares = namedLoss(tf, "categoricalCrossentropy");
  return (targets, outputs) =>
    outputs.shape.at(-1) === 1
      ? ofShares(oneHot(tf, targets, outputs), outputs)
      : loss(targets, outputs);
}

const settingsOfLosses = new WeakMap<LossFunction, LossSettings>();

/** Returns the settings of a loss that {@linkcode kerasLoss} made; `null` for any other function. */
export function lossSettings(loss: LossFunction): LossSettings | null {
  return settingsOfLosses.get(loss) ?? null;
}

/** Returns true for each output of a compiled model that has no loss, and so needs no targets. */
export function untrainedOutputs(model: LayersModel): boolean[] {
  const { lossFunctions } = model as { lossFunctions?: LossFunction[] };
  return model.outputs.map((_, i) =>
    lossFunctions !== undefined && lossSettings(lossFunctions[i])?.weight === 0
  );
}

/**
 * Makes a loss as Keras computes it on TensorFlow, reduced and weighted to a scalar. A cross-entropy is computed from
 * the logits of its head if these are kept, and a masked row is left out if the masks of the outputs are.
 */
export function kerasLoss(tf: TensorFlow, settings: LossSettings): LossFunction {
  const { reduction, weight = 1 } = settings;
  const loss: LossFunction = (given, outputs) => {
    const areClasses = lossTraits(settings.name)!.targets === "classes";
    const targets = areClasses ? given : lossTargets(tf, given, outputs, settings);
    const rows = rowsOf(tf, targets, outputs, settings);
    if (reduction === "batchmean") return tf.div(tf.sum(rows), outputs.shape[0]!);
    const value = reduceRows(tf, rows, outputs, reduction);
    return weight === 1 ? value : tf.mul(weight, value);
  };
  settingsOfLosses.set(loss, settings);
  return loss;
}

function rowsOf(tf: TensorFlow, targets: Tensor, outputs: Tensor, settings: LossSettings): Tensor {
  const { name } = settings;
  const logits = logitsOf(outputs);
  const kept = logits === null ? undefined : BEHIND_HEADS[name];
  if (kept !== undefined) return kept(tf, targets, logits!, settings);
  const own = OWN[name];
  return own === undefined
    ? namedLoss(tf, name)(targets, outputs)
    : own(tf, targets, outputs, settings);
}

/**
 * Cross-entropies that Keras on TensorFlow computes from the logits behind a softmax or a sigmoid,
 * even without `from_logits`.
 */
const BEHIND_HEADS: Partial<Record<LossName, RowLoss>> = {
  categoricalCrossentropy: softmaxFromLogits,
  categoricalCrossentropyFromLogits: softmaxFromLogits,
  sparseCategoricalCrossentropy: OWN.sparseCategoricalCrossentropyFromLogits,
  sparseCategoricalCrossentropyFromLogits: OWN.sparseCategoricalCrossentropyFromLogits,
  binaryCrossentropy: sigmoidFromLogits,
  binaryCrossentropyFromLogits: sigmoidFromLogits,
};

/**
 * Returns the targets that a loss compares outputs with: labels of a hinge as -1 and 1, or smoothed
 * towards equal shares of all classes, or towards 1/2 for labels.
 */
export function lossTargets(
  tf: TensorFlow,
  targets: Tensor,
  { shape }: { shape: number[] },
  { name, labelSmoothing = 0, takesLabels = false, classAxis }: LossSettings,
): Tensor {
  if (takesLabels) {
    const least = tf.sub(targets, 1);
    const areLabels = tf.equal(tf.max(tf.abs(tf.mul(targets, least))), 0);
    return tf.add(targets, tf.mul(least, tf.cast(areLabels, "float32")));
  }
  if (labelSmoothing === 0) return targets;
  const classes = shape[classAxis ?? shape.length - 1];
  const even = lossTraits(name)!.family === "labels" ? 0.5 : 1 / classes;
  return tf.add(tf.mul(targets, 1 - labelSmoothing), labelSmoothing * even);
}
