import { formatNumber } from "../../ground/words/numbers.ts";
import { spreadOf, type TrainingLog } from "../training_log.ts";
import { defineTrainingRule, type TrainingVerdict } from "../training_rule.ts";
import type { TrainingStep } from "../training_step.ts";
import {
  batchJump,
  finite,
  LEAST_WINDOW,
  MEASURED,
  PATIENCE,
  spikeAt,
  usualMost,
  WINDOW,
} from "./jumps.ts";

/** Number of latest steps of which all but one show that a loss does not come back. */
const LASTING = 10;
/** Share of the first loss by which a loss rises if what was learned is lost. */
const LARGE_RISE = 0.1;
/** Share of the loss of the best constant answer below which something was learned, and above which it is lost. */
const LEARNED = 0.9, LOST = 0.95;
/** The same share below which a loss that has risen far shows that most is kept. */
const KEPT = 0.7;
/** Distance of the windows among which the best one is looked for. */
const STRIDE = 4;

/** Rule (a): a loss, a gradient or a weight is NaN or infinite. */
export const notFinite = defineTrainingRule({
  name: "not-finite",
  problem: "a figure is not finite",
  formula:
    "Loss, held-out loss, gradient norm and update ratio of each step; entries of the batch.",
  thresholds: {},
  source: "IEEE 754: nothing but a restart removes a NaN from a weight.",
  fix: "Go back to the weights before this step, and look at its batch.",
  reads: ["loss", "validationLoss", "gradientNorm", "updateRatio"],
  judge(log) {
    const { loss, validationLoss, badExamples = [], badClasses = [], nonFinite } = log.row;
    if (badExamples.length > 0) return badBatch(log, badExamples, "NaN or infinite entries");
    if (badClasses.length > 0) return badBatch(log, badClasses, "class numbers without an output");
    if (isFiniteRow(log.row)) return Number.isFinite(validationLoss ?? 0) ? null : badHeldOut(log);
    const pass = nonFinite?.pass ?? (Number.isFinite(loss ?? 0) ? "backward" : "forward");
    const what = { forward: "The loss", backward: "A gradient", update: "A weight" }[pass];
    return {
      severity: "error",
      kind: pass,
      since: log.step,
      layer: nonFinite?.layer ?? null,
      measured: NaN,
      message: `${what} is NaN or infinite${originWords(log)}${batchWords(log)}${aloneWords(log)}.`,
    };
  },
});

/** Returns true if no figure of a step is NaN or infinite. */
function isFiniteRow({ loss, gradientNorm, updateRatio }: TrainingStep): boolean {
  return [loss, gradientNorm, updateRatio].every((value) => Number.isFinite(value ?? 0));
}

/** Finds a held-out loss that is not finite although that of the training is. */
function badHeldOut(log: TrainingLog): TrainingVerdict {
  return {
    severity: "error",
    kind: "held-out",
    since: log.step,
    measured: NaN,
    message: "The held-out loss is NaN or infinite, and the training loss is not.",
    fix: "Look for NaN in the held-out data, and at what the network does outside training " +
      "(statistics of normalisations, masks, a logarithm of 0).",
  };
}

/** Names the layer in which it arose; a log of losses alone does not say. */
function originWords({ row: { nonFinite } }: TrainingLog): string {
  if (!nonFinite) return "";
  const { layer, pass } = nonFinite;
  return `; it arose in \`${layer}\`, in the ${pass} ${
    pass === "update" ? "of the weights" : "pass"
  }`;
}

function badBatch(
  log: TrainingLog,
  examples: readonly number[],
  what: string,
): TrainingVerdict {
  const name = batchName(log);
  return {
    severity: "error",
    kind: "batch",
    since: log.step,
    measured: NaN,
    message: `${name[0].toUpperCase()}${name.slice(1)} holds ${what} in ` +
      `${exampleWords(examples)}.`,
    fix: "Remove or repair these examples, and go back to the weights before this step.",
  };
}

function exampleWords(examples: readonly number[]): string {
  const named = examples.slice(0, 5).join(", ");
  const more = examples.length > 5 ? ` and ${examples.length - 5} more` : "";
  return `the ${
    examples.length === 1 ? "example with index" : "examples with indices"
  } ${named}${more}`;
}

/** Names the examples that alone make the loss NaN or infinite. */
function aloneWords({ row: { failedExamples: failed = [] } }: TrainingLog): string {
  if (failed.length === 0) return "";
  return `; ${exampleWords(failed)} alone ${failed.length === 1 ? "does" : "do"} it`;
}

/** Counts batches from 1, as steps are counted. */
const batchName = ({ row: { batch, epoch } }: Pick<TrainingLog, "row">) =>
  typeof batch === "number" ? `batch ${batch + 1} of ${epochName(epoch)}` : "the batch";

