import { formatCount, formatNumber } from "../../ground/words/numbers.ts";
import { meanOf, type Point, spreadOf, type TrainingLog } from "../training_log.ts";
import { defineTrainingRule } from "../training_rule.ts";
import { finite, MEASURED } from "./jumps.ts";
import { FIRST, LEAST_RATIOS, STANDS } from "./rates.ts";

/** Number of losses that a mean is taken of. */
const WINDOW = 20;
/** Number of first steps whose mean loss is that before training. */
const START = 5;

/** Share of the loss of a network that has learned nothing below which a loss shows that one has. */
export const LEARNED = 0.5;

/** Rule (d): the loss has not moved. */
export const notLearning = defineTrainingRule({
  name: "not-learning",
  problem: "nothing is learned",
  formula: "Fall of the mean loss of 20 steps from that of the first 5, as a share of it; or its " +
    "distance from the loss of the best constant answer. Or an update of zero in each of the first 10 " +
    "to 20 steps, unless the rate is too small to show. Unless the latest 50 losses fall by a quarter of " +
    "that and 2 standard errors of a straight line, or a held-out loss has fallen by it.",
  thresholds: {
    leastFall: {
      default: 0.02,
      unit: "of the first loss",
      range: [0, 1],
      source: MEASURED,
      about: "Smallest fall of the loss that counts as learning.",
    },
    enoughSteps: {
      default: 100,
      unit: "steps",
      range: [10, 1e9],
      whole: true,
      source: MEASURED,
      about: "Number of steps before which an unmoved loss proves nothing.",
    },
  },
  source: "Karpathy 2019, A Recipe for Training Neural Networks: compare with a constant answer.",
  fix: "Look at the report of the untrained network (assertHealthy), and overfit one batch " +
    "(assertOverfitsBatch).",
  reads: ["loss"],
  judge(log, { leastFall, enoughSteps }) {
    if (log.age <= FIRST && hasNoGradient(log)) {
      return {
        severity: "error",
        kind: "no-gradient",
        since: 1,
        measured: 0,
        message: `Nothing is learned: no kernel has had a gradient in ${log.age} steps.`,
      };
    }
    if (log.age < enoughSteps && !log.isByEpoch) return null;
    if ((log.least("loss")?.value ?? NaN) < LEARNED * log.unlearned) return null;
    const windows = windowsOf(log);
    if (windows === null) return null;
    const { start, latest, isOpen } = windows;
    const before = meanOf(start);
    const now = meanOf(latest);
    const { constantLoss } = log.setup;
    const fall = (before - now) / Math.abs(before);
    const isConstant = typeof constantLoss === "number" &&
      Math.abs(now - constantLoss) <= leastFall * Math.abs(constantLoss);
    if (!isConstant && !(fall < leastFall)) return null;
    // It learns slowly, or passes the loss of the constant answer on its way down.
    if (isFalling(log, leastFall / 4) || isHeldOutFallen(log, leastFall)) return null;
    const what = isConstant
      ? `that of the best constant answer (${formatNumber(constantLoss)})`
      : `as in the first steps (${formatNumber(before)})`;
    return {
      severity: isOpen ? "warning" : "error",
      kind: isConstant ? "constant" : "stands",
      since: 1,
      measured: isConstant ? Math.abs(now - constantLoss) / Math.abs(constantLoss) : fall,
      threshold: "leastFall",
      message: log.isByEpoch
        ? `Nothing is learned, or all of it in the first epoch: after ${
          formatCount(log.rows.length, "epoch")
        } the loss is ${formatNumber(now)}, ${what}.`
        : `Nothing is learned: after ${log.step} steps the loss is ${formatNumber(now)}, ${what}.`,
    };
  },
  isRefuted: (log) => {
    const latest = finite(log.last("loss", WINDOW));
    return latest.length === WINDOW && meanOf(latest) < LEARNED * log.unlearned;
  },
});

/** Number of rows whose mean is the loss before training if the first 5 steps have fewer than 5. */
const SPARSE_START = 3;
/** Number of rows, those excluded, from which the others show whether a sparse log learns. */
const SPARSE_ROWS = 10;

/** Losses that are compared. */
interface LossWindows {
  start: readonly Point[];
  latest: Point[];
  /** True if the first row is the mean of an epoch, or far from the start: all may have been learned by then. */
  isOpen: boolean;
}

/**
 * Returns the losses before training and the latest ones: of steps, or of the rows that a log with a row every
 * few steps or epochs has. `null` if these are too few.
 */
