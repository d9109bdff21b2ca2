import { resolveThresholds } from "../core/rules/rule_options.ts";
import {
  list,
  number,
  object,
  oneOf,
  optional,
  record,
  requireValue,
  string,
} from "../ground/words/shape.ts";
import { lossRises, notFinite, spike } from "./rules/batches.ts";
import { PATIENCE } from "./rules/jumps.ts";
import { attentionCollapses, layerStill, unitsDying, weightsShrink } from "./rules/layers.ts";
import { notLearning, overfitting, plateau } from "./rules/learning.ts";
import { rateTooHigh } from "./rules/rates.ts";
import { rateTooLow, staleMoment } from "./rules/small_steps.ts";
import { TrainingLog, type TrainingSetup } from "./training_log.ts";
import type { TrainingPass } from "./training_pass.ts";
import type { TrainingRule, TrainingVerdict } from "./training_rule.ts";
import { type TrainingStep, trainingStepShape } from "./training_step.ts";

/** All rules over trainings, in the order in which a cause is looked for. */
export const TRAINING_RULES: readonly TrainingRule[] = [
  weightsShrink,
  spike,
  rateTooHigh,
  notFinite,
  rateTooLow,
  attentionCollapses,
  lossRises,
  notLearning,
  unitsDying,
  layerStill,
  overfitting,
  plateau,
  staleMoment,
];

/** Finding of a rule about a training. */
export interface TrainingFinding extends Omit<TrainingVerdict, "layer" | "fix"> {
  /** Name of the rule. */
  rule: string;
  /** Step after which it was found. */
  step: number;
  /** Layer, or `null` if it is about the whole network. */
  layer: string | null;
  /** Value of the threshold; `null` if any value is wrong. */
  limit: number | null;
  /** Fix in one sentence. */
  fix: string;
  /** Step by which the loss was back after a spike; absent if it was not, or for other findings. */
  recoveredAt?: number;
}

/** Options of {@linkcode judgeTraining}. */
export interface JudgeTrainingOptions extends TrainingSetup {
  /** Names of the rules to use. Default: all. */
  rules?: readonly string[];
  /** Thresholds by name, instead of the defaults. */
  thresholds?: Readonly<Record<string, number>>;
}

const optionsShape = object({
  rules: optional(list(oneOf(...TRAINING_RULES.map(({ name }) => name)))),
  thresholds: optional(record(number)),
});

/** Part of a finding that {@linkcode causeOf} reads. */
const trainingFindingShape = object({
  rule: string,
  step: number,
  severity: oneOf("error", "warning"),
  message: string,
  fix: string,
});

/** Rule with its thresholds. */
interface JudgingRule {
  rule: TrainingRule;
  thresholds: Record<string, number>;
}

/** Judges the rows of a training as they come. */
export class TrainingJudge {
  /** Rows so far. */
  readonly log: TrainingLog;
  /** Findings so far, in the order of their steps. */
  readonly findings: TrainingFinding[] = [];
  readonly #rules: JudgingRule[];
  readonly #rateTooHigh: JudgingRule;
  readonly #open = new Set<string>();

  /** Begins before the first step. */
  constructor({ rules, thresholds = {}, ...setup }: JudgeTrainingOptions = {}) {
    this.log = new TrainingLog(setup);
    const judging = (rule: TrainingRule) => ({
      rule,
      thresholds: resolveThresholds(rule.thresholds, own(rule, thresholds)),
    });
    this.#rules = TRAINING_RULES.filter(({ name }) => rules?.includes(name) ?? true).map(judging);
    this.#rateTooHigh = judging(rateTooHigh);
  }

  /** Adds a row, and returns its new findings, the cause first. */
  add(row: TrainingStep): TrainingFinding[] {
    this.log.add(row);
    const found = this.#judge(this.#rules);
    this.#noteRecovery();
    this.#withdraw();
    return found;
  }

  /**
   * Checks if a full pass after the latest row shows that steps are too large, whichever rules are
   * used: it is the cause of what other rules find. Errors found before explain what a pass shows.
   */
  see(pass: TrainingPass): TrainingFinding[] {
    if (this.findings.some(({ severity }) => severity === "error")) return [];
    this.log.pass = pass;
    return this.#judge([this.#rateTooHigh]);
  }

