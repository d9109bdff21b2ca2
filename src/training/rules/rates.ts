import { optimizerWords, usualRates } from "../../ground/traits/optimizers.ts";
import { formatNumber } from "../../ground/words/numbers.ts";
import { median } from "../../ground/theory/statistics.ts";
import { meanOf, type Point, type TrainingLog } from "../training_log.ts";
import { LEARNS, type TrainingPass, type WeightProgress } from "../training_pass.ts";
import { defineTrainingRule, type TrainingVerdict } from "../training_rule.ts";
import { BEFORE, finite, hasSpiked, MEASURED, SMALL_RISE, usualMost } from "./jumps.ts";

/** Number of first steps that show if a rate is right. */
export const FIRST = 20;
/** Mean over fewer ratios of decreases is noise. */
export const LEAST_RATIOS = 5;
/** Update ratio that may itself be the reason why figures are not finite. */
export const BREAKS = 0.3;

/** Returns the rate in words: ` of 0.1`, or nothing if it is unknown. */
export function rateWords(log: TrainingLog): string {
  const rate = log.learningRate;
  return rate === null ? "" : ` of ${formatNumber(rate)}`;
}

/** Limits a ratio, so that a step far uphill does not outweigh the others. */
export function clamped({ step, value }: Point): Point {
  return { step, value: Math.min(2, Math.max(-1, value)) };
}

/** Number of latest steps that are compared with those before. */
const LATEST = 3;
/** Number of latest steps that show that a loss does not come back. */
const LASTING = 10;
/** Mean update ratio of the first steps below which a rate cannot be too high. */
const TINY = 1e-3;
/** Share of the loss of a network that has learned nothing above which a loss stands. */
export const STANDS = 0.9;
/** The same of the held-out loss, which is less noisy. */
export const HELD_OUT_STANDS = 0.95;
/** Multiple of the first loss above which large steps have certainly made it worse, from step 40 on: in held-out data, too. */
const CERTAIN = 1.2;
/** The same from step 20 on. */
const FAR = 5;
/** Share of the held-out loss of a network that has learned nothing below which it has fallen. */
export const HELD_OUT_FALLS = 0.85;
/** Share of the first loss below which a training has learned something. */
const HAS_LEARNED = 0.8;
/** An update below this multiple of those before has not jumped. */
const LEAST_JUMP = 3;

/** Rule (b): steps are too large. */
export const rateTooHigh = defineTrainingRule({
  name: "rate-too-high",
  problem: "the learning rate is too high",
  formula:
    "Median loss of 5 steps over that of the first step, or before training on held-out data if that is " +
    "larger: above 5 from step 10 on, or at step 20, or from step 40 on. At step 20, if it is above 1 (above 0.9 " +
    "for a kernel), at most mostLossGrowth, and divided by the loss of the best constant answer if that is smaller: mean over every second of the first 20 steps of (loss after - loss before) / (g . step) on the step's " +
    "own batch; mean of the largest ||step|| / ||kernel|| over the first 10 steps; ||kernel|| over " +
    "that before training. Later: an update over the median of the 32 before, if " +
    "the loss rises by a tenth of the first one afterwards. After a full pass that shows no lower " +
    "loss: ||step|| / ||kernel|| of the latest step; rms of a kernel over that before training.",
  thresholds: {
    leastDecreaseRatio: {
      default: 0.1,
      unit: "of the predicted decrease",
      range: [-1, 1],
      source: `Cockpit's alpha (Schneider et al. 2021) and the Armijo rule; ${MEASURED}`,
      about: "Smallest share of the predicted decrease that the first steps must reach.",
    },
    mostFirstUpdate: {
      default: 0.25,
      unit: "of a kernel",
      range: [0.01, Infinity],
      source: `cs231n names 1e-3 as healthy; ${MEASURED}`,
      about:
        "Largest mean update ratio of the first steps, if the growth of the kernels is unknown.",
    },
    mostLossGrowth: {
      default: 1.5,
      unit: "times the first loss",
      range: [1, Infinity],
      source: MEASURED,
      about: "Factor by which the loss may exceed that of the first step.",
    },
    mostKernelGrowth: {
      default: 3,
      unit: "times",
      range: [1, Infinity],
      source: MEASURED,
      about: "Factor by which training may grow a kernel while nothing is learned.",
    },
    mostUpdateJump: {
      default: 16,
      unit: "times the median before",
      range: [1, Infinity],
      source: MEASURED,
      about: "Factor by which an update may exceed those before, if the loss rises after it.",
    },
    mostPassUpdate: {
      default: 0.3,
      unit: "of a kernel",
      range: [0.01, Infinity],
      source: "own: in healthy trainings Adam's first steps reach 0.02 on narrow layers",
      about: "Largest change of a kernel by the step before a full pass.",
    },
    mostPassGrowth: {
      default: 10,
      unit: "times",
      range: [1, Infinity],
      source: "own",
      about: "Factor by which training may grow a kernel until a full pass.",
    },
    mostBrokenGrowth: {
      default: 2,
      unit: "times",
      range: [1, Infinity],
      source:
        "own: by SGD the classifier of digits dies at a growth of 3.6 (rate 20) and 5.2 (rate 2), " +
        "and learns at 3.5 (rate 1)",
      about: "The same if the loss is above that before training, and rules find new errors.",
    },
  },
  source: "Schneider et al. 2021 (Cockpit) for the ratio of decreases; Karpathy, cs231n, for the " +
    "ratio of updates. Cohen et al. 2022: training at the edge of stability is normal, so a single step uphill is not an error.",
  fix: "Lower the learning rate by a factor of 3 to 10, and start again from the weights before " +
    "training, or from the last healthy checkpoint.",
  reads: ["updateRatio", "decreaseRatio", "loss", "growth"],
  judge(log, limits) {
    const found = divergedBy(log) ?? brokenBy(log) ?? seenBy(log.pass, limits) ?? raisedBy(log) ??
      jumpedBy(log, limits.mostUpdateJump) ?? risenBy(log, limits);
    if (found === null) return null;
    const { words, severity = "error", ...verdict } = found;
    const message = `The learning rate${rateWords(log)} is too high: ${words}.`;
    return Object.assign({ severity, message }, usualFix(log), verdict);
  },
});

