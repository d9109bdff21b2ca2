import type { LearningRates } from "../probe/rate_search.ts";
import type { SkippedTrial } from "../probe/trial.ts";
import { optimizerWords } from "../traits/optimizers.ts";
import { formatCount, formatNumber } from "../words/numbers.ts";

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
    : ` The batch is learned in ${formatCount(steps, "step")} at none of them.`;
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
