import type { LearningRates } from "../probe/rate_search.ts";
import type { Attempt, SkippedTrial, Trial } from "../probe/trial.ts";
import { optimizerWords } from "../../ground/traits/optimizers.ts";
import { formatCount, formatNumber, formatPercent } from "../../ground/words/numbers.ts";

/**
 * Describes a search of learning rates in sentences: `Learning rates of Adam: 0.0003 to 0.03 are
 * usable, 0.003 is best. At the compiled rate of 1 the loss does not fall.`
 *
 * @param found The rates, or the reason why they were not tried.
 */
export function describeRates(found: LearningRates | SkippedTrial): string {
  if ("skipped" in found) return `Learning rates not tried: ${found.skipped}`;
  const { rates, usable, suggested, steps } = found;
  if (suggested === null || usable === null) {
    return `The loss falls in ${formatCount(steps, "step")} at none of ` +
      `${formatCount(rates.length, "learning rate")}.`;
  }
  const { optimizer, learningRate } = suggested;
  const best = formatNumber(learningRate);
  const name = optimizerWords({ name: optimizer });
  const range = usable.from === usable.to
    ? `only ${best} is usable`
    : `${formatNumber(usable.from)} to ${formatNumber(usable.to)} are usable, ${best} is best`;
  const { verdict } = rates.find((rate) => isSuggested(rate, found))!;
  const limits = verdict === "learns" || verdict === "slow"
    ? ""
    : ` None of them learns the batch in ${formatCount(steps, "step")}.`;
  return `Learning rates of ${name}: ${range}.${limits}${compiledWords(found)}`;
}

export function isSuggested(
  { optimizer, learningRate }: LearningRates["rates"][number],
  { suggested }: LearningRates,
): boolean {
  return suggested?.optimizer === optimizer && suggested.learningRate === learningRate;
}

/** Compares the compiled rate with the suggested one. */
function compiledWords({ rates, loss: first }: LearningRates): string {
  const compiled = rates.find(({ given }) => given);
  if (compiled === undefined) return "";
  const { learningRate, loss, usable } = compiled;
  const rate = `compiled rate of ${formatNumber(learningRate)}`;
  if (usable) return ` The ${rate} is usable.`;
  if (!Number.isFinite(loss)) return ` At the ${rate} the loss is not finite.`;
  return ` At the ${rate} the loss ${loss >= first ? "does not fall" : "falls too little"}.`;
}

/** Relative difference below which two losses read the same. */
const STAYS = 0.05;

/** Result of a trial, by verdict. */
const RESULTS: Readonly<Record<string, string>> = {
  learns: "passed",
  slow: "passed in part",
  fails: "failed",
  undecided: "undecided",
  skipped: "skipped",
};

/**
 * Returns the result of a trial in a few words that can start a line: `Trial failed`.
 *
 * @param verdict The verdict of the trial, or `skipped`.
 * @param givenVerdict The verdict at the compiled learning rate, if that rate was tried.
 */
export function trialResult(verdict: string, givenVerdict: string | null = null): string {
  return verdict === "learns" && givenVerdict === "fails"
    ? "Trial failed as compiled, passed at another rate"
    : `Trial ${RESULTS[verdict] ?? verdict}`;
}

/**
 * Describes what was tried and the outcome, worded to end a sentence that begins with the result:
 * `in 40 steps of Adam at 3 rates, the loss stays at 2.30, which is no better than guessing`.
 *
 * @param trial The trial, or the reason why it was skipped.
 */
export function describeTrial(trial: Trial | SkippedTrial): string {
  if ("skipped" in trial) return trial.skipped.replace(/\.$/, "");
  const { attempts, best, verdict, examples, untried = 0 } = trial;
  if (best === null) return "no weight is trainable, so nothing can be learned";
  const chosen = attempts[best];
  if (chosen.nonFiniteStep === 0) {
    return Number.isFinite(chosen.loss.first)
      ? "the loss of the first step is not finite"
      : `the loss is ${chosen.loss.first} before the first step`;
  }
  const given = attempts.find(({ given }) => given);
  const alone = verdict === "learns" || attempts.length === 1 || chosen.heldOut !== undefined;
  const isApart = given !== undefined && given !== chosen && verdict === "learns";
  const still = stillWords(trial);
  const said = [
    ...isApart ? [`in ${triedAlone(given)}, ${outcome(given, trial)}`] : [],
    `${still === null ? "" : `${still}: `}in ${alone ? triedAlone(chosen) : triedAll(attempts)}, ${
      outcome(chosen, trial)
    }`,
  ].join("; ");
  const limits = [
    ...targetsWords(trial),
    ...examples === undefined ? [] : [`on ${formatCount(examples, "example")}`],
    ...verdict === "undecided" && (untried > 0 || chosen.cut || examples !== undefined)
      ? ["as far as the budget goes: raise it with --trial-budget"]
      : [],
  ];
  return limits.length === 0 ? said : `${said} (${limits.join(", ")})`;
}