/** Names the usual rate as the fix if this one is above it. */
function usualFix({ learningRate, setup: { optimizer = "" } }: TrainingLog): { fix?: string } {
  const usual = usualRates({ name: optimizer });
  if (learningRate === null || usual === null || learningRate <= usual.most) return {};
  const whose = optimizerWords({ name: optimizer });
  return {
    fix: `Lower it to ${formatNumber(usual.first)}, the usual rate of ${whose}, and start again ` +
      "from the weights before training, or from the last healthy checkpoint.",
  };
}

/** Verdict on a rate that is too high, with the end of its sentence. */
interface TooHigh extends Omit<TrainingVerdict, "severity" | "message"> {
  words: string;
  /** Default: error. */
  severity?: TrainingVerdict["severity"];
}

/** Number of first rows by which a loss that a far too high rate breaks is not finite. */
const AT_ONCE = 3;

/** Finds a loss that is not finite from the first rows on, at a rate above all usual ones. */
function divergedBy(log: TrainingLog): TooHigh | null {
  const rate = log.learningRate;
  const { optimizer = "SGD" } = log.setup;
  const most = usualRates({ name: optimizer })?.most;
  const losses = log.column("loss");
  if (rate === null || most === undefined || !(rate > most) || losses.length > AT_ONCE) return null;
  if (losses.length === 0 || Number.isFinite(losses.at(-1)!.value)) return null;
  return {
    kind: "diverged",
    since: log.step,
    measured: rate,
    words: `it is above the largest usual one (${formatNumber(most)}), and the loss is NaN or ` +
      `infinite by step ${log.step}`,
  };
}

/** Factor by which a logged rate rises at once if no schedule does it. */
const LEAST_RAISE = 10;
/** Number of losses before and after such a rise that show what it does. */
const RAISE_WINDOW = 10, LEAST_AFTER = 2;
/** Factor by which the loss rises then. */
const RAISED_LOSS = 1.5;

