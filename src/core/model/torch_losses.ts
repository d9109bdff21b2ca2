import { heapView } from "../../engine/heap/heap.ts";
import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";

/*
 * Losses of PyTorch before their reduction. The loss that a user names and the operation in a graph
 * are computed here.
 */

/** Smallest product of a probability and its complement that PyTorch divides a gradient by. */
const MIN_PRODUCT = 1e-12;

/** Labels of rows, and what they cost. */
interface ClassTargets {
  /** Class of each row. */
  labels: ArrayLike<number>;
  /** Weight of each class. */
  weight: Tensor | null;
  /** Label of rows that do not count. */
  ignored: number;
  /** Share of each label that is spread evenly over the classes. */
  smoothing?: number;
  /** True if rows are logits, not logarithms of shares. */
  areLogits?: boolean;
}

/** Weighted losses of rows, which a mean divides by the sum of weights. */
interface ClassLosses {
  losses: Tensor;
  /** Sum of the weights of all rows. */
  total: Tensor;
}

/**
 * Computes the negative log-likelihood of labels.
 *
 * @param rows Logarithm of each share, or logits, as [rows, classes].
 * @throws {InputError} If a label is neither a class nor ignored.
 */
export function classLosses(
  tf: TensorFlow,
  rows: Tensor,
  { labels, weight, ignored, smoothing = 0, areLogits = false }: ClassTargets,
): ClassLosses {
  const [, classes] = rows.shape as [number, number];
  const whole = requireLabels(labels, { rows, ignored });
  const known = whole.map((label) => label === ignored ? 0 : label);
  const counts = tf.tensor1d(Float32Array.from(whole, (label) => Number(label !== ignored)));
  const rowWeights = weight === null
    ? counts
    : tf.mul(counts, tf.gather(weight, tf.tensor1d(known, "int32"))) as Tensor;
  const total = tf.sum(rowWeights) as Tensor;
  const isPicked = areLogits && smoothing === 0;
  const logs = areLogits && !isPicked ? tf.logSoftmax(rows) as Tensor : rows;
  const places = known.map((label, row) => row * classes + label);
  const picked = isPicked
    ? pickLogSoftmax(tf, rows, places)
    : tf.gather(tf.reshape(logs, [logs.size]), tf.tensor1d(places, "int32"));
  const sharp = tf.neg(tf.mul(picked, rowWeights)) as Tensor;
  if (smoothing === 0) return { losses: sharp, total };
  const all = weight === null ? logs : tf.mul(logs, weight) as Tensor;
  const even = tf.neg(tf.mul(tf.sum(all, 1), counts));
  const losses = tf.add(tf.mul(sharp, 1 - smoothing), tf.mul(even, smoothing / classes)) as Tensor;
  return { losses, total };
}

/**
 * Returns an entry of the log softmax of each row. For 512 rows of 50257 classes, as in GPT-2, the others
 * would take 6 tensors of 100 MB.
 *
 * @param places Index of each entry, row-major.
 */
function pickLogSoftmax(tf: TensorFlow, rows: Tensor, places: Int32Array): Tensor {
  const [count, classes] = rows.shape as [number, number];
  const pick = tf.customGrad((given, save) => {
    const logits = given as Tensor;
    const shares = tf.softmax(logits);
    (save as unknown as (tensors: Tensor[]) => void)([logits, shares]);
    return {
      value: tf.tensor1d(logsAt(heapView(tf, logits), heapView(tf, shares), places)),
      gradFunc(dy: Tensor, [logits, shares]: Tensor[]) {
        const slopes = tf.reshape(dy, [count, 1]);
        if (tf.engine().state.gradientDepth > 0) {
          const labels = tf.tensor1d(places.map((place) => place % classes), "int32");
          return tf.mul(tf.sub(tf.oneHot(labels, classes), tf.softmax(logits)), slopes);
        }
        const gradient = tf.mul(shares, tf.neg(slopes)) as Tensor;
        const given = dy.dataSync(), entries = heapView(tf, gradient);
        // No other tensor has these entries yet.
        places.forEach((place, row) => entries[place] += given[row]);
        return gradient;
      },
    };
  });
  return pick(rows) as Tensor;
}

/** Returns logarithms of some entries of a softmax, of which the share itself may be too small. */
function logsAt(
  logits: ArrayLike<number>,
  shares: ArrayLike<number>,
  places: Int32Array,
): Float32Array {
  const classes = shares.length / places.length;
  return Float32Array.from(places, (place, row) => {
    let largest = row * classes;
    for (let i = largest + 1; i < (row + 1) * classes; i++) {
      if (shares[i] > shares[largest]) largest = i;
    }
    return logits[place] - logits[largest] + Math.log(shares[largest]);
  });
}

function requireLabels(
  labels: ArrayLike<number>,
  { rows, ignored }: { rows: Tensor; ignored: number },
): Int32Array {
  const [count, classes] = rows.shape as [number, number];
  const whole = Int32Array.from(labels);
  if (whole.length !== count) {
    throw new InputError({
      place: "target",
      verb: "has",
      found: `${whole.length} labels`,
      expected: `${count}, one for each row of classes`,
    });
  }
  const wrong = whole.find((label) => label !== ignored && !(label >= 0 && label < classes));
  if (wrong === undefined) return whole;
  throw new InputError({
    place: "A label",
    found: String(wrong),
    expected: `0 to ${classes - 1}, or ${ignored} to ignore it`,
  });
}

