import { formatNumber, formatPercent, roundTo } from "../../ground/words/numbers.ts";
import { median } from "../../ground/theory/statistics.ts";
import { meanOf, type TrainingLog } from "../training_log.ts";
import { defineTrainingRule, type TrainingVerdict } from "../training_rule.ts";
import { hasNoGradient } from "./learning.ts";
import { BREAKS, clamped, FIRST, HELD_OUT_STANDS, LEAST_RATIOS, rateWords } from "./rates.ts";
import { finite, MEASURED } from "./jumps.ts";

/** Rule (c): steps are too small. */
export const rateTooLow = defineTrainingRule({
  name: "rate-too-low",
  problem: "the learning rate is too low",
  formula:
    "Mean of the largest ||step|| / ||kernel|| over steps 11 to 20: momentum has then built up. From " +
    "step 10 on, over the later half so far, for 0.6 of leastUpdateAtAll. Up to " +
    "0.02: mean over the first 20 steps of (loss after - loss before) / (g . step), and the held-out loss, or " +
    "the fall of the loss without it. Up to 0.01: loss over that of the best constant answer.",
  thresholds: {
    leastUpdate: {
      default: 2e-3,
      unit: "of a kernel",
      range: [0, 1],
      source: `cs231n names 1e-3 as healthy; ${MEASURED}`,
      about: "Smallest mean update ratio that is not too low.",
    },
    leastUpdateAtAll: {
      default: 5e-4,
      unit: "of a kernel",
      range: [0, 1],
      atMost: "leastUpdate",
      source: MEASURED,
      about: "Mean update ratio below which training stands still: an error.",
    },
    mostLinear: {
      default: 0.97,
      unit: "of the predicted decrease",
      range: [0, 2],
      source: MEASURED,
      about: "Share of the predicted decrease from which steps are small beside the curvature.",
    },
    leastFirstFall: {
      default: 0.15,
      unit: "of the first loss",
      range: [0, 1],
      source: MEASURED,
      about:
        "Fall of the loss in 20 steps from which such steps are large enough, if no held-out loss is known.",
    },
    mostAbove: {
      default: 1.2,
      unit: "times the loss of the best constant answer",
      range: [1, Infinity],
      source: MEASURED,
      about: "Largest loss after 20 small steps, in training and on held-out data.",
    },
  },
  source: "Karpathy, cs231n: updates are about 1e-3 of the weights.",
  fix: "Raise the learning rate by a factor of 10.",
  reads: ["updateRatio", "learningRate"],
  judge(log, { leastUpdate, leastUpdateAtAll, mostLinear, leastFirstFall, mostAbove }) {
    const dropped = droppedBy(log);
    if (dropped !== null) return dropped;
    const first = finite(log.until("updateRatio", FIRST));
    const updates = first.slice(first.length >> 1);
    const mean = meanOf(updates);
    // A training that stands still needs no second look, and may be short.
    const isEarly = log.age < FIRST;
    if (isEarly && !(log.age >= FIRST / 2 && mean < EARLY * leastUpdateAtAll)) return null;
    if (mean === 0 && hasNoGradient(log)) return null;
    // A rate that rises warms up.
    if ((log.learningRate ?? 0) > (log.column("learningRate")[0]?.value ?? Infinity)) return null;
    // Without a loss there is nothing to learn.
    if (updates.length < LEAST_RATIOS || log.now("loss") === 0) return null;
    // A network that large steps have broken has no gradient left.
    if (first.some(({ value }) => value > BREAKS)) return null;
    if (!(mean < leastUpdate)) {
      const most = Math.max(mean, meanOf(first));
      if (log.age > FIRST || most > MOST_SLOW_UPDATE) return null;
      const slow = slowBy(log, { mostLinear, leastFirstFall });
      return slow ?? (most > SMALL_UPDATE ? null : aboveBy(log, mostAbove));
    }
    const held = log.column("validationLoss").at(-1)?.value ?? NaN;
    if (mean >= leastUpdateAtAll && held / log.constantLoss < HELD_OUT_STANDS) return null;
    return {
      severity: mean < leastUpdateAtAll ? "error" : "warning",
      kind: "small",
      since: 1,
      measured: mean,
      threshold: mean < leastUpdateAtAll ? "leastUpdateAtAll" : "leastUpdate",
      message: `The learning rate${rateWords(log)} is too low: steps ${updates[0].step} to ${
        updates.at(-1)!.step
      } changed no kernel by more than ${formatNumber(mean)} of its size on average${
        besideUsual(mean, leastUpdate)
      }.`,
    };
  },
});