/** Finds a logged rate that was raised at once, above all rates before, and a loss that has risen since. */
function raisedBy(log: TrainingLog): TooHigh | null {
  const rates = log.last("learningRate", RAISE_WINDOW + 1);
  const place = rates.findLastIndex(({ value }, i) =>
    i > 0 && rates[i - 1].value > 0 && value >= LEAST_RAISE * rates[i - 1].value
  );
  if (place === -1) return null;
  const { step, value: now } = rates[place];
  const before = rates[place - 1].value;
  // A schedule that restarts comes back to a rate that was there.
  if (log.column("learningRate").some((point) => point.step < step && point.value > now / 2)) {
    return null;
  }
  const losses = finite(log.last("loss", 2 * RAISE_WINDOW));
  const earlier = losses.filter((point) => point.step < step).slice(-RAISE_WINDOW);
  const later = losses.filter((point) => point.step > step || log.isByEpoch && point.step === step);
  if (earlier.length < LEAST_AFTER || later.length < LEAST_AFTER) return null;
  const was = median(earlier.map(({ value }) => value));
  const is = median(later.map(({ value }) => value));
  const first = log.column("loss")[0].value;
  if (!(is > RAISED_LOSS * was) || !(is - was > SMALL_RISE * first)) return null;
  return {
    kind: "raised",
    since: step,
    measured: now / before,
    words: `it rose from ${formatNumber(before)} at step ${step}, and the loss from ` +
      `${formatNumber(was)} to ${formatNumber(is)} since`,
    fix: `Put the rate back to ${formatNumber(before)}, and go on from the weights before step ` +
      `${step}.`,
  };
}

function brokenBy(log: TrainingLog): TooHigh | null {
  const broke = brokeAt(log);
  if (broke === null) return null;
  const { step: since, value: measured } = broke;
  const size = Number.isFinite(measured)
    ? `step ${since} changed a kernel by ${formatNumber(measured)} of its size`
    : "the loss had grown";
  return { kind: "broke", since, measured, words: `${size}, and left NaN or infinite values` };
}

/** Judges the kernels after a full pass, unless it shows that the network learns. */
function seenBy(
  pass: TrainingPass | null,
  limits: Readonly<Record<"mostPassUpdate" | "mostPassGrowth" | "mostBrokenGrowth", number>>,
): TooHigh | null {
  if (pass === null) return null;
  const { loss, progress, errors, hasNonFinite } = pass;
  // Kernels may grow far in a network that learns: that of a published program by 2e4, from a loss
  // of 3007 to 250.
  if (loss !== null && loss.now < LEARNS * loss.before && !hasNonFinite) return null;
  const hasBroken = loss !== null && errors === "new" && loss.now > loss.before;
  const mostGrowth = hasBroken ? "mostBrokenGrowth" : "mostPassGrowth";
  const updated = largestOf(progress, "updateRatio");
  const grown = largestOf(progress, "growth");
  const severity = errors === "none" ? "warning" : "error";
  if (hasNonFinite || Number.isNaN(updated.value) || Number.isNaN(grown.value)) {
    const gone = [grown, updated].find(({ value }) => Number.isNaN(value));
    const where = gone === undefined ? "" : ` in ${gone.weight}`;
    const words = `training has left NaN or infinite values${where}`;
    return {
      kind: "broken",
      since: pass.step,
      layer: gone?.layer ?? null,
      measured: NaN,
      severity,
      words,
    };
  }
  const isOverturned = updated.value > limits.mostPassUpdate;
  const hasGrown = grown.value > limits[mostGrowth];
  if (!isOverturned && !hasGrown) return null;
  const step = `the last step changed ${updated.weight} by ${
    formatNumber(updated.value)
  } times its own size`;
  const growth = `${grown.weight} is ${
    formatNumber(grown.value)
  } times as large as before training`;
  const rose = hasBroken && !isOverturned
    ? `, and the loss was ${formatNumber(loss.before)} and is ${formatNumber(loss.now)}`
    : "";
  const { layer, value: measured } = isOverturned ? updated : grown;
  return {
    kind: isOverturned ? "step" : "grown",
    since: pass.step,
    layer,
    measured,
    threshold: isOverturned ? "mostPassUpdate" : mostGrowth,
    severity,
    words: [isOverturned ? step : null, hasGrown ? growth + rose : null]
      .filter((one) => one !== null).join(", and "),
  };
}

/** Returns the largest figure of the kernels; NaN comes first. */
function largestOf(progress: readonly WeightProgress[], figure: "growth" | "updateRatio") {
  const figures = progress.map(({ layer, weight, [figure]: value }) => ({
    layer,
    weight,
    value: value ?? 0,
  }));
  const rank = (value: number) => Number.isFinite(value) ? value : Infinity;
  return figures.toSorted((a, b) => rank(b.value) - rank(a.value))[0] ??
    { layer: null, weight: "", value: 0 };
}