/** Computes the margins by which the other classes of each row fall short of its own. */
export function marginLosses(
  tf: TensorFlow,
  rows: Tensor,
  { labels, weight, exponent, margin }: {
    labels: Tensor;
    weight: Tensor | null;
    exponent: number;
    margin: number;
  },
): Tensor {
  const classes = rows.shape[1]!;
  // TensorFlow.js encodes no single class.
  const own = classes === 1
    ? tf.onesLike(rows)
    : tf.cast(tf.oneHot(labels as never, classes), "float32");
  const hit = tf.sum(tf.mul(rows, own), 1, true);
  const lag = tf.relu(tf.add(tf.sub(rows, hit), margin));
  const terms = tf.mul(exponent === 1 ? lag : tf.square(lag), tf.sub(1, own));
  const each = tf.div(tf.sum(terms, 1), classes) as Tensor;
  return weighted(tf, each, weight === null ? null : tf.gather(weight, labels));
}

/** Returns losses times their weights, if there are any. */
export const weighted = (tf: TensorFlow, losses: Tensor, weight: Tensor | null): Tensor =>
  weight === null ? losses : tf.mul(losses, weight);

/** Returns the size of floats; as in PyTorch, that of 0 has the gradient 0. */
const sizeOf = (tf: TensorFlow, x: Tensor): Tensor => tf.mul(x, tf.sign(x));

/** Computes |error|. */
export const absoluteLosses = sizeOf;

/** Computes squares below a bound, and straight lines above. */
export function huberLosses(tf: TensorFlow, error: Tensor, delta: number): Tensor {
  const size = sizeOf(tf, error);
  const square = tf.mul(tf.square(error), 0.5);
  return tf.where(tf.lessEqual(size, delta), square, tf.mul(tf.sub(size, delta / 2), delta));
}

/** Computes Huber losses divided by their bound. */
export const smoothLosses = (tf: TensorFlow, error: Tensor, beta: number): Tensor =>
  beta === 0 ? sizeOf(tf, error) : tf.div(huberLosses(tf, error, beta), beta);

/**
 * Computes the binary cross entropy of logits, without overflow.
 *
 * @param positive Weight of the target 1.
 */
export function logitLosses(
  tf: TensorFlow,
  x: Tensor,
  target: Tensor,
  positive: Tensor | null,
): Tensor {
  const below = tf.mul(tf.sub(1, target), x) as Tensor;
  const slope = positive === null ? null : tf.add(1, tf.mul(tf.sub(positive, 1), target)) as Tensor;
  const tail = tf.softplus(tf.neg(x)) as Tensor;
  return tf.add(below, slope === null ? tail : tf.mul(slope, tail));
}

/** Computes the terms of the Kullback-Leibler divergence of targets from logarithms of shares. */
export function divergenceLosses(
  tf: TensorFlow,
  logs: Tensor,
  target: Tensor,
  { areLogs }: { areLogs: boolean },
): Tensor {
  if (areLogs) return tf.mul(tf.exp(target), tf.sub(target, logs));
  const isOff = tf.lessEqual(target, 0);
  const log = tf.log(tf.where(isOff, tf.onesLike(target), target));
  return tf.sub(tf.mul(target, log), tf.mul(target, logs));
}

/** Computes the negative log-likelihood of counts under a Poisson distribution. */
export function poissonLosses(
  tf: TensorFlow,
  input: Tensor,
  target: Tensor,
  { takesLogs, full, epsilon }: { takesLogs: boolean; full: boolean; epsilon: number },
): Tensor {
  const losses = takesLogs
    ? tf.sub(tf.exp(input), tf.mul(target, input))
    : tf.sub(input, tf.mul(target, tf.log(tf.add(input, epsilon))));
  if (!full) return losses as Tensor;
  // Stirling's formula for the logarithm of the factorial, for targets above 1.
  const isLarge = tf.greater(target, 1);
  const t = tf.where(isLarge, target, tf.onesLike(target)) as Tensor;
  const half = tf.mul(0.5, tf.log(tf.mul(2 * Math.PI, t)));
  const factorial = tf.add(tf.sub(tf.mul(t, tf.log(t)), t), half);
  return tf.add(losses, tf.where(isLarge, factorial, tf.zerosLike(target)));
}

/** Computes log(1 + exp(-target x)) for targets of -1 and 1. */
export const softMarginLosses = (tf: TensorFlow, x: Tensor, target: Tensor): Tensor =>
  tf.softplus(tf.neg(tf.mul(x, target)));

/** Computes x for the target 1, the rest of a margin for -1, and the sum of both for any other. */
export const embeddingLosses = (
  tf: TensorFlow,
  x: Tensor,
  target: Tensor,
  margin: number,
): Tensor => {
  const rest = tf.where(tf.equal(target, 1), tf.scalar(0), tf.relu(tf.sub(margin, x)));
  return tf.add(rest, tf.where(tf.equal(target, -1), tf.scalar(0), x));
};

/**
 * Computes the binary cross entropy of each probability as PyTorch does: no logarithm is below
 * -100, and the gradient is finite at 0 and 1 too.
 */
export function shareLoss(tf: TensorFlow, shares: Tensor, targets: Tensor): Tensor {
  const log = (x: Tensor): Tensor => tf.maximum(tf.log(x), -100);
  const compute = tf.customGrad((...args) => {
    const [x, t, save] = args as unknown as [Tensor, Tensor, (tensors: Tensor[]) => void];
    save([x, t]);
    return {
      value: tf.neg(tf.add(tf.mul(t, log(x)), tf.mul(tf.sub(1, t), log(tf.sub(1, x))))),
      gradFunc(dy: Tensor, [x, t]: Tensor[]) {
        const product = tf.maximum(tf.mul(x, tf.sub(1, x)), MIN_PRODUCT);
        return [
          tf.mul(dy, tf.div(tf.sub(x, t), product)),
          tf.mul(dy, tf.sub(log(tf.sub(1, x)), log(x))),
        ];
      },
    };
  });
  return compute(shares, targets);
}
