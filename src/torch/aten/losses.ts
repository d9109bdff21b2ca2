import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import {
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
} from "../../core/model/torch_losses.ts";
import { InputError } from "../../ground/words/input_error.ts";
import type { AtenOp } from "./aten_op.ts";
import { floats } from "./dtypes.ts";
import { absolute } from "./elementwise.ts";
import { channelsLast } from "./convolutions.ts";
import { vectorNorm } from "./reductions.ts";
import { aten } from "./schema.ts";

/** Reduces the loss of each entry: 0 not at all, 1 to the mean, 2 to the sum. */
function reduce(tf: TensorFlow, losses: Tensor, reduction: number): Tensor {
  if (reduction === 0) return losses;
  if (reduction === 1) return tf.mean(losses);
  if (reduction === 2) return tf.sum(losses);
  throw new InputError({ place: "reduction", found: String(reduction), expected: "0, 1 or 2" });
}

/** Puts the classes last, and all positions above each other. */
function rowsOf(tf: TensorFlow, x: Tensor): Tensor {
  const last = x.rank > 2 ? channelsLast(tf, x) : x;
  return tf.reshape(last, [-1, x.rank === 1 ? x.size : x.shape[1]!]);
}

/** Arguments that losses of classes share. */
interface OfClasses {
  self: Tensor;
  target: Tensor;
  weight: Tensor | null;
  reduction: number;
  ignore_index: number;
}

/** Reduces the losses of rows, which are logarithms of shares; with a smoothing, logits. */
function reduceClasses(
  tf: TensorFlow,
  rows: Tensor,
  { target, weight, reduction, ignore_index, label_smoothing: smoothing }: OfClasses & {
    label_smoothing?: number;
  },
): { loss: Tensor; total: Tensor } {
  const labels = target.dataSync();
  const { losses, total } = classLosses(tf, rows, {
    labels,
    weight,
    ignored: ignore_index,
    smoothing,
    areLogits: smoothing !== undefined,
  });
  const loss = reduction === 1
    ? tf.div(tf.sum(losses), total) as Tensor
    : reduce(tf, tf.reshape(losses, target.shape), reduction);
  return { loss, total };
}

/** Negative log-likelihood of the labels. */
const nll = (tf: TensorFlow, args: OfClasses): { loss: Tensor; total: Tensor } =>
  reduceClasses(tf, rowsOf(tf, args.self), args);

function crossEntropy(tf: TensorFlow, args: OfClasses & { label_smoothing: number }): Tensor {
  const logits = rowsOf(tf, floats(tf, args.self));
  return args.target.dtype === "float32"
    ? crossEntropyOfShares(tf, tf.logSoftmax(logits), args)
    : reduceClasses(tf, logits, args).loss;
}

/** Cross entropy with targets that are a share for each class. */
function crossEntropyOfShares(
  tf: TensorFlow,
  logs: Tensor,
  { self, target, weight, reduction, label_smoothing }: OfClasses & { label_smoothing: number },
): Tensor {
  const classes = logs.shape[1]!;
  const given = tf.mul(rowsOf(tf, target), 1 - label_smoothing);
  const shares = tf.add(given, label_smoothing / classes) as Tensor;
  const weighted = weight === null ? shares : tf.mul(shares, weight) as Tensor;
  const losses = tf.neg(tf.sum(tf.mul(logs, weighted), 1)) as Tensor;
  const shape = self.rank === 1 ? [] : [self.shape[0]!, ...self.shape.slice(2)];
  return reduce(tf, tf.reshape(losses, shape), reduction);
}

/** Distance of rows, with PyTorch's epsilon in each difference. */
const distance = (
  tf: TensorFlow,
  [a, b]: readonly Tensor[],
  { p, eps }: { p: number; eps: number },
) => vectorNorm(tf, tf.add(tf.sub(a, b), eps), p, { dim: [-1] });

/** Cosine of the angle between rows, with PyTorch's epsilon in each square. */
function cosine(tf: TensorFlow, a: Tensor, b: Tensor): Tensor {
  const dot = (x: Tensor, y: Tensor) => tf.sum(tf.mul(x, y), -1) as Tensor;
  const squares = tf.mul(tf.add(dot(a, a), 1e-12), tf.add(dot(b, b), 1e-12)) as Tensor;
  return tf.div(dot(a, b), tf.sqrt(squares));
}

/** Margins by which the classes of each row exceed the others; -1 ends the list of classes. */
function multiLabelMargin(tf: TensorFlow, self: Tensor, target: Tensor): Tensor {
  const x = rowsOf(tf, self);
  const [rows, classes] = x.shape as [number, number];
  const labels = target.dataSync();
  const counts = new Float32Array(rows * classes ** 2);
  for (let row = 0; row < rows; row++) {
    const all = Array.from(labels.subarray(row * classes, (row + 1) * classes));
    const own = all.slice(0, all.includes(-1) ? all.indexOf(-1) : classes);
    for (const hit of own) {
      for (let other = 0; other < classes; other++) {
        if (!own.includes(other)) counts[(row * classes + hit) * classes + other]++;
      }
    }
  }
  const lag = tf.sub(tf.reshape(x, [rows, 1, classes]), tf.reshape(x, [rows, classes, 1]));
  const terms = tf.mul(tf.relu(tf.add(lag, 1)), tf.tensor(counts, [rows, classes, classes]));
  const losses = tf.div(tf.sum(terms, [1, 2]), classes);
  return tf.reshape(losses, self.rank === 1 ? [] : [rows]);
}

