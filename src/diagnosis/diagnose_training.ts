import type { Finding } from "../rules/finding.ts";
import { formatCount, formatNumber } from "../words/numbers.ts";
import { isKernel } from "../theory/weight_kinds.ts";
import type { Measurements, TensorStatistics } from "../measure/measurements.ts";
import type { Cause } from "./diagnosis.ts";
import { optimizerWords, usualRates } from "../traits/optimizers.ts";

/** Change of one weight during training. */
export interface WeightProgress {
  /** Path of its layer. */
  layer: string;
  /** Name of the weight. */
  weight: string;
  /**
   * rms of the weight now / rms at step 0; `null` if that was 0, NaN if it has NaN or infinite
   * entries now.
   */
  growth: number | null;
  /**
   * l2 norm of what the latest step changed / l2 norm of the weight before it; `null` if that was
   * 0.
   */
  updateRatio: number | null;
}

/**
 * From here on a single step overturns a weight. Healthy steps change about 1e-3 of it (Karpathy),
 * and those of Adam at its default rate up to about 2e-2 in the first steps on narrow layers.
 */
const OVERTURNS = 0.3;
/** Smallest growth since step 0 at which a kernel has blown up. */
const BLOWN_UP = 10;
/**
 * The same if training has broken the network and its loss is higher than before. A single step may
 * have done so long before a measurement: with SGD the digits' classifier is dead at a growth of
 * 3.6 (rate 20) and 5.2 (rate 2), and learns at one of 3.5 (rate 1).
 */
const BLOWN_UP_AND_BROKEN = 2;
/** Update ratio that a fix aims at. */
const HEALTHY = 0.01;
/** A rate that blew a network up is lowered by at least this factor. */
const LEAST_CUT = 10;
/** Update ratio of a usual step (Karpathy, Stanford's cs231n). */
const USUAL_UPDATE = 1e-3;
/** Steps of at most this share of every kernel hardly change a network: 1000 of them, 1 %. */
const TINY_UPDATE = 1e-5;
/** A loss within this share of the one before training has not moved. */
const STANDS = 0.01;

/**
 * Measures how far each kernel has moved.
 *
 * @param start Measurements before the first step.
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
    weights.filter((weight) => weight.trainable && isKernel(weight)).map(({ name, values }) => ({
      layer,
      weight: name,
      growth: growthOf(values, sizes.get(name) ?? 0),
      updateRatio: context.updates.get(name) ?? null,
    }))
  );
}

/** Returns the factor by which a kernel has grown: NaN if it overflowed, `null` if it was 0. */
function growthOf({ rms, nonFinite }: TensorStatistics, before: number): number | null {
  if (!(before > 0)) return null;
  return nonFinite > 0 ? NaN : rms / before;
}

/**
 * Checks if training itself caused the findings: a step that is too large.
 *
 * @param progress Changes of the kernels.
 * @param findings Findings of the rules in the trained network.
 * @param options The class name of the optimizer and its learning rate, if known; and the loss
 * before training and now, if training has broken the network.
 * @returns The cause, with all findings; `null` if no step was too large.
 */
export function diagnoseTraining(
  progress: readonly WeightProgress[],
  findings: readonly Finding[],
  options: {
    optimizer?: string;
    learningRate?: number | null;
    broken?: { before: number; now: number } | null;
  } = {},
): Cause | null {
  const { optimizer = "", learningRate = null, broken = null } = options;
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
    fixes: [{ kind: "rebuild", what: fixOf(size(worst), learningRate, optimizer) }],
  };
}

/** NaN and infinity sort before every number. */
function rank(figure: number): number {
  return Number.isFinite(figure) ? figure : Infinity;
}

function fixOf(ratio: number, learningRate: number | null, optimizer: string): string {
  const usual = usualRates({ name: optimizer });
  const again = "and start again from the weights before training.";
  if (learningRate !== null && usual !== null && learningRate > usual.most) {
    return `Lower it to ${formatNumber(usual.first)}, the usual rate of ${
      optimizerWords({ name: optimizer })
    }, ${again}`;
  }
  if (!(ratio > HEALTHY) || !Number.isFinite(ratio)) {
    return `Lower the learning rate by a factor of 10 or more, ${again}`;
  }
  const factor = Math.min(HEALTHY / ratio, 1 / LEAST_CUT);
  const to = learningRate === null
    ? `to ${formatNumber(factor)} of what it is`
    : `to about ${formatNumber(learningRate * factor)}`;
  return `Lower it ${to}, so that a step changes at most 1 % of a kernel, ${again}`;
}

/** Figures that show if a training has made progress. */
export interface Standstill {
  /** Loss before training and now. */
  loss: { before: number; now: number };
  /** Findings of the rules before training. */
  found: readonly Finding[];
  /** Number of batches that were trained on. */
  steps: number;
  /** Class name of the optimizer. */
  optimizer: string;
  /** Learning rate; `null` if unknown. */
  learningRate: number | null;
}

/**
 * Finds the reason why the loss has not moved, if the rules found errors before training: steps too
 * small to change anything, or else those errors.
 *
 * @param progress Changes of the kernels.
 * @param standstill Figures from before and after training.
 * @returns The cause; `null` if the loss has moved, or nothing was wrong before training.
 */
export function diagnoseStandstill(
  progress: readonly WeightProgress[],
  { loss: { before, now }, found, steps, optimizer, learningRate }: Standstill,
): Cause | null {
  const errors = found.filter(({ severity }) => severity === "error");
  if (errors.length === 0 || !(Math.abs(now - before) <= STANDS * Math.abs(before))) return null;
  const stands = `After ${formatCount(steps, "batch", "batches")} the loss is ` +
    `${formatNumber(now)}, as before training (${formatNumber(before)})`;
  const about = { layers: [], consequences: [], findings: errors };
  const low = errors.find(({ rule, kind }) => rule === "learning-rate" && kind === "too-low");
  const ratios = progress.map(({ updateRatio }) => updateRatio ?? 0);
  const largest = Math.max(...ratios);
  if (low === undefined || progress.length === 0 || !(largest <= TINY_UPDATE)) {
    const [first] = errors;
    return {
      ...about,
      kind: "standstill",
      severity: "warning",
      message: `${stands}. Before training: ${first.message}`,
      fixes: [{ kind: "rebuild", what: first.fix }],
    };
  }
  const rate = learningRate === null ? "" : ` of ${formatNumber(learningRate)}`;
  const times = largest > 0
    ? `the last step changed no kernel by more than ${formatNumber(largest)} of its size, ` +
      `${formatNumber(USUAL_UPDATE / largest)} times less than usual`
    : "the last step changed no kernel";
  const first = usualRates({ name: optimizer })?.first;
  return {
    ...about,
    kind: "learning-rate-too-low",
    severity: "error",
    message: `The learning rate${rate} is too small: ${times}. ${stands}.`,
    fixes: [{
      kind: "rebuild",
      what: first === undefined
        ? "Raise the learning rate."
        : `Raise it to ${formatNumber(first)}, the usual rate of ${
          optimizerWords({ name: optimizer })
        }.`,
    }],
  };
}
