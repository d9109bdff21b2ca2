import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { IGNORED_CLASS } from "../traits/loss_traits.ts";
import type { LossName } from "../traits/losses.ts";
import type { TORCH_LOSSES } from "../traits/torch_losses.ts";
import { InputError } from "../words/input_error.ts";
import { classAxisOf } from "./layers/shapes.ts";
import type { LossSettings, RowLoss } from "./objective.ts";
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

/** Puts axis 1 last. */
export function classesLast(tf: TensorFlow, x: Tensor): Tensor {
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
  // A sum adds up the means of rows.
  multilabel_soft_margin_loss: (tf, targets, logits, settings) =>
    ofLogits(tf, targets, logits, { ...settings, reduction: undefined }),
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