/** Losses of two tensors alone. */
const PLAIN: Record<string, (tf: TensorFlow, self: Tensor, target: Tensor) => Tensor> = {
  mse_loss: (tf, self, target) => tf.square(tf.sub(self, floats(tf, target))),
  l1_loss: (tf, self, target) => absolute(tf, tf.sub(self, floats(tf, target))),
  multilabel_margin_loss: multiLabelMargin,
  soft_margin_loss: (tf, self, target) => softMarginLosses(tf, self, floats(tf, target)),
};

/** Losses. */
export const LOSSES: readonly AtenOp[] = [
  ...Object.entries(PLAIN).map(([name, of]) =>
    aten(
      `${name}(Tensor self, Tensor target, int reduction=1) -> Tensor`,
      ({ self, target, reduction }, { tf }) => reduce(tf, of(tf, self, target), reduction),
    )
  ),
  aten(
    "smooth_l1_loss(Tensor self, Tensor target, int reduction=1, float beta=1.) -> Tensor",
    ({ self, target, reduction, beta }, { tf }) =>
      reduce(tf, smoothLosses(tf, tf.sub(self, target), beta), reduction),
  ),
  aten(
    "huber_loss(Tensor self, Tensor target, int reduction=1, float delta=1.) -> Tensor",
    ({ self, target, reduction, delta }, { tf }) =>
      reduce(tf, huberLosses(tf, tf.sub(self, target), delta), reduction),
  ),
  aten(
    "cross_entropy_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100, float label_smoothing=0.) -> Tensor",
    (args, { tf }) => crossEntropy(tf, args),
  ),
  ...["nll_loss", "nll_loss_nd", "nll_loss2d"].map((name) =>
    aten(
      `${name}(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100) -> Tensor`,
      (args, { tf }) => nll(tf, args).loss,
    )
  ),
  aten(
    "nll_loss_forward(Tensor self, Tensor target, Tensor? weight, int reduction, SymInt ignore_index) -> (Tensor output, Tensor total_weight)",
    (args, { tf }) => {
      const { loss, total } = nll(tf, args);
      return [loss, total];
    },
  ),
  aten(
    "binary_cross_entropy(Tensor self, Tensor target, Tensor? weight=None, int reduction=1) -> Tensor",
    ({ self, target, weight, reduction }, { tf }) => {
      return reduce(tf, weighted(tf, shareLoss(tf, self, floats(tf, target)), weight), reduction);
    },
  ),
  aten(
    "binary_cross_entropy_with_logits(Tensor self, Tensor target, Tensor? weight=None, Tensor? pos_weight=None, int reduction=1) -> Tensor",
    ({ self, target, weight, pos_weight, reduction }, { tf }) => {
      const losses = logitLosses(tf, self, floats(tf, target), pos_weight);
      return reduce(tf, weighted(tf, losses, weight), reduction);
    },
  ),
  aten(
    "kl_div(Tensor self, Tensor target, int reduction=1, *, bool log_target=False) -> Tensor",
    ({ self, target, reduction, log_target }, { tf }) =>
      reduce(tf, divergenceLosses(tf, self, target, { areLogs: log_target }), reduction),
  ),
  aten(
    "multi_margin_loss(Tensor self, Tensor target, Scalar p=1, Scalar margin=1, Tensor? weight=None, int reduction=1) -> Tensor",
    ({ self, target, p, margin, weight, reduction }, { tf }) => {
      const labels = tf.reshape(target, [-1]) as Tensor;
      const settings = { labels, weight, exponent: p, margin };
      const losses = marginLosses(tf, rowsOf(tf, self), settings);
      return reduce(tf, tf.reshape(losses, target.shape), reduction);
    },
  ),
  aten(
    "margin_ranking_loss(Tensor input1, Tensor input2, Tensor target, float margin=0., int reduction=1) -> Tensor",
    ({ input1, input2, target, margin, reduction }, { tf }) => {
      const lag = tf.mul(tf.neg(target), tf.sub(input1, input2));
      return reduce(tf, tf.relu(tf.add(lag, margin)), reduction);
    },
  ),
  aten(
    "hinge_embedding_loss(Tensor self, Tensor target, float margin=1., int reduction=1) -> Tensor",
    ({ self, target, margin, reduction }, { tf }) =>
      reduce(tf, embeddingLosses(tf, self, target, margin), reduction),
  ),
  aten(
    "cosine_embedding_loss(Tensor input1, Tensor input2, Tensor target, float margin=0., int reduction=1) -> Tensor",
    ({ input1, input2, target, margin, reduction }, { tf }) => {
      const likeness = cosine(tf, input1, input2);
      const apart = tf.relu(tf.sub(likeness, margin));
      return reduce(tf, tf.where(tf.equal(target, 1), tf.sub(1, likeness), apart), reduction);
    },
  ),
  aten(
    "triplet_margin_loss(Tensor anchor, Tensor positive, Tensor negative, float margin=1., float p=2., float eps=9.9999999999999995e-07, bool swap=False, int reduction=1) -> Tensor",
    ({ anchor, positive, negative, margin, swap, reduction, ...norm }, { tf }) => {
      const near = distance(tf, [anchor, positive], norm);
      const far = distance(tf, [anchor, negative], norm);
      const least = swap ? tf.minimum(far, distance(tf, [positive, negative], norm)) : far;
      return reduce(tf, tf.relu(tf.add(tf.sub(near, least), margin)), reduction);
    },
  ),
  aten(
    "poisson_nll_loss(Tensor input, Tensor target, bool log_input, bool full, float eps, int reduction) -> Tensor",
    ({ input, target, log_input, full, eps, reduction }, { tf }) => {
      const settings = { takesLogs: log_input, full, epsilon: eps };
      return reduce(tf, poissonLosses(tf, input, target, settings), reduction);
    },
  ),
];
