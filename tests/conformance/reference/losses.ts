import { map, mean, type NdArray, reduce, sum, zip } from "./nd_array.ts";
import { softmax } from "./activate.ts";

const EPSILON = 1e-7;
const clip = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);
const overLast = (a: NdArray, f: (entries: number[]) => number) =>
  reduce(a, [a.shape.length - 1], false, f);
const meanOf = (t: NdArray, p: NdArray, f: (t: number, p: number) => number) =>
  overLast(zip(t, p, f), mean);
const unit = (a: NdArray) =>
  zip(
    a,
    reduce(a, [a.shape.length - 1], true, (v) => Math.max(sum(v.map((x) => x * x)), EPSILON)),
    (x, square) => x / Math.sqrt(square),
  );
const crossEntropy = (logit: number, label: number) =>
  Math.max(logit, 0) - logit * label + Math.log1p(Math.exp(-Math.abs(logit)));

/** Each loss that `model.compile` knows by name: (targets, predictions) to one number an example. */
export const LAYER_LOSSES: Readonly<Record<string, (t: NdArray, p: NdArray) => NdArray>> = {
  meanSquaredError: (t, p) => meanOf(t, p, (a, b) => (b - a) ** 2),
  meanAbsoluteError: (t, p) => meanOf(t, p, (a, b) => Math.abs(b - a)),
  meanAbsolutePercentageError: (t, p) =>
    meanOf(t, p, (a, b) => 100 * Math.abs((a - b) / Math.max(Math.abs(a), EPSILON))),
  meanSquaredLogarithmicError: (t, p) =>
    meanOf(
      t,
      p,
      (a, b) => (Math.log(1 + Math.max(b, EPSILON)) - Math.log(1 + Math.max(a, EPSILON))) ** 2,
    ),
  squaredHinge: (t, p) => meanOf(t, p, (a, b) => Math.max(0, 1 - a * b) ** 2),
  hinge: (t, p) => meanOf(t, p, (a, b) => Math.max(0, 1 - a * b)),
  categoricalHinge: (t, p) =>
    zip(
      overLast(zip(t, p, (a, b) => a * b), sum),
      overLast(zip(t, p, (a, b) => (1 - a) * b), (v) => Math.max(...v)),
      (positive, negative) => Math.max(0, 1 + negative - positive),
    ),
  logcosh: (t, p) => meanOf(t, p, (a, b) => Math.log(Math.cosh(b - a))),
  categoricalCrossentropy: (t, p) => {
    const q = zip(p, reduce(p, [p.shape.length - 1], true, sum), (x, total) => x / total);
    const terms = zip(t, q, (a, b) => -a * Math.log(clip(b, EPSILON, 1 - EPSILON)));
    return overLast(terms, sum);
  },
  sparseCategoricalCrossentropy: (t, p) => {
    const clipped = map(p, (x) => clip(x, EPSILON, 1 - EPSILON));
    const classes = p.shape.at(-1)!;
    const oneHot = {
      shape: p.shape,
      data: Float64Array.from(p.data, (_, i) => +(i % classes === t.data[Math.floor(i / classes)])),
    };
    return LAYER_LOSSES.categoricalCrossentropy(oneHot, clipped);
  },
  binaryCrossentropy: (t, p) =>
    meanOf(t, p, (a, b) => {
      const q = clip(b, EPSILON, 1 - EPSILON);
      return -a * Math.log(q) - (1 - a) * Math.log(1 - q);
    }),
  kullbackLeiblerDivergence: (t, p) =>
    overLast(
      zip(t, p, (a, b) => a * Math.log(clip(a, EPSILON, 1) / clip(b, EPSILON, 1))),
      sum,
    ),
  poisson: (t, p) => meanOf(t, p, (a, b) => b - a * Math.log(b + EPSILON)),
  cosineProximity: (t, p) => map(overLast(zip(unit(t), unit(p), (a, b) => a * b), sum), (x) => -x),
};

/** Each loss of `tf.losses`, before its weights and reduction: one number an entry (or example). */
export const CORE_LOSSES: Readonly<Record<string, (t: NdArray, p: NdArray) => NdArray>> = {
  absoluteDifference: (t, p) => zip(t, p, (a, b) => Math.abs(a - b)),
  meanSquaredError: (t, p) => zip(t, p, (a, b) => (a - b) ** 2),
  computeWeightedLoss: (_t, p) => p,
  cosineDistance: (t, p) =>
    reduce(zip(t, p, (a, b) => a * b), [t.shape.length - 1], true, (v) => 1 - sum(v)),
  hingeLoss: (t, p) => zip(t, p, (a, b) => Math.max(0, 1 - (2 * a - 1) * b)),
  huberLoss: (t, p) =>
    zip(t, p, (a, b) => {
      const error = Math.abs(b - a);
      return error < 1 ? error * error / 2 : error - 0.5;
    }),
  logLoss: (t, p) =>
    zip(t, p, (a, b) => -a * Math.log(b + EPSILON) - (1 - a) * Math.log(1 - b + EPSILON)),
  sigmoidCrossEntropy: (t, p) => zip(t, p, (a, b) => crossEntropy(b, a)),
  softmaxCrossEntropy: (t, p) => {
    const logs = map(softmax(p), Math.log);
    return overLast(zip(t, logs, (a, b) => -a * b), sum);
  },
};