function jumpedBy(log: TrainingLog, mostUpdateJump: number): TooHigh | null {
  const lasting = jumpOf(log, LASTING);
  const jump = lasting ?? jumpOf(log, LATEST);
  // An update that only follows its gradient soon comes back.
  const own = lasting === null ? gradientJump(log, jump) : 1;
  if (jump === null || !(jump.value > mostUpdateJump * own)) return null;
  const { step: since, value: measured } = jump;
  const words = `the update of step ${since} was ${formatNumber(measured)} times as large as ` +
    "those before, and the loss has risen since";
  // Descent at a large rate often comes back within a few steps.
  const severity = lasting === null ? "warning" : "error";
  return { kind: "jumped", severity, since, measured, threshold: "mostUpdateJump", words };
}

/** Thresholds of the first steps. */
type FirstLimits = Readonly<
  Record<"leastDecreaseRatio" | "mostFirstUpdate" | "mostLossGrowth" | "mostKernelGrowth", number>
>;

function risenBy(log: TrainingLog, limits: FirstLimits): TooHigh | null {
  // A loss of what was learned is another matter.
  const least = log.least("loss")?.value ?? NaN;
  if (log.age > 2 * FIRST && least < HAS_LEARNED * (log.column("loss")[0]?.value ?? NaN)) {
    return null;
  }
  const figures = figuresOf(log);
  if (figures === null) return null;
  const { lossGrowth, standing } = figures;
  const risen = standing > lossGrowth
    ? `the loss is ${formatNumber(standing)} times that of the best constant answer`
    : `the loss is ${formatNumber(lossGrowth)} times that of the first step`;
  const since = 1;
  const severity = severityOf(log, lossGrowth);
  // The first steps at a large rate climb, and often come down at once. Each step between the looks
  // would add a chance of a false alarm.
  const rise = lossGrowth * shareOfStart(log);
  const isDue = isFirstLook(log) || log.age >= 2 * FIRST || rise > FAR;
  if (rise > limits.mostLossGrowth && isDue) {
    const threshold = "mostLossGrowth";
    return { kind: "diverges", since, severity, measured: rise, threshold, words: risen };
  }
  const found = standsBy(log, figures, limits);
  return found && { ...found, since, severity, words: `${found.words}, and ${risen}` };
}

/** Judges a training that has learned nothing by step 20: one look, since each may err. */
function standsBy(
  log: TrainingLog,
  { decreaseRatio, updateRatio, standing, growth }: RateFigures,
  limits: FirstLimits,
): Omit<TooHigh, "since"> | null {
  const heldOut = (log.column("validationLoss").at(-1)?.value ?? NaN) / log.unlearned;
  if (!isFirstLook(log) || !(standing > STANDS) || heldOut < HELD_OUT_FALLS) return null;
  // A network that steps have broken stands near the constant answer; a loss far above it still moves.
  if (standing > limits.mostLossGrowth) return null;
  if (standing > 1 && decreaseRatio < limits.leastDecreaseRatio) {
    return {
      kind: "overshoots",
      threshold: "leastDecreaseRatio",
      measured: decreaseRatio,
      words: `the loss of a step's own batch fell by ${formatNumber(decreaseRatio)} of what the ` +
        "gradient predicts, on average over the first steps",
    };
  }
  if (heldOut < HELD_OUT_STANDS) return null;
  if (Number.isNaN(growth) && updateRatio > limits.mostFirstUpdate) {
    return {
      kind: "overturns",
      threshold: "mostFirstUpdate",
      measured: updateRatio,
      words: `the first steps changed a kernel by ${formatNumber(updateRatio)} of its size on ` +
        "average",
    };
  }
  if (!(growth > limits.mostKernelGrowth)) return null;
  const words = `a kernel is ${formatNumber(growth)} times as large as before training`;
  return { kind: "blown-up", threshold: "mostKernelGrowth", measured: growth, words };
}

/** Returns true at step 20, or at the first row after it. */
function isFirstLook(log: TrainingLog): boolean {
  const before = log.rows.at(-2)?.step ?? -Infinity;
  return log.age >= FIRST && before < log.step - log.age + FIRST;
}

/** A loss that has risen may come back: at large rates the first steps climb (Lewkowycz et al. 2020). */
function severityOf(log: TrainingLog, lossGrowth: number): TrainingVerdict["severity"] {
  const isFar = log.age >= FIRST && lossGrowth > FAR;
  const isCertain = log.age >= 2 * FIRST && lossGrowth > CERTAIN && isHeldOutRisen(log);
  return isFar || isCertain ? "error" : "warning";
}

/** Returns true if a held-out loss measured since step 40 has risen as far, or none is known. */
function isHeldOutRisen(log: TrainingLog): boolean {
  const held = log.column("validationLoss");
  if (held.length === 0) return true;
  const { step, value } = held[held.length - 1];
  return step - log.step + log.age >= 2 * FIRST && value > CERTAIN * held[0].value;
}