function windowsOf(log: TrainingLog): LossWindows | null {
  const first = finite(log.until("loss", START));
  if (first.length >= START && !log.isByEpoch) {
    const latest = finite(log.last("loss", WINDOW));
    return latest.length < WINDOW ? null : { start: first, latest, isOpen: false };
  }
  const start = finite(log.column("loss").slice(0, SPARSE_START));
  const rest = finite(log.last("loss", WINDOW)).filter(({ step }) => step > start.at(-1)!.step);
  if (start.length < SPARSE_START || rest.length < SPARSE_ROWS) return null;
  return { start, latest: rest, isOpen: log.isByEpoch || start[0].step > FIRST };
}

/** Size of a step that would show in float32 if a kernel had a part in it. */
const VISIBLE = 1e-6;

/** Returns true if no first step has changed a kernel, although it could have: no rate helps then. */
export function hasNoGradient(log: TrainingLog): boolean {
  const updates = finite(log.until("updateRatio", FIRST));
  const norms = finite(log.until("gradientNorm", FIRST)).map(({ value }) => value);
  if (log.age < FIRST / 2 || updates.length < LEAST_RATIOS || norms.length === 0) return false;
  if (log.now("loss") === 0 || updates.some(({ value }) => value !== 0)) return false;
  // Biases may have gradients. Adam's steps are of the size of the rate, those of descent smaller.
  const largest = Math.max(...norms);
  return largest === 0 || (log.learningRate ?? 0) * Math.min(1, largest) > VISIBLE;
}

/** Number of latest steps whose fall shows that a slow training learns. */
const TREND = 50;
/** Standard errors of such a fall that are not noise. */
const SURELY = 2;

/** Returns true if a straight line through the latest losses falls surely, and by a share of their mean. */
function isFalling(log: TrainingLog, least: number): boolean {
  const losses = finite(log.last("loss", TREND)).map(({ value }) => value);
  const middle = (losses.length - 1) / 2;
  const mean = losses.reduce((sum, value) => sum + value, 0) / losses.length;
  const sums = { places: 0, both: 0, losses: 0 };
  losses.forEach((value, i) => {
    sums.places += (i - middle) ** 2;
    sums.both += (i - middle) * (value - mean);
    sums.losses += (value - mean) ** 2;
  });
  const slope = sums.both / sums.places;
  const rest = Math.max(0, sums.losses - slope * sums.both);
  const error = Math.sqrt(rest / (losses.length - 2) / sums.places);
  return -slope > SURELY * error && -slope * losses.length > least * Math.abs(mean);
}

/** Returns true if a held-out loss of the latest steps has fallen, which is less noisy than that of a batch. */
function isHeldOutFallen(log: TrainingLog, least: number): boolean {
  const held = log.column("validationLoss").at(-1);
  return held !== undefined && held.step > log.step - TREND &&
    held.value < (1 - least) * log.unlearned;
}

/** Number of steps without progress that are a plateau. */
const LONG = 200;
/** Number of rows between two looks for one. */
const PLATEAU_EVERY = 10;

/** Rule (k): the loss has stopped falling, far from the end. */
export const plateau = defineTrainingRule({
  name: "plateau",
  problem: "the loss has stopped falling",
  formula:
    "Mean loss of the latest 100 steps over that of the 100 before, in standard errors, if " +
    "the loss is above half of the first.",
  thresholds: {
    leastProgress: {
      default: 0.005,
      unit: "of the loss",
      range: [0, 1],
      source: MEASURED,
      about: "Smallest fall over 100 steps that is progress.",
    },
    highLoss: {
      default: 0.5,
      unit: "of the first loss",
      range: [0, 1],
      source: MEASURED,
      about: "Share of the first loss below which a plateau is the end of a good training.",
    },
  },
  source: "Keras's ReduceLROnPlateau waits for 10 epochs without progress.",
  fix: "Lower the learning rate by a factor of 3 to 10, or give the network more capacity.",
  reads: ["loss"],
  judge(log, { leastProgress, highLoss }) {
    // Means of 100 steps change little from one step to the next.
    if (log.rows.length % PLATEAU_EVERY !== 0) return null;
    const losses = finite(log.last("loss", LONG));
    if (losses.length < LONG) return null;
    const first = meanOf(windowsOf(log)?.start ?? []);
    const before = spreadOf(losses.slice(0, LONG / 2));
    const now = spreadOf(losses.slice(LONG / 2));
    const fall = (before.mean - now.mean) / Math.abs(before.mean);
    const isHigh = now.mean > highLoss * first;
    if (!isHigh || !(Math.abs(fall) < leastProgress)) return null;
    // A loss that has never fallen is another matter.
    if (first - now.mean < notLearning.thresholds.leastFall.default * Math.abs(first)) return null;
    return {
      severity: "warning",
      kind: "plateau",
      since: losses[0].step,
      measured: Math.abs(fall),
      threshold: "leastProgress",
      message:
        `The loss has stood at ${formatNumber(now.mean)} since step ${losses[0].step}; it was ` +
        `${formatNumber(first)} at the start.`,
    };
  },
});

