import type { Measurements } from "../../core/measure/measurements.ts";
import { type Finding, makeFinding } from "../../core/rules/finding.ts";
import { describeFix } from "../../core/diagnosis/fix_words.ts";
import { judgeRule, type RunRulesOptions } from "../../core/rules/judge_rule.ts";
import type { Rule } from "../../core/rules/rule.ts";
import { isRuleError, type RuleError } from "../../core/rules/define_rule.ts";
import {
  reasonOf,
  TRAINING_RULES,
  type TrainingFinding,
  TrainingJudge,
} from "../judge_training.ts";
import type { TrainingSetup } from "../training_log.ts";
import type { Lowered } from "../training_step.ts";
import { hasMoved, LEARNS, progressOf } from "../training_pass.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { formatCount, formatNumber } from "../../ground/words/numbers.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { oneLine } from "../../core/assert/failure_message.ts";
import { healthMessage } from "../../core/assert/health_message.ts";
import {
  causeOfTraining,
  diagnoseRecord,
  findingOfTraining,
  type HealthRecord,
  type Judged,
  shownHistory,
  shownRecord,
  standstillOf,
  trainingPassOf,
} from "./health_record.ts";
import type { TriedRate } from "./healthy_state.ts";

/**
 * Response of a monitor to a finding: `keep` continues, `stop` ends the training, `throw` rejects
 * it, and `lower` goes back to the last healthy weights and continues at a lower learning rate: one
 * that was tried there, or else a third. A rate that is too low is raised to one that was tried, or
 * kept if there is none.
 */
export type FindingResponse = "keep" | "stop" | "throw" | "lower";

/** Responses by name. */
export const RESPONSES: readonly FindingResponse[] = ["keep", "stop", "throw", "lower"];

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

/** Names of the rules over trainings, whose warnings are printed, too. */
export const TRAINING_RULE_NAMES: ReadonlySet<string> = new Set(
  TRAINING_RULES.map(({ name }) => name),
);

/** Options of a {@linkcode MonitorState}. */
interface MonitorStateOptions {
  /** Number of batches between two measurements; `undefined` for the default schedule. */
  every: number | undefined;
  rules: readonly Rule[];
  /** Thresholds of the rules, and whether the network is trained. */
  ruleOptions: RunRulesOptions;
  /** Response to findings. */
  onFinding: OnFinding;
  /** Names of the rules over trainings. Default: all. */
  trainingRules?: readonly string[];
}

/** Measurement during training, before it is judged. */
interface Snapshot {
  /** Time when it began, of `performance.now()`. */
  started: number;
  /** Measurements on the held-out batch. */
  measurements: Measurements;
  /** Update of each weight by the latest batch, by name, as a share of its norm. */
  updates: ReadonlyMap<string, number | null>;
  /** True if the training ends here. */
  isEnd: boolean;
}

/** Progress and records of a monitored training, judged without TensorFlow.js. */
export class MonitorState {
  /** Records, oldest first. */
  readonly history: HealthRecord[] = shownHistory();
  /** Number of batches trained on. */
  step = 0;
  /** Epoch, counted from 1; 0 if epochs are not known. */
  epoch = 0;
  /** Number of epochs, if it is known. */
  epochs: number | null = null;
  /** Rules over the rows of the steps. */
  judge: TrainingJudge;
  /** Learning rate that was tried last. */
  tried: TriedRate | null = null;
  /** Returns to an earlier state, oldest first. */
  readonly lowerings: Lowered[] = [];
  readonly #options: MonitorStateOptions;
  readonly #said = new Set<string>();
  /** Findings of steps that were not measured, which the next record shows. */
  readonly #unrecorded: TrainingFinding[] = [];

  /** Begins before the first batch. */
  constructor(options: MonitorStateOptions) {
    this.#options = options;
    this.judge = this.#newJudge();
  }