/** Returns the loss of the first batch, which may be small by chance, as a share of that before training. */
function shareOfStart(log: TrainingLog): number {
  const held = log.column("validationLoss")[0];
  return held?.step === 0 ? Math.min(1, log.column("loss")[0].value / held.value) : 1;
}

interface RateFigures {
  decreaseRatio: number;
  updateRatio: number;
  /** Loss over that of the first step, and over that of a network that has learned nothing. */
  lossGrowth: number;
  standing: number;
  growth: number;
}

/** Returns the figures of a training with steps that are not tiny; `null` if too little is known. */
function figuresOf(log: TrainingLog): RateFigures | null {
  if (log.age < FIRST / 2) return null;
  const first = log.column("loss")[0]?.value ?? NaN;
  const latest = finite(log.last("loss", LEAST_RATIOS));
  // One hard batch does not move the median of five.
  const loss = median(latest.map(({ value }) => value));
  if (latest.length < LEAST_RATIOS || !(first > 0)) return null;
  const ratios = finite(log.until("decreaseRatio", FIRST));
  const updates = finite(log.until("updateRatio", FIRST / 2));
  // Tiny steps cannot have raised a loss: the batches differ.
  if (updates.length >= LEAST_RATIOS && meanOf(updates) < TINY) return null;
  return {
    decreaseRatio: ratios.length < LEAST_RATIOS ? NaN : meanOf(ratios.map(clamped)),
    updateRatio: updates.length < LEAST_RATIOS ? NaN : meanOf(updates),
    lossGrowth: loss / first,
    standing: loss / log.unlearned,
    growth: log.now("growth") ?? NaN,
  };
}

/** Returns the large update after which figures are no longer finite; `null` if there is none. */
function brokeAt(log: TrainingLog): Point | null {
  const { loss, gradientNorm, updateRatio, badExamples } = log.row;
  const isBad = [loss, gradientNorm, updateRatio].some((value) =>
    typeof value === "number" && !Number.isFinite(value)
  );
  if (!isBad || badExamples !== undefined || hasSpiked(log)) return null;
  const latest = finite(log.last("updateRatio", BEFORE));
  const largest = latest.toSorted((a, b) => b.value - a.value)[0];
  const first = log.column("loss")[0]?.value ?? NaN;
  const grew = finite(log.last("loss", LATEST + 1)).some(({ value }) => value > LEAST_JUMP * first);
  if (largest === undefined) return grew ? { step: log.step, value: Infinity } : null;
  return grew || largest.value > BREAKS ? largest : null;
}

/** Returns the gradient norm of a jump over the usual one, at least 1. */
function gradientJump(log: TrainingLog, jump: Point | null): number {
  const norms = finite(log.last("gradientNorm", BEFORE + LATEST));
  const now = norms.find(({ step }) => step === jump?.step)?.value ?? 0;
  return Math.max(1, now / median(norms.slice(0, -LATEST).map(({ value }) => value)) || 1);
}

/**
 * Finds a jump of the updates within the latest steps that the loss follows.
 *
 * @returns The step of the jump, and its update ratio over the median of those before.
 */
function jumpOf(log: TrainingLog, latest: number): Point | null {
  const least = SMALL_RISE * (log.column("loss")[0]?.value ?? NaN);
  // Logs have a million rows, and few of them rise: of two latest losses, one is at most the second smallest.
  const high = Math.max(...log.last("loss", 2).map(({ value }) => value));
  if (high - (log.least("loss")?.value ?? NaN) <= least) return null;
  const losses = finite(log.last("loss", BEFORE + latest)).map(({ value }) => value);
  if (losses.length < BEFORE / 2 + latest) return null;
  // One batch before the jump, and one lucky one, prove nothing.
  const now = losses.slice(-latest).toSorted((a, b) => a - b)[1];
  const rise = now - Math.max(...losses.slice(-2 * LATEST - latest, -latest));
  if (!(rise > least)) return null;
  const updates = finite(log.last("updateRatio", BEFORE + latest));
  if (updates.length < BEFORE / 2 + latest) return null;
  if (!(now > usualMost(log, latest)) || hasSpiked(log)) return null;
  const usual = median(updates.slice(0, -latest).map(({ value }) => value));
  const jump = updates.slice(-latest).find(({ step, value }) =>
    value > LEAST_JUMP * usual && step < log.step
  );
  return jump === undefined ? null : { step: jump.step, value: jump.value / usual };
}