function targetsWords({ randomTargets, ignoresTargets, verdict }: Trial): string[] {
  if (ignoresTargets) {
    return [
      "the loss ignores the targets" +
      (verdict === "undecided"
        ? ", and nothing says how low it can get"
        : ", so it only has to fall"),
    ];
  }
  return randomTargets ? ["on random targets"] : [];
}

/** Returns the reason why the trial fails even if the loss falls; `null` if there is none. */
export function stillWords({ attempts, best, reason }: Trial): string | null {
  if (reason !== "still layers" || best === null) return null;
  const { layers, stillLayers } = attempts[best];
  return `${stillLayers} of ${formatCount(layers.length, "layer")} hardly change`;
}

function triedAlone({ steps, optimizer, learningRate }: Attempt): string {
  const rate = learningRate === null ? "" : ` at a rate of ${formatNumber(learningRate)}`;
  return `${formatCount(steps, "step")} of ${optimizerWords({ name: optimizer })}${rate}`;
}

function triedAll(attempts: readonly Attempt[]): string {
  const steps = Math.max(...attempts.map(({ steps }) => steps));
  const optimizers = [
    ...new Set(attempts.map(({ optimizer }) => optimizerWords({ name: optimizer }))),
  ].join(" and ");
  const most = attempts.every((attempt) => attempt.steps === steps) ? "" : "up to ";
  return `${most}${formatCount(steps, "step")} of ${optimizers} at ${
    formatCount(attempts.length, "rate")
  }`;
}

function outcome(attempt: Attempt, { guess, reason }: Trial): string {
  const { loss, nonFiniteStep, accuracy, verdict, heldOut } = attempt;
  if (nonFiniteStep !== null) {
    return `the loss is not finite after ${formatCount(nonFiniteStep, "step")}`;
  }
  const said = `the loss ${course(loss)}`;
  const classified = accuracy === null
    ? ""
    : `, and ${formatPercent(accuracy)} of the examples are classified correctly`;
  // Success shows in the loss or, if the loss stays, in the accuracy.
  if (verdict === "learns") return isStanding(loss) ? said + classified : said;
  if (heldOut !== undefined) {
    return `${said}, but on examples held out it is ${
      formatNumber(heldOut)
    } times that of guessing`;
  }
  const right = verdict === "slow" && accuracy !== null
    ? classified
    : besideGuess(loss.last, guess);
  const held = verdict === "fails" && attempt.behind !== undefined
    ? `, and the output ${attempt.behind} does not learn`
    : "";
  const drowned = reason === "penalties"
    ? `, and the gradient of the penalties is ${
      formatNumber(attempt.penalty.gradientRatio!)
    } times that of the loss`
    : "";
  return said + right + held + drowned;
}

const isStanding = ({ first, last }: Pick<Attempt["loss"], "first" | "last">) =>
  Math.abs(last - first) <= STAYS * Math.abs(first);

function course({ first, last }: Attempt["loss"]): string {
  if (isStanding({ first, last })) return `stays at ${formatNumber(last)}`;
  return `${last < first ? "falls" : "rises"} from ${formatNumber(first)} to ${formatNumber(last)}`;
}

/** Compares the loss with that of the best constant answer. */
function besideGuess(last: number, guess: number | null): string {
  if (guess === null || !Number.isFinite(guess)) return "";
  return Math.abs(last - guess) <= STAYS * Math.abs(guess)
    ? ", which is no better than guessing"
    : `, where guessing gives ${formatNumber(guess)}`;
}
