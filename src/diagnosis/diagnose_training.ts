import type { Finding } from "../checks/finding.ts";
import { formatNumber } from "../words/numbers.ts";
import { isKernel } from "../theory/weight_kinds.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { Cause } from "./diagnosis.ts";

/** How training moves one weight. */
export interface WeightProgress {
  /** Path of its layer. */
  layer: string;
  /** Its name. */
  weight: string;
  /** rms of the weight now / rms at step 0; `null` where that was 0, NaN where it has NaN or infinite entries now. */
  growth: number | null;
  /** l2 norm of what the latest step changed / l2 norm of the weight before it; `null` where that was 0. */
  updateRatio: number | null;
}

/**
 * From here on a single step overturns a weight. Healthy steps change about 1e-3 of it (Karpathy), and those
 * of Adam at its default rate up to some 2e-2 in the first steps on narrow layers.
 */
const OVERTURNS = 0.3;
/** Growth since step 0 from which on training has blown a kernel up. */
const BLOWN_UP = 10;
/**
 * The same where training has broken the network and its loss is higher than before. One step may have done
 * that long before a measurement: by SGD the digits' classifier is dead at a growth of 3.6 (rate 20) and 5.2
 * (rate 2), and learns at one of 3.5 (rate 1).
 */
const BLOWN_UP_AND_BROKEN = 2;
/** The update ratio that a cure aims at. */
const HEALTHY = 0.01;

/**
 * Tells how each kernel has moved.
 *
 * @param start What was measured before the first step.
 * @param now What is measured now.
 * @param context The latest update of each weight, by name, as a share of its norm.
 */
export function progressOf(
  start: Measurements,
  now: Measurements,
  context: { updates: ReadonlyMap<string, number | null> },
): WeightProgress[] {
  const sizes = new Map(
    start.layers.flatMap(({ weights }) => weights).map(({ name, values }) => [name, values.rms]),
  );
  return now.layers.flatMap(({ name: layer, weights }) =>
    weights.filter((weight) => weight.trainable && isKernel(weight)).map(({ name, values }) => {
      const before = sizes.get(name) ?? 0;
      return {
        layer,
        weight: name,
        growth: before > 0 ? (values.nonFinite > 0 ? NaN : values.rms / before) : null,
        updateRatio: context.updates.get(name) ?? null,
      };
    })
  );
}

/**
 * Looks for the cause of what goes wrong during training in training itself: a step that is too large.
 *
 * @param progress How the kernels moved.
 * @param findings What the rules found in the trained network.
 * @param options The optimizer's learning rate, where it is known; and the loss before training and now, where
 * training has broken the network.
 * @returns The cause, under which all findings stand; `null` where no step was too large.
 */
export function diagnoseTraining(
  progress: readonly WeightProgress[],
  findings: readonly Finding[],
  options: {
    learningRate?: number | null;
    broken?: { before: number; now: number } | null;
  } = {},
): Cause | null {
  const { learningRate = null, broken = null } = options;
  const rose = broken !== null && broken.now > broken.before ? broken : null;
  const limit = rose === null ? BLOWN_UP : BLOWN_UP_AND_BROKEN;
  const size = ({ updateRatio }: WeightProgress) => updateRatio ?? 0;
  const grown = ({ growth }: WeightProgress) => growth ?? 0;
  const hasBroken = findings.some(({ rule, severity }) =>
    rule === "non-finite" && severity === "error"
  );
  const isBroken = (figure: number) => !Number.isFinite(figure);
  const worst = progress.toSorted((a, b) => rank(size(b)) - rank(size(a)))[0];
  const largest = progress.toSorted((a, b) => rank(grown(b)) - rank(grown(a)))[0];
  if (worst === undefined) return null;
  const overturned = size(worst) > OVERTURNS || isBroken(size(worst));
  const blownUp = grown(largest) > limit || isBroken(grown(largest));
  if (!overturned && !blownUp && !hasBroken) return null;
  const rate = learningRate === null
    ? "The learning rate"
    : `The learning rate of ${formatNumber(learningRate)}`;
  const step = overturned && !isBroken(size(worst))
    ? `the last step changed ${worst.weight} by ${formatNumber(size(worst))} times its own size`
    : null;
  const grew = blownUp && !isBroken(grown(largest))
    ? `${largest.weight} is ${formatNumber(grown(largest))} times as large as before training`
    : null;
  const loss = rose !== null && grew !== null && !overturned
    ? `the loss was ${formatNumber(rose.before)} and is ${formatNumber(rose.now)}`
    : null;
  const left = "training has left NaN or infinite values";
  const gone = progress.find((one) => isBroken(grown(one)) || isBroken(size(one)));
  const broke = gone === undefined ? null : `${left} in ${gone.weight}`;
  const facts = [step, grew, loss, broke].filter((fact) => fact !== null);
  const named = progress.filter((one) =>
    size(one) > OVERTURNS || grown(one) > limit || isBroken(size(one)) || isBroken(grown(one))
  );
  const open = findings.filter(({ severity }) => severity !== "note");
  return {
    kind: "learning-rate",
    severity: open.some(({ severity }) => severity === "error") ? "error" : "warning",
    layers: [...new Set(named.map(({ layer }) => layer))],
    message: `${rate} is too large: ${facts.length > 0 ? facts.join(", and ") : left}.`,
    consequences: [],
    findings: open,
    cures: [{ kind: "rebuild", what: cureOf(size(worst), learningRate) }],
  };
}

/** NaN and infinity come before every number. */
function rank(figure: number): number {
  return Number.isFinite(figure) ? figure : Infinity;
}

function cureOf(ratio: number, learningRate: number | null): string {
  if (!(ratio > HEALTHY) || !Number.isFinite(ratio)) {
    return "Lower the learning rate by a factor of 10 or more, and start again from the weights before " +
      "training.";
  }
  const factor = HEALTHY / ratio;
  const to = learningRate === null
    ? `to ${formatNumber(factor)} of what it is`
    : `to about ${formatNumber(learningRate * factor)}`;
  return `Lower it ${to}, so that a step changes about 1 % of a kernel, and start again from the ` +
    `weights before training.`;
}