/** Share to which a logged rate falls at once if no schedule does it: schedules by steps fall to a tenth. */
const MOST_DROP = 1e-3;
/** Number of rows at such a rate: the end of a schedule has fewer. */
const DROPPED_ROWS = 5;

/** Finds a logged rate that has fallen at once to next to nothing, and has stayed there. */
function droppedBy(log: TrainingLog): TrainingVerdict | null {
  const rates = log.last("learningRate", DROPPED_ROWS + 1);
  if (rates.length <= DROPPED_ROWS) return null;
  const [{ value: before }, ...later] = rates;
  const now = Math.max(...later.map(({ value }) => value));
  if (!(before > 0) || !(now <= MOST_DROP * before)) return null;
  const [{ step }] = later;
  return {
    severity: "error",
    kind: "dropped",
    since: step,
    measured: now / before,
    message: `The learning rate of ${formatNumber(now)} is too low: it fell from ` +
      `${formatNumber(before)} at step ${step}, and the steps since change next to nothing.`,
    fix: `Look at the schedule at step ${step}, and put the rate back to ${formatNumber(before)}.`,
  };
}

/** Compares a mean update ratio with what is usual: 1e-3, where it is clearly less. */
function besideUsual(mean: number, leastUpdate: number): string {
  if (mean === 0) return "";
  const times = 1e-3 / mean;
  if (times < 2) return `; expected at least ${formatNumber(leastUpdate)}`;
  return `, ${formatNumber(roundTo(2, times))} times less than usual`;
}

/** Share of leastUpdateAtAll below which a mean before step 20 is an error: later steps may be larger. */
const EARLY = 0.6;
/** Largest mean update ratio of steps that may be larger: others are not small. */
const SMALL_UPDATE = 1e-2;

/** Largest mean update ratio of steps that are small beside the curvature. */
const MOST_SLOW_UPDATE = 2e-2;
/** Share of the held-out loss of a network that has learned nothing below which one has learned something. */
const HELD_OUT_LEARNS = 0.98;

/** Finds steps that keep to the gradient's prediction although nothing is learned. */
function slowBy(
  log: TrainingLog,
  { mostLinear, leastFirstFall }: { mostLinear: number; leastFirstFall: number },
): TrainingVerdict | null {
  const ratios = finite(log.until("decreaseRatio", FIRST));
  if (ratios.length < LEAST_RATIOS) return null;
  const linear = meanOf(ratios.map(clamped));
  const progress = progressOf(log);
  const isSlow = progress.heldOut === null
    ? progress.fall < leastFirstFall
    : !(progress.heldOut < HELD_OUT_LEARNS * log.unlearned);
  if (!(linear > mostLinear && isSlow)) return null;
  const learned = progress.heldOut === null
    ? `the loss has fallen by ${formatPercent(Math.max(0, progress.fall))} in ${FIRST} steps`
    : `after ${FIRST} steps the held-out loss is ${formatNumber(progress.heldOut)}; that of a ` +
      `network that has learned nothing is ${formatNumber(log.unlearned)}`;
  return {
    severity: "warning",
    kind: "slow",
    since: 1,
    measured: linear,
    threshold: "mostLinear",
    message: `The learning rate${rateWords(log)} is too low: ${learned}. The steps reach ` +
      `${formatPercent(linear)} of the decrease that the gradient predicts, so that larger steps ` +
      "are safe.",
    fix: "Raise the learning rate by a factor of 3.",
  };
}

