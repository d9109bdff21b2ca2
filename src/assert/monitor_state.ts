import { progressOf } from "../diagnosis/diagnose_training.ts";
import type { Measurements } from "../measure/measurements.ts";
import { type Finding, makeFinding } from "../rules/finding.ts";
import { judgeRule, type RunRulesOptions } from "../rules/judge_rule.ts";
import type { Rule } from "../rules/rule.ts";
import { isRuleError, type RuleError } from "../rules/rule_error.ts";
import { formatCount } from "../words/numbers.ts";
import { oneLine } from "./failure_message.ts";
import { healthMessage } from "./health_message.ts";
import {
  diagnoseRecord,
  hasMoved,
  type HealthRecord,
  trainingCauseOf,
  type TrainingOptimizer,
} from "./health_record.ts";
import { shownHistory, shownRecord } from "./history_overview.ts";

/**
 * Response of a monitor to a finding: `keep` continues, `stop` ends the training, `throw` rejects
 * it.
 */
export type FindingResponse = "keep" | "stop" | "throw";

/** Response to findings, or a function that chooses it. */
export type OnFinding =
  | FindingResponse
  | ((finding: Finding, record: HealthRecord) => FindingResponse | void);

/**
 * Default number of batches between two measurements, and the first steps that are measured with
 * it.
 */
export const DEFAULT_EVERY = 100;
const FIRST_STEPS: readonly number[] = [1, 2, 5, 10, 20, 50];

/** Options of a {@linkcode MonitorState}. */
interface MonitorStateOptions {
  /** Number of batches between two measurements; `undefined` for the default schedule. */
  every: number | undefined;
  rules: readonly Rule[];
  /** Thresholds of the rules, and whether the network is trained. */
  ruleOptions: RunRulesOptions;
  /** Response to findings. */
  onFinding: OnFinding;
}

/** Measurement during training, before it is judged. */
export interface Snapshot {
  /** Time when it began, of `performance.now()`. */
  started: number;
  /** Measurements on the held-out batch. */
  measurements: Measurements;
  /** Update of each weight by the latest batch, by name, as a share of its norm. */
  updates: ReadonlyMap<string, number | null>;
  by: TrainingOptimizer;
  /** True if the training ends here. */
  isEnd: boolean;
}

/** Progress and records of a monitored training, judged without TensorFlow.js. */
export class MonitorState {
  /** Records, oldest first. */
  readonly history: HealthRecord[] = shownHistory();
  /** Number of batches trained on. */
  step = 0;
  /** Epoch, counted from 1. */
  epoch = 0;
  readonly #options: MonitorStateOptions;
  readonly #said = new Set<string>();

  /** Begins before the first batch. */
  constructor(options: MonitorStateOptions) {
    this.#options = options;
  }

  /** Returns true if the schedule measures after a number of batches. */
  isDue(step: number): boolean {
    const { every } = this.#options;
    return step % (every ?? DEFAULT_EVERY) === 0 ||
      every === undefined && FIRST_STEPS.includes(step);
  }

  /** True if the latest batch was measured. */
  get isMeasured(): boolean {
    return this.history.at(-1)?.step === this.step;
  }

  /** Batches trained on: `5 batches`. */
  get batches(): string {
    return formatCount(this.step, "batch", "batches");
  }

  /** Judges a measurement and adds it to the history. */
  record({ started, measurements, updates, by, isEnd }: Snapshot): void {
    const { step, epoch, history } = this;
    const progress = history.length === 0
      ? []
      : progressOf(history[0].measurements, measurements, { updates });
    const findings = this.#judge(measurements, { moved: hasMoved(progress) });
    const judged = { step, isEnd, findings, measurements, progress };
    const cause = trainingCauseOf(judged, history, by);
    // The learning rate was found before training, which has confirmed it: repeat the finding.
    const repeated = cause?.kind === "learning-rate-too-low" && hasMoved(progress)
      ? cause.findings.filter(({ rule }) => rule === "learning-rate")
      : [];
    history.push(shownRecord({
      step,
      epoch,
      measurements,
      findings: [...findings, ...repeated],
      progress,
      cause,
      milliseconds: performance.now() - started,
    }));
  }

  #judge(measurements: Measurements, { moved }: { moved: boolean }): Finding[] {
    const { rules, ruleOptions } = this.#options;
    // If no step has changed the network, it is still the one at step 0.
    const options = moved ? { trained: true, ...ruleOptions } : ruleOptions;
    return rules.flatMap((rule) => {
      try {
        return judgeRule(rule, measurements, options);
      } catch (error) {
        // Hours of training are worth more than one rule.
        if (!isRuleError(error)) throw error;
        this.#say(error.rule, error.message);
        return [notJudged(error)];
      }
    });
  }

  /**
   * Responds to the findings of the latest record.
   *
   * @param snapshot The measurement of that record.
   * @returns `stops`: the training is to end; `failure`: message with which it is rejected, if it is.
   */
  respond({ by, isEnd }: Snapshot): { stops: boolean; failure: string | null } {
    const { history } = this;
    const record = history.at(-1)!;
    const { measurements, findings } = record;
    const responses = findings.map((finding) => this.#respondTo(finding, record));
    const stops = responses.includes("stop");
    if (!responses.includes("throw")) {
      this.#mention(record);
      return { stops, failure: null };
    }
    const fatal = findings.filter((finding, i) =>
      responses[i] === "throw" || finding.severity === "note"
    );
    const diagnosis = diagnoseRecord({ ...record, findings: fatal, isEnd }, history, by);
    return { stops, failure: healthMessage({ measurements, diagnosis }, undefined) };
  }

  #respondTo(finding: Finding, record: HealthRecord): FindingResponse | void {
    const { every, onFinding } = this.#options;
    if (typeof onFinding === "function") {
      return finding.severity === "note" ? "keep" : onFinding(finding, record);
    }
    const { step, cause } = record;
    const isEarly = every === undefined && step < DEFAULT_EVERY;
    const mayPass = isEarly && cause === null && finding.rule !== "non-finite";
    return finding.severity === "error" && !mayPass ? onFinding : "keep";
  }

  /** Prints an error that ends nothing, unless the user's function has seen it. */
  #mention({ cause, findings }: HealthRecord): void {
    if (typeof this.#options.onFinding === "function") return;
    const error = findings.find(({ severity }) => severity === "error");
    if (cause !== null) this.#say(cause.kind, cause.message);
    else if (error !== undefined) this.#say(error.rule, error.message);
  }

  /** Prints a sentence on stderr, the first of its kind. */
  #say(kind: string, sentence: string): void {
    if (this.#said.has(kind)) return;
    this.#said.add(kind);
    console.error(`healthMonitor, after ${this.batches}: ${oneLine(sentence)}`);
  }
}

/** Returns the note about a rule that threw instead of judging. */
function notJudged({ rule, message }: RuleError): Finding {
  return makeFinding(rule, {
    severity: "note",
    kind: "threw",
    layer: null,
    measured: null,
    expected: "a rule that judges",
    message: `No verdict: ${message}.`,
    fix: `Leave the rule out with the option rules, and report the fault.`,
    unjudged: true,
  });
}
