import type { LearningRates } from "../../probe/rate_search.ts";
import type { SkippedTrial, Trial } from "../../probe/trial.ts";
import type { Finding } from "../../rules/finding.ts";
import { adviseRate } from "../../rules/task/learning_rate.ts";
import type { FixSubject } from "./apply_fixes.ts";
import { isLearning, LEARNING, trialOptionsOf, type TrialRequest } from "./try_findings.ts";

/** Findings of an examination after a trial. */
interface Tried {
  trial: Trial | SkippedTrial | null;
  findings: Finding[];
  shown: Finding | null;
}

/**
 * Searches for a learning rate if requested, or if the trial learns at another rate than the
 * compiled one; then every finding about the rate suggests the one that was found.
 *
 * @param subject The model, its batch and its objective; restored afterwards.
 * @param tried The findings and the trial.
 * @param options True to search in any case, and the options of the trial.
 * @returns The rates, `null` if they were not searched, or none learns and none was asked for; and
 * the findings.
 */
export async function searchRates(
  subject: FixSubject,
  tried: Tried,
  { asked, ...request }: TrialRequest & { asked: boolean },
): Promise<Pick<Tried, "findings" | "shown"> & { rates: LearningRates | SkippedTrial | null }> {
  const { findings, shown } = tried;
  if (!asked && !isRateAtFault(tried)) return { rates: null, findings, shown };
  const { learningRates } = await import("../../probe/learning_rates.ts");
  const rates = await learningRates(subject.model, subject.batch, trialOptionsOf(subject, request));
  const rate = trainingRate(rates);
  // A search in which no rate learns says less than the trial that led to it, in which one did.
  if (rate === null) return { rates: asked || "skipped" in rates ? rates : null, findings, shown };
  return {
    rates,
    findings: findings.map((finding) =>
      finding.rule === "learning-rate" ? adviseRate(finding, rate) : finding
    ),
    shown: shown?.kind === "learning-rate" ? adviseRate(shown, rate) : shown,
  };
}

/** Returns true if the compiled rate fails and another one learns. */
function isRateAtFault({ trial, findings, shown }: Tried): boolean {
  if (!isLearning(trial)) return false;
  return shown?.kind === "learning-rate" ||
    findings.some(({ rule, severity }) => rule === "learning-rate" && severity === "error");
}

/**
 * Returns the suggested rate of the compiled optimizer; `null` if the network does not learn with
 * it.
 */
export function trainingRate(found: LearningRates | SkippedTrial | null): number | null {
  if (found === null || "skipped" in found || found.suggested === null) return null;
  const { rates, suggested } = found;
  const isGiven = rates.some(({ given }) => given);
  const { verdict } = rates.find(({ learningRate, optimizer }) =>
    learningRate === suggested.learningRate && optimizer === suggested.optimizer
  )!;
  return isGiven && LEARNING.includes(verdict) ? suggested.learningRate : null;
}