/** Returns the held-out loss, `null` if it was not measured, and the fall of the loss, which is noisier. */
function progressOf(log: TrainingLog): { heldOut: number | null; fall: number } {
  const held = log.column("validationLoss");
  const first = log.column("loss")[0].value;
  const latest = log.last("loss", LEAST_RATIOS).map(({ value }) => value);
  return { heldOut: held.length > 1 ? held.at(-1)!.value : null, fall: 1 - median(latest) / first };
}

/** Share of the penalties in a loss above which they outweigh the task. */
const MOST_PENALTY = 0.5;

/** Finds small steps that have not even brought the loss down to that of the best constant answer. */
function aboveBy(log: TrainingLog, mostAbove: number): TrainingVerdict | null {
  const loss = median(log.last("loss", LEAST_RATIOS).map(({ value }) => value));
  const held = log.column("validationLoss").at(-1)?.value ?? Infinity;
  const above = Math.min(loss, held) / log.constantLoss;
  // A penalty that outweighs the task keeps it from being learned.
  const penalty = log.column("penalty").at(-1)?.value ?? 0;
  if (!(above > mostAbove) || penalty > MOST_PENALTY) return null;
  return {
    severity: "warning",
    kind: "above",
    since: 1,
    measured: above,
    threshold: "mostAbove",
    message:
      `The learning rate${rateWords(log)} is too low: after ${FIRST} small steps, the loss is ` +
      `still ${formatNumber(above)} times that of the best constant answer.`,
    fix: "Raise the learning rate by a factor of 3.",
  };
}

/** Share of the first loss above which small gradients do not come from success. */
const HIGH = 0.5;

/** Rule (l): Adam divides by a second moment that is far from the present gradients. */
export const staleMoment = defineTrainingRule({
  name: "stale-second-moment",
  problem: "Adam's second moment is stale",
  formula: "Median over the weights of g^2 / v, with v Adam's corrected second moment, while the " +
    "loss is above half of the first, and updates are at most 0.01 of a kernel.",
  thresholds: {
    leastMomentRatio: {
      default: 0.01,
      unit: "of v",
      range: [0, 1],
      source: "arXiv 2506.04805: spikes come when v decays while g^2 is far below it",
      about: "Smallest median of g^2 / v over the latest measurements.",
    },
  },
  source:
    "arXiv 2506.04805 on spikes of Adam; Wortsman et al. 2023 on gradients below its epsilon.",
  fix: "Lower beta2 to 0.95 or 0.99, or clip the gradients.",
  reads: ["secondMomentRatio", "loss"],
  judge(log, { leastMomentRatio }) {
    const latest = finite(log.last("secondMomentRatio", LEAST_RATIOS));
    const middle = median(latest.map(({ value }) => value));
    if (latest.length < LEAST_RATIOS || !(middle < leastMomentRatio)) return null;
    // At a large rate, steps may be large all the same.
    if (meanOf(finite(log.last("updateRatio", LEAST_RATIOS))) > SMALL_UPDATE) return null;
    // The gradients of a training that has learned its task are far below its past ones.
    const before = meanOf(finite(log.until("loss", LEAST_RATIOS)));
    if (meanOf(finite(log.last("loss", LEAST_RATIOS))) < HIGH * before) return null;
    if ((log.least("validationLoss")?.value ?? NaN) < HIGH * log.unlearned) return null;
    return {
      severity: "warning",
      kind: "stale",
      since: latest[0].step,
      measured: middle,
      threshold: "leastMomentRatio",
      message: `Adam's second moment is stale: g^2 is ${formatNumber(middle)} of it (median), so ` +
        "that steps are small now, and too large when gradients grow.",
    };
  },
});
