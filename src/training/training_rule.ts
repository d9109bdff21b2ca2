import type { ThresholdEntry } from "../core/rules/rule.ts";
import type { TrainingLog } from "./training_log.ts";

/** Verdict of a rule on the latest step of a log. */
export interface TrainingVerdict {
  /** Severity: an error means that the training fails. */
  severity: "error" | "warning";
  /** Kind of finding within its rule. A kind is reported once, until its rule is silent again. */
  kind: string;
  /** Step at which it began. */
  since: number;
  /** Layer, or `null` if it is about the whole network. */
  layer?: string | null;
  /** Figure that was judged; NaN if it is not finite. */
  measured: number;
  /** Name of the threshold that it was compared with; absent if any value is wrong. */
  threshold?: string;
  /** Problem in one sentence, with its figures. */
  message: string;
  /** Fix, if it is not that of the rule. */
  fix?: string;
}

/** Rule over the log of a training. */
export interface TrainingRule<Name extends string = string> {
  /** Name in findings: `rate-too-high`. */
  name: string;
  /** Problem in a few words: `the learning rate is too high`. */
  problem: string;
  /** Definition of the judged figure. */
  formula: string;
  /** Thresholds by name. */
  thresholds: Readonly<Record<Name, Readonly<ThresholdEntry>>>;
  /** Source of the rule. */
  source: string;
  /** Fix in one sentence. */
  fix: string;
  /** Signals that it reads. Without them it has no verdict. */
  reads: readonly string[];
  /** True if it may report a kind again after it was silent. */
  repeats?: true;
  /** Returns true if the log shows by now that an earlier finding was wrong. Default: none ever is. */
  isRefuted?(log: TrainingLog): boolean;
  /** Judges the latest row of a log; `null` if it finds nothing. */
  judge(log: TrainingLog, thresholds: Readonly<Record<Name, number>>): TrainingVerdict | null;
}

/** Returns a rule as it is, typed by the names of its thresholds. */
export function defineTrainingRule<Name extends string>(rule: TrainingRule<Name>): TrainingRule {
  return rule as unknown as TrainingRule;
}