  /** Notes that the loss recovered from a spike, unless a rule found that it did not. */
  #noteRecovery(): void {
    const before = this.log.rows.at(-1 - PATIENCE)?.step;
    const spiked = this.findings.find(({ rule, kind, step }) =>
      rule === "spike" && kind === "spike" && step === before
    );
    const hasFailed = this.findings.some(({ severity, step }) =>
      severity === "error" && step >= (before ?? Infinity)
    );
    // A loss that has jumped again is not back.
    if (
      spiked !== undefined && !hasFailed && !this.#open.has("spike error") &&
      !this.#open.has("spike warning")
    ) {
      spiked.recoveredAt = this.log.step;
    }
  }

  /** Takes back findings that the log has refuted since. */
  #withdraw(): void {
    for (const { rule } of this.#rules) {
      const place = this.findings.findIndex((finding) => finding.rule === rule.name);
      if (place !== -1 && rule.isRefuted?.(this.log)) this.findings.splice(place, 1);
    }
  }

  #judge(rules: readonly JudgingRule[]): TrainingFinding[] {
    const found = rules.flatMap(({ rule, thresholds }) => {
      const verdict = rule.judge(this.log, thresholds);
      if (verdict === null) {
        if (rule.repeats) {
          ["error", "warning"].forEach((one) => this.#open.delete(`${rule.name} ${one}`));
        }
        return [];
      }
      const key = `${rule.name}${rule.repeats ? "" : ` ${verdict.kind}`} ${verdict.severity}`;
      if (this.#open.has(key)) return [];
      this.#open.add(key);
      return [findingOf(rule, verdict, { step: this.log.step, thresholds })];
    });
    this.findings.push(...found);
    return found;
  }
}

/** Number of steps in which an error may follow from a batch that stood out, or from a jump. */
const FOLLOWS = 20;
/** Rules about the learning rate. */
const ABOUT_RATES = ["rate-too-high", "rate-too-low"];

/**
 * Returns the cause among findings: the first error, or else the first warning. A batch that stood
 * out or a jump of the updates shortly before an error is its cause, and so is a rate that was
 * wrong from the start if nothing is learned, or too high if units die. A warning that explains an
 * error is an error, too.
 *
 * @param findings The result of {@linkcode judgeTraining}.
 * @returns The cause; `null` without findings.
 *
 * @example The cause of a training that breaks
 * ```ts
 * import { causeOf, judgeTraining } from "@gradient-health/gradient-health/training";
 * import { assertEquals } from "@std/assert";
 *
 * const findings = judgeTraining([{ step: 1, loss: 2.3 }, { step: 2, loss: NaN }]);
 * assertEquals(causeOf(findings)?.rule, "not-finite");
 * ```
 */
export function causeOf(findings: readonly TrainingFinding[]): TrainingFinding | null {
  requireValue("findings", findings, list(trainingFindingShape));
  const first = findings.find(({ severity }) => severity === "error") ?? findings[0];
  if (first === undefined) return null;
  return reasonOf(first, findings);
}

/** Returns the finding that explains another one, as grave as that; or itself, if none does. */
export function reasonOf(
  found: TrainingFinding,
  findings: readonly TrainingFinding[],
): TrainingFinding {
  const reason = findings.find((finding) => explains(finding, found)) ?? found;
  // A spike that was only warned of at first.
  const worse = findings.find(({ rule, severity, step, since }) =>
    rule === reason.rule && severity === "error" && reason.severity === "warning" &&
    since === reason.step && step > reason.step
  );
  return worse ?? (reason.severity === found.severity ? reason : { ...reason, severity: "error" });
}

/** Returns true if one finding is the reason of the other. */
function explains({ rule, kind, step }: TrainingFinding, other: TrainingFinding): boolean {
  const isHigh = rule === "rate-too-high";
  const isJump = rule === "spike" || isHigh && kind === "jumped";
  if (other.rule === "units-dying" && isHigh) return Math.abs(step - other.step) <= FOLLOWS;
  if (step > other.step || other.rule === "weights-shrink") return false;
  if (other.rule === "not-learning" && ABOUT_RATES.includes(rule)) return true;
  return isJump && other.step - step <= FOLLOWS;
}

function own(rule: TrainingRule, thresholds: Readonly<Record<string, number>>) {
  return Object.fromEntries(
    Object.entries(thresholds).filter(([name]) => Object.hasOwn(rule.thresholds, name)),
  );
}

function findingOf(
  { name, fix }: TrainingRule,
  verdict: TrainingVerdict,
  { step, thresholds }: { step: number; thresholds: Record<string, number> },
): TrainingFinding {
  const { threshold } = verdict;
  return {
    layer: null,
    fix,
    ...verdict,
    rule: name,
    step,
    limit: threshold === undefined ? null : thresholds[threshold],
  };
}

/**
 * Judges the recorded rows of a training, from any framework.
 *
 * @param rows Rows, oldest first.
 * @param options Facts about the training, and thresholds.
 * @returns The findings, in the order of their steps.
 * @throws {InputError} If a threshold is out of range.
 *
 * @example A loss that has become NaN
 * ```ts
 * import { judgeTraining } from "@gradient-health/gradient-health/training";
 * import { assertEquals } from "@std/assert";
 *
 * const findings = judgeTraining([{ step: 1, loss: 2.3 }, { step: 2, loss: NaN }]);
 * assertEquals(findings.map(({ rule, step }) => `${rule} ${step}`), ["not-finite 2"]);
 * ```
 */
export function judgeTraining(
  rows: readonly TrainingStep[],
  options: JudgeTrainingOptions = {},
): TrainingFinding[] {
  requireValue("rows", rows, list(trainingStepShape));
  requireValue("options", options, optionsShape);
  const judge = new TrainingJudge(options);
  for (const row of rows) judge.add(row);
  return judge.findings;
}