const epochName = (epoch: number | null | undefined) => epoch ? `epoch ${epoch}` : "its epoch";

const batchWords = (log: TrainingLog) =>
  typeof log.row.batch === "number" ? `, on ${batchName(log)}` : "";

/** Rule (e): loss and gradient jump at once, without a jump of the updates before. */
export const spike = defineTrainingRule({
  name: "spike",
  problem: "the loss has jumped",
  formula: "(loss - mean) / sigma over the 128 steps before, and the same of the gradient norm; " +
    "8 steps later, the loss again. Largest |input| and |target| of a batch over those of the 128 " +
    "before, with 10 times the limit until there are 16; an error if a figure is NaN or infinite " +
    "in the 20 steps after it.",
  thresholds: {
    mostSigmas: {
      default: 6,
      unit: "sigma of the last 128 steps",
      range: [1, Infinity],
      source: "OLMo-core's SkipStepOptimizer",
      about: "Distance from the mean at which a loss and a gradient norm are a spike.",
    },
    mostJump: {
      default: 1.5,
      unit: "times the mean",
      range: [1, Infinity],
      source: MEASURED,
      about: "Factor that a spike also exceeds: the spread of a smooth loss is tiny.",
    },
    mostInputJump: {
      default: 10,
      unit: "times the largest before",
      range: [1, Infinity],
      source: MEASURED,
      about: "Factor by which the largest input or target of a batch may exceed all before.",
    },
  },
  source: "OLMo-core (6 sigma of 128); PaLM (Chowdhery et al. 2022) skips the batches of a spike.",
  fix: "Look at this batch; skip it, or clip the gradients, if such batches belong to the data.",
  reads: ["loss", "gradientNorm", "largestInput", "largestTarget"],
  repeats: true,
  judge(log, limits) {
    const place = log.rows.length - 1;
    const found = hugeBatch(log, limits.mostInputJump);
    if (found !== null) return found;
    const now = spikeAt(log, place, limits);
    if (now !== null) {
      return {
        severity: "warning",
        kind: "spike",
        since: log.step,
        measured: now.sigmas,
        threshold: "mostSigmas",
        message: `The loss is ${formatNumber(log.now("loss")!)}, ` +
          `${formatNumber(now.sigmas)} sigma above the ${formatNumber(now.mean)} before` +
          `${log.now("gradientNorm") ? ", and the gradient has jumped as well" : ""}; look at ` +
          `${batchName(log)} of this step.`,
      };
    }
    const far = epochSpike(log);
    if (far !== null) return far;
    const past = spikeAt(log, place - PATIENCE, limits);
    if (past === null) return null;
    const { step } = log.rows[place - PATIENCE];
    // A training at a large rate swings back within some steps.
    const latest = Math.min(...log.last("loss", PATIENCE / 2).map(({ value }) => value));
    if (latest - past.mean < 3 * past.sigma || latest < 1.2 * past.mean) return null;
    return {
      severity: "error",
      kind: "lasting",
      since: step,
      measured: latest / past.mean,
      threshold: "mostSigmas",
      message: `The loss has not recovered from the spike of step ${step}: it was ` +
        `${formatNumber(past.mean)} before, and is ${formatNumber(latest)}.`,
      fix: "Go back to the weights before that step, and skip its batch.",
    };
  },
});

/** Number of steps in which figures may become NaN or infinite by a batch that stood out. */
const BREAKS_WITHIN = 20;

/** Finds a batch with far larger entries than those before: an error once it has broken the training. */
function hugeBatch(log: TrainingLog, most: number): TrainingVerdict | null {
  const { rows, row } = log;
  const isBroken = !isFiniteRow(row) || !Number.isFinite(row.validationLoss ?? 0);
  const first = isBroken ? Math.max(0, rows.length - 1 - BREAKS_WITHIN) : rows.length - 1;
  for (let place = first; place < rows.length; place++) {
    const jump = batchJump(log, place, most);
    if (jump === null) continue;
    const { what, times } = jump;
    const { step } = rows[place];
    const name = batchName({ row: rows[place] });
    const size = `${formatNumber(times)} times the largest of all batches before`;
    const verdict = { kind: "batch", since: step, measured: times, threshold: "mostInputJump" };
    return isBroken
      ? {
        severity: "error",
        ...verdict,
        message: `The largest ${what} of ${name}, at step ${step}, was ${size}, and ` +
          `${
            step === log.step ? "it left" : `by step ${log.step} there are`
          } NaN or infinite values.`,
        fix:
          `Scale the ${what}s of this batch as those of the others, and go back to the weights ` +
          `before step ${step}.`,
      }
      : {
        severity: "warning",
        ...verdict,
        message: `The largest ${what} of ${name} is ${size}.`,
        fix: `Look at this batch, and scale its ${what}s as those of the others.`,
      };
  }
  return null;
}