  #newJudge(setup: TrainingSetup = {}): TrainingJudge {
    const { trainingRules } = this.#options;
    return new TrainingJudge({ ...setup, rules: trainingRules });
  }

  /** True if it measures by the default schedule. */
  get isDefault(): boolean {
    return this.#options.every === undefined;
  }

  /** True if the latest record has an error, or the rules over trainings have found one. */
  get isSick(): boolean {
    const { findings, cause } = this.history.at(-1)!;
    return cause !== null || this.judge.findings.length > 0 ||
      findings.some(({ severity }) => severity === "error");
  }

  /** Returns true if the response to findings needs a full pass. */
  needsRecord(found: readonly TrainingFinding[]): boolean {
    const { onFinding } = this.#options;
    if (typeof onFinding === "function") return found.length > 0;
    return onFinding !== "keep" && found.some(({ severity }) => severity === "error");
  }

  /** Keeps findings of a step without a record for the next one, and prints them. */
  mention(found: readonly TrainingFinding[]): void {
    this.#unrecorded.push(...found);
    for (const one of found) {
      const said = one.severity === "error" ? withFix(one.message, one.fix) : one.message;
      this.#say(`${one.rule} ${one.kind} ${one.severity}`, `${one.severity} ${one.rule}: ${said}`);
      // The next record shows it, and does not print it again.
      this.#said.add(`${one.rule} ${one.severity}`);
    }
  }

  /** Notes that the training goes on from an earlier state, which the rules judge again. */
  lowered({ from, to, step }: { from: number; to: number; step: number }): void {
    this.lowerings.push({ at: this.step, backTo: step, from, to });
    this.judge = this.#newJudge(this.judge.log.setup);
    this.tried = null;
    this.#unrecorded.length = 0;
    const rate = to === from ? "the same" : "a";
    const instead = to === from ? "" : ` of ${formatNumber(to)} instead of ${formatNumber(from)}`;
    this.#say(
      `lowered ${this.lowerings.length}`,
      `back to the weights of step ${step}, with ${rate} learning rate${instead}.`,
    );
  }

  /** Says that the optimizer makes no updates: the loop trains with another one. */
  unseen(): void {
    this.#say(
      "unseen",
      "no update by the optimizer was seen; name the one that trains the model (optimizer).",
    );
  }

  /** Notes that a rate that is too low was kept. */
  kept(learningRate: number): void {
    const rate = formatNumber(learningRate);
    this.#say(
      "kept",
      `the learning rate stays at ${rate}: it is too low, and no higher one is known to train.`,
    );
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

  /** Judges a measurement by the rules over networks. */
  judged({ started, measurements, updates, isEnd }: Snapshot): Judged {
    const [start] = this.history;
    const progress = start === undefined
      ? []
      : progressOf(start.measurements, measurements, { updates });
    const findings = this.#judge(measurements, { moved: hasMoved(progress) });
    const milliseconds = performance.now() - started;
    return { step: this.step, isEnd, findings, measurements, progress, milliseconds };
  }

  /** Returns the findings of the rules over trainings in a full pass. */
  see(judged: Judged): TrainingFinding[] {
    const pass = trainingPassOf(judged, this.history);
    return pass === null ? [] : this.judge.see(pass);
  }

  /** Adds a measurement to the history, with the findings since the one before. */
  record(judged: Judged, latest: readonly TrainingFinding[]): void {
    const { step, measurements, findings, progress, milliseconds } = judged;
    const before = this.#unrecorded.splice(0).map((one) =>
      Object.assign({}, one, { message: `Step ${one.step}: ${one.message}` })
    );
    const found = [...before, ...latest];
    const own = found.find(({ severity }) => severity === "error") ??
      latest.find(({ rule }) => rule === "rate-too-high");
    // A loss that stands still follows from an error that is known.
    const isKnown = this.judge.findings.some(({ severity }) => severity === "error");
    const standstill = isKnown ? null : standstillOf(judged, this.history);
    const cause = own === undefined
      ? standstill
      : causeOfTraining(reasonOf(own, this.judge.findings), findings, measurements);
    this.history.push(shownRecord({
      step,
      epoch: this.epoch,
      measurements,
      findings: [...findings, ...found.map(findingOfTraining)],
      progress,
      cause,
      milliseconds,
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
   * @returns `stops`: the training is to end; `lowers`: it goes on from an earlier state; `failure`:
   * message with which it is rejected, if it is.
   */
  respond(): { stops: boolean; lowers: boolean; failure: string | null } {
    const record = this.history.at(-1)!;
    const { measurements, findings } = record;
    const responses = findings.map((finding) => this.#respondTo(finding, record));
    const stops = responses.includes("stop");
    const lowers = responses.includes("lower") && !stops;
    if (!responses.includes("throw")) {
      this.#mention(record);
      return { stops, lowers, failure: null };
    }
    const fatal = findings.filter((finding, i) =>
      responses[i] === "throw" || finding.severity === "note"
    );
    const diagnosis = diagnoseRecord({ ...record, findings: fatal });
    return { stops, lowers: false, failure: healthMessage({ measurements, diagnosis }, undefined) };
  }

  #respondTo(finding: Finding, record: HealthRecord): FindingResponse | void {
    const { every, onFinding, trainingRules } = this.#options;
    if (typeof onFinding === "function") {
      return finding.severity === "note" ? "keep" : requireResponse(onFinding(finding, record));
    }
    const { step, cause, measurements } = record;
    const isEarly = every === undefined && step < DEFAULT_EVERY;
    const start = this.history[0].measurements.objective.value;
    // Named rules are always reported.
    const learns = trainingRules === undefined && step > 0 &&
      measurements.objective.value < LEARNS * start;
    const mayPass = (isEarly || learns) && cause === null && finding.rule !== "non-finite";
    return finding.severity === "error" && !mayPass ? onFinding : "keep";
  }

  /** Prints an error that ends nothing, unless the user's function has seen it. */
  #mention({ cause, findings, measurements }: HealthRecord): void {
    if (typeof this.#options.onFinding === "function") return;
    const error = findings.find(({ severity }) => severity === "error");
    const open = error ??
      findings.find(({ rule, severity }) =>
        severity === "warning" && TRAINING_RULE_NAMES.has(rule)
      );
    if (cause !== null) {
      const [fix] = cause.fixes.map((fix) => describeFix(fix, measurements.layers));
      this.#say(`${cause.kind} ${cause.severity}`, withFix(cause.message, fix));
    } else if (error !== undefined) {
      this.#say(`${error.rule} error`, withFix(error.message, error.fix));
    } else if (open !== undefined) this.#say(`${open.rule} warning`, open.message);
  }

  /** Prints a sentence on stderr, the first of its kind. */
  #say(kind: string, sentence: string): void {
    if (this.#said.has(kind)) return;
    this.#said.add(kind);
    console.error(`healthMonitor, after ${this.batches}: ${oneLine(sentence)}`);
  }
}

function requireResponse(response: FindingResponse | void): FindingResponse | void {
  if (response === undefined || RESPONSES.includes(response)) return response;
  throw new InputError({
    place: "options.onFinding",
    verb: "returns",
    found: showValue(response),
    expected: `${RESPONSES.map((one) => `"${one}"`).join(", ")} or nothing`,
  });
}

/** Returns a message and its fix. */
const withFix = (message: string, fix: string | undefined) =>
  fix === undefined ? message : `${message} Fix: ${fix}`;

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