/** Number of steps before which a held-out loss above its minimum proves nothing. */
const EARLY = 40;

/** Share of the held-out loss below which the training loss shows that examples are memorised. */
const LARGE_GAP = 0.5;
/** Share of the first held-out loss below which a rise is noise. */
const MATTERS = 0.03;
/** Standard deviations of the latest training losses about their trend up to which a rise is noise, too. */
const NOISE_SIGMAS = 3;

/** Rule (j): held-out loss rises while the training loss falls. */
export const overfitting = defineTrainingRule({
  name: "overfitting",
  problem: "the network overfits",
  formula:
    "Held-out loss over its minimum, while the training loss is below that of the minimum, " +
    "unless the held-out loss has already risen as far and come back.",
  thresholds: {
    mostHeldOutRise: {
      default: 1.2,
      unit: "times its minimum",
      range: [1, Infinity],
      source: `UMLAUT (Schoop et al. 2021) warns of any rise; ${MEASURED}`,
      about: "Factor by which the held-out loss may exceed its minimum.",
    },
    mostRiseOfGap: {
      default: 1.1,
      unit: "times its minimum",
      range: [1, Infinity],
      source: MEASURED,
      about: "The same if the training loss is below half of the held-out loss.",
    },
  },
  source: "Prechelt 1998, Early Stopping - But When?: generalisation loss.",
  fix: "Stop where the held-out loss was lowest, get more data, or add dropout or weight decay.",
  reads: ["loss", "validationLoss"],
  judge(log, { mostHeldOutRise, mostRiseOfGap }) {
    const held = log.now("validationLoss");
    const least = log.least("validationLoss");
    if (held === null || least === null || !(least.value > 0)) return null;
    // The held-out loss jumps about in the first steps.
    if (log.age < EARLY) return null;
    const first = log.column("validationLoss")[0].value;
    if (!(held - least.value > MATTERS * first)) return null;
    const now = trainingLoss(log, log.step);
    const hasGap = now < LARGE_GAP * held;
    const most = hasGap ? mostRiseOfGap : mostHeldOutRise;
    // Without a gap, a held-out loss that jumps about may rise twice by chance.
    const enough = hasGap ? 2 : 3;
    const latest = log.last("validationLoss", enough).map(({ value }) => value / least.value);
    if (latest.length < enough || !latest.every((rise) => rise > most)) return null;
    // A network that has not learned its examples cannot have memorised them.
    const before = trainingLoss(log, Math.max(least.step, log.column("loss")[0]?.step ?? 0));
    if (!(now < Math.min(before, STANDS * log.unlearned))) return null;
    const rise = Math.min(...latest);
    // At a large rate, both losses jump about.
    const noise = noiseOf(finite(log.last("loss", WINDOW)));
    if (!(least.value * (rise - 1) > NOISE_SIGMAS * noise)) return null;
    return {
      severity: "warning",
      kind: "overfits",
      since: least.step,
      measured: rise,
      threshold: hasGap ? "mostRiseOfGap" : "mostHeldOutRise",
      message: `The network has overfitted since step ${least.step}: the held-out loss was ` +
        `${formatNumber(least.value)} there and is ${
          formatNumber(held)
        } at step ${log.step}, while ` +
        "the training loss falls.",
      fix: least.step === 0
        ? "Get more data, or add dropout or weight decay: no step has lowered the held-out loss."
        : `Stop after step ${least.step}, where the held-out loss was lowest, get more data, or add ` +
          "dropout or weight decay.",
    };
  },
});

/** Returns the standard deviation of values about their trend, by the differences of neighbours. */
function noiseOf(points: readonly Point[]): number {
  const steps = points.slice(1).map(({ step, value }, i) => ({
    step,
    value: value - points[i].value,
  }));
  return spreadOf(steps).sigma / Math.SQRT2;
}

function trainingLoss(log: TrainingLog, step: number): number {
  return meanOf(finite(log.before("loss", step, START)));
}