/** Number of epochs before a spike, and factor by which it exceeds the largest loss of them. */
const EPOCHS_BEFORE = 3, EPOCH_JUMP = 5;

/** Finds an epoch whose mean loss is far above those before: one batch of it must have been far worse still. */
function epochSpike(log: TrainingLog): TrainingVerdict | null {
  const loss = log.now("loss");
  if (!log.isByEpoch || loss === null || !Number.isFinite(loss)) return null;
  // What a rate that was raised does, or a weight that is not finite, is not the fault of a batch.
  const [rate, now] = log.last("learningRate", 2).map(({ value }) => value);
  if (now > EPOCH_JUMP * rate || !Number.isFinite(log.now("validationLoss") ?? 0)) return null;
  const before = finite(log.last("loss", EPOCHS_BEFORE + 1).slice(0, -1)).map(({ value }) => value);
  const first = log.column("loss")[0].value;
  const most = Math.max(...before);
  if (before.length < EPOCHS_BEFORE || !(loss > EPOCH_JUMP * most)) return null;
  if (!(loss - most > LARGE_RISE * first)) return null;
  return {
    severity: "warning",
    kind: "spike",
    since: log.step,
    measured: loss / most,
    message: `The loss of epoch ${log.row.epoch} is ${formatNumber(loss)}, ` +
      `${
        formatNumber(loss / most)
      } times the largest of the ${EPOCHS_BEFORE} epochs before; look ` +
      "at its batches.",
  };
}

/** Rule (e), continued: what a training had learned is lost. */
export const lossRises = defineTrainingRule({
  name: "loss-rises",
  problem: "the training loses what it had learned",
  formula:
    "Second smallest loss of the latest 10 steps over that of the best 16 steps in a row, and the " +
    "distance in standard errors of the losses of those 16. Or " +
    `that mean below ${LEARNED} of the loss of the best constant answer, and that loss above ${LOST} of it. ` +
    `Never while that loss is below ${KEPT} of it.`,
  thresholds: {
    mostRise: {
      default: 1.4,
      unit: "times the best mean",
      range: [1, Infinity],
      source: MEASURED,
      about: "Factor by which the mean loss may exceed its best.",
    },
    mostRiseSigmas: {
      default: 3,
      unit: "standard errors",
      range: [1, Infinity],
      source: MEASURED,
      about: "Distance from its best that is not noise.",
    },
  },
  source: MEASURED,
  fix: "Compare the batches since that step with those before: their labels, their scale, their " +
    "order. Go back to the weights before it.",
  reads: ["loss"],
  judge(log, { mostRise, mostRiseSigmas }) {
    const latest = finite(log.last("loss", LASTING));
    if (latest.length < LASTING) return null;
    // One lucky batch proves no recovery.
    const mean = latest.map(({ value }) => value).toSorted((a, b) => a - b)[1];
    const first = log.column("loss")[0].value;
    const constant = log.constantLoss;
    // No mean is below the least loss. Logs have a million rows, and few of them rise.
    const most = mean - (log.least("loss")?.value ?? NaN);
    if (!(most > LARGE_RISE * first || mean > LOST * constant)) return null;
    const best = bestMean(log);
    if (best === null || latest[0].step <= best.end) return null;
    const sigmas = (mean - best.mean) / (best.sigma / Math.sqrt(LASTING));
    const rise = mean / best.mean;
    const isLost = best.mean < LEARNED * constant && mean > LOST * constant;
    const isLarge = rise > mostRise && mean - best.mean > LARGE_RISE * first;
    if (!(isLost || isLarge) || !(sigmas > mostRiseSigmas) || mean < KEPT * constant) return null;
    // Descent at a large rate loses what it had learned, and comes back.
    if (!(mean > usualMost(log, LASTING))) return null;
    return {
      severity: "error",
      kind: "rises",
      since: latest[0].step,
      measured: isLarge ? rise : sigmas,
      threshold: isLarge ? "mostRise" : "mostRiseSigmas",
      message: `The loss has risen since step ${best.end}: from ${formatNumber(best.mean)} to ` +
        `${formatNumber(mean)} (second smallest of ${LASTING} steps), and ` +
        `${isLost ? "is again that of the best constant answer" : "does not come back"}.`,
    };
  },
});

/** Returns the best mean of 16 losses in a row, of those before the latest. */
function bestMean(log: TrainingLog): { mean: number; sigma: number; end: number } | null {
  const losses = finite(log.last("loss", WINDOW + LASTING)).slice(0, -LASTING);
  let best: { mean: number; sigma: number; end: number } | null = null;
  for (let end = LEAST_WINDOW; end <= losses.length; end += STRIDE) {
    const { mean, sigma } = spreadOf(losses.slice(end - LEAST_WINDOW, end));
    if (best === null || mean < best.mean) best = { mean, sigma, end: losses[end - 1].step };
  }
  return best;
}
