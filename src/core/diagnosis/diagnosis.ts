import type { Measurements } from "../measure/measurements.ts";
import type { Setting } from "../model/loaded_model.ts";
import type { LearningRates } from "../probe/rate_search.ts";
import type { Finding } from "../rules/finding.ts";
import type { Network } from "../rules/network/network.ts";
import { formatCount } from "../../ground/words/numbers.ts";
import { type Overview, withOverview } from "../../ground/words/overview.ts";
import { oneOf } from "../../ground/words/shape.ts";
import type { Fix } from "./fix.ts";
import { describeFix } from "./fix_words.ts";

/**
 * Verdict on a network. `sick`: it does not train as it is compiled. `changed`: it trains, but
 * figures differ from the stored baseline. `weak`: it trains, but a finding says that it is drawn or
 * set badly. `unjudged`: nothing was found, but too little was judged to call it healthy. `healthy`:
 * none of these.
 */
export type Verdict = "sick" | "changed" | "weak" | "unjudged" | "healthy";

/** Verdicts, worst first. */
export const VERDICTS: readonly Verdict[] = ["sick", "changed", "weak", "unjudged", "healthy"];

/** Verdicts that may be the mildest to fail a gate or an assertion. */
export const FAIL_ON = ["sick", "weak"] as const;

export const verdictShape = oneOf<Verdict>(...VERDICTS);

/** Facts that say how much of a network was judged. */
export type Judged = Pick<Diagnosis, "weightsOnly" | "notJudged" | "trial">;

/**
 * Returns the verdict that causes decide: an error makes a network sick, or changed if every error
 * is a change from the baseline; a warning makes it weak. Without either, it is healthy only if
 * enough of it was judged.
 */
export function verdictOn(
  causes: readonly { severity: Finding["severity"]; kind: string }[],
  judged: Judged = {},
): Verdict {
  const errors = causes.filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    return errors.every(({ kind }) => kind === "baseline") ? "changed" : "sick";
  }
  if (causes.some(({ severity }) => severity === "warning")) return "weak";
  return isUnjudged(judged) ? "unjudged" : "healthy";
}

/**
 * Returns true if a network without findings is not to be called healthy: it is a file of weights,
 * or its loss was replaced and no trial decided.
 */
function isUnjudged({ weightsOnly, notJudged = [], trial }: Judged): boolean {
  const isTried = trial !== undefined && trial.verdict !== "skipped" &&
    trial.verdict !== "undecided";
  return weightsOnly !== undefined || notJudged.includes("loss") && !isTried;
}

/** Returns true if an error decided on the verdict. */
export function isFailing(verdict: Verdict): boolean {
  return verdict === "sick" || verdict === "changed";
}

/** Fault of a network that explains other findings, and is not itself a consequence. */
export interface Cause {
  /** Kind of fault: `kernel-scale`, `bias`, `input` ... */
  kind: string;
  /** Worst severity of its findings; a fault without consequences keeps its own severity. */
  severity: Finding["severity"];
  /** Layers that have the fault, in the order of the forward pass; empty if it is in the data. */
  layers: string[];
  /** Description of the fault in one sentence. */
  message: string;
  /** Consequences by rule, in the order of the rules. */
  consequences: Consequence[];
  /** Findings that state the fault itself, then its consequences. */
  findings: Finding[];
  /** Fixes, the likeliest first; if fixes were tried, those that worked, to be applied together. */
  fixes: Fix[];
  /** Result of trying them on the model; absent if none was tried. */
  tried?: Tried;
  /** Step of a training since which it holds; absent outside of one. Not written to documents. */
  since?: number;
}

/** Result of trying the fixes of a cause. */
export interface Tried {
  /** True if the cause was gone afterwards. */
  worked: boolean;
  /** Number of errors of the whole network before the fixes. */
  errors: number;
  /** Number of errors left. */
  left: number;
  /** Verdict afterwards. */
  verdict: Verdict;
  /** Figure that shows it, if there is one. */
  figure: TriedFigure | null;
  /** Steps of training to learn the batch without and with the fix; absent if not compared. */
  steps?: { before: number; after: number };
  /** True if one pass alone judged it, because no trial did. */
  onePass?: boolean;
}

/** Figure of one layer before and after a fix. */
export interface TriedFigure {
  /** Title of the figure: `l2 of delta`. */
  title: string;
  /** Path of the layer. */
  layer: string;
  /** Before. */
  before: number;
  /** After. */
  after: number;
}

/** Findings of one rule that follow from a cause. */
export interface Consequence {
  /** Name of the rule. */
  rule: string;
  /** Problem of a network that breaks the rule: `vanishing gradients`. */
  problem: string;
  /** Worst severity of these findings. */
  severity: Finding["severity"];
  /** Layers concerned, in the order of the forward pass; empty for the whole model. */
  layers: string[];
}

/** Faults of a network, the causes first. */
export interface Diagnosis {
  /** Verdict that the worst of the causes decides. */
  verdict: Verdict;
  /** Settings of the compiled program that were not reproduced and so not judged; absent if all were. */
  notJudged?: Setting[];
  /** Rules that judged a file of weights alone, of all rules; absent if a network was judged. */
  weightsOnly?: JudgedWeights;
  /**
   * Every cause that is an error or a warning, the most severe first, then in the order of the
   * forward pass.
   */
  causes: Cause[];
  /** Result of the trial on the batch; absent if nothing was trained. */
  trial?: DiagnosisTrial;
  /** Learning rates that were tried; absent if there was no reason to search for one. */
  rates?: DiagnosisRates;
  /** Notes, which are neither causes nor consequences. */
  notes: Finding[];
  /** Measurements with all fixes that worked; absent if none did. Not written to documents. */
  after?: Measurements;
  /** Loss of the trial step by step; absent if nothing was trained. Not written to documents. */
  curves?: TrialCurves;
}

/** Number of rules that judge weights without a network. */
export interface JudgedWeights {
  /** Rules that judge weights alone. */
  rules: number;
  /** All rules over measurements. */
  of: number;
}

/** Result of a trial on the batch, in words. */
export interface DiagnosisTrial {
  /** `learns`, `slow`, `fails`, `undecided`, or `skipped` if it would have taken too long. */
  verdict: string;
  /** Verdict at the compiled rate; absent if there was none. */
  givenVerdict?: string;
  /** Summary of the trial, worded to end a sentence. */
  said: string;
  /** The same with all fixes applied; absent if none worked. */
  fixed?: string;
  /** The verdict with these fixes. */
  fixedVerdict?: string;
}

/** Loss of a trial before each step, and after the last. */
export interface TrialCurves {
  /** Loss of the best attempt. */
  before: number[];
  /** The same with the fixes; absent if none was trained. */
  after?: number[];
  /** Loss of the best constant answer, or `null` if unknown. */
  guess: number | null;
  /** Why the trial fails even if the loss falls; `null` or absent if that is not the reason. */
  still?: string | null;
}

/** Learning rates that were tried. */
export interface DiagnosisRates {
  /** Usable rates and the best one, in sentences. */
  said: string;
  /** Loss over learning rate; `null` if the search was skipped. */
  search: LearningRates | null;
}

/** Input of a search for causes. */
export interface Patient {
  /** All measurements. */
  measurements: Measurements;
  /** View of the measurements that rules share. */
  network: Network;
  /** All findings of the rules. */
  findings: readonly Finding[];
}

/** Possible cause: it becomes one by the findings that state it or follow from it. */
export interface Suspect {
  kind: string;
  /** Layers that have it. */
  layers: string[];
  /** Description of the fault in one sentence. */
  message: string;
  /** Findings that state the fault itself. */
  states: Finding[];
  /** Returns true if a finding of another rule may follow from it. */
  explains(finding: Finding): boolean;
  /** Fixes, the likeliest first. */
  fixes: Fix[];
}

/** Finds the suspects of one kind. */
export type Search = (patient: Patient) => Suspect[];

/** Contents of a report. */
interface Diagnosed {
  measurements: Measurements;
  findings: readonly Finding[];
  diagnosis: Diagnosis;
}

/** Makes a diagnosis print and display itself: one line per cause. */
export function shownDiagnosis({ diagnosis, ...rest }: Diagnosed): Diagnosis {
  const given = () => ({ ...rest, diagnosis });
  const overview = () => diagnosisOverview({ ...rest, diagnosis });
  return withOverview(diagnosis, overview, { of: "report", given });
}

/** Parts of a diagnosis that a title shows. */
export type Titled = Pick<Diagnosis, "verdict" | "causes"> & Judged;

/** Returns the word of a verdict in a title: `SICK`, or `No finding` if too little was judged. */
export function verdictWord(verdict: Verdict): string {
  return verdict === "unjudged" ? "No finding" : verdict.toUpperCase();
}

/**
 * Returns the verdict in one line: `SICK: 1 cause`, `No finding (weights only, 6 of 22 rules)`.
 *
 * @param under Seeds under which it is sick, if there are several: ` in 2 of 5 seeds`.
 */
export function verdictWords(titled: Titled, under = ""): string {
  const { counts, scope } = titleParts(titled);
  const said = [counts, scope].filter((part) => part !== "").join(", ");
  const word = `${verdictWord(titled.verdict)}${under}`;
  if (said === "") return word;
  return titled.verdict === "unjudged" ? `${word} (${said})` : `${word}: ${said}`;
}

/** Returns what a title says after the word: `1 cause`, and `weights only, 6 of 22 rules`. */
export function titleParts(titled: Titled): { counts: string; scope: string } {
  const { verdict, causes, notJudged = [], weightsOnly, trial } = titled;
  const isTrialMissed = verdict === "unjudged" && weightsOnly === undefined;
  const scope = [
    ...weightsOnly === undefined ? [] : [judgedWords(weightsOnly)],
    ...notJudged.map((setting) => `${setting} not judged`),
    ...isTrialMissed ? [trial === undefined ? "no trial" : `trial ${trial.verdict}`] : [],
  ];
  return { counts: causeCounts(causes), scope: scope.join(", ") };
}

/** Counts causes and warnings: `1 cause, 2 warnings`; empty without any. */
export function causeCounts(causes: Titled["causes"]): string {
  const { errors, warnings } = countCauses(causes);
  return [
    ...errors === 0 ? [] : [formatCount(errors, "cause")],
    ...warnings === 0 ? [] : [formatCount(warnings, "warning")],
  ].join(", ");
}

/** Describes the scope of the judgement: `weights only, 6 of 22 rules`. */
function judgedWords({ rules, of }: JudgedWeights): string {
  return `weights only, ${rules} of ${of} rules`;
}

/** Counts causes of a sick network, or findings that fail a gate, and those that only warn. */
export function countCauses(
  causes: readonly Pick<Cause, "severity">[],
): { errors: number; warnings: number } {
  const count = (severity: Cause["severity"]) =>
    causes.filter((cause) => cause.severity === severity).length;
  return { errors: count("error"), warnings: count("warning") };
}

/** Returns the overview of a diagnosis: its causes, and a fix for each. */
export function diagnosisOverview({ diagnosis, measurements: { layers } }: Diagnosed): Overview {
  const { causes } = diagnosis;
  return {
    title: verdictWords(diagnosis),
    columns: ["severity", "cause", "what is wrong, and what to do"],
    rows: causes.flatMap(({ severity, kind, message, fixes }) => [
      [severity, kind, message],
      ...fixes.slice(0, 1).map((fix) => ["", "", `Fix: ${describeFix(fix, layers)}`]),
    ]),
  };
}

export function causeName({ kind, layers }: Pick<Cause, "kind" | "layers">): string {
  return JSON.stringify([kind, ...layers]);
}

/**
 * Returns a diagnosis with the tried fixes of the causes that it shares with another one: a gate
 * weighs its findings by its configuration only after the model is gone.
 *
 * @param treated The diagnosis made while the model existed, with the fixes that worked.
 */
export function withTreatment(diagnosis: Diagnosis, treated: Diagnosis): Diagnosis {
  const known = new Map(treated.causes.map((cause) => [causeName(cause), cause]));
  const causes = blame(diagnosis.causes, treated.causes).map((cause): Cause => {
    const tried = known.get(causeName(cause));
    if (tried === undefined) return cause;
    const { fixes, message } = tried;
    return { ...cause, message, fixes, ...tried.tried === undefined ? {} : { tried: tried.tried } };
  });
  const { trial, rates } = treated;
  return {
    ...diagnosis,
    verdict: verdictOn(causes, { ...diagnosis, trial }),
    causes,
    ...trial === undefined ? {} : { trial },
    ...rates === undefined ? {} : { rates },
  };
}

/** True if a finding says that the network did not learn in the trial. */
const isTrial = ({ rule }: Finding) => rule === "trial";

/**
 * Puts a failed trial under the cause that was found for it while the model existed. A pass only
 * warns of such a cause, so the findings alone would list the two separately, the trial first.
 */
function blame(causes: readonly Cause[], treated: readonly Cause[]): readonly Cause[] {
  const failed = causes.find(({ findings }) => findings.every(isTrial));
  const found = treated.find(({ findings }) => findings.some(isTrial));
  if (failed === undefined || found === undefined) return causes;
  const { kind, layers } = found;
  const own = causes.find((cause) => causeName(cause) === causeName(found)) ??
    { ...failed, kind, layers };
  if (own === failed) return causes;
  const findings = [...failed.findings, ...own.findings.filter((finding) => !isTrial(finding))];
  // The more severe of the two comes first.
  const first = causes.find((cause) => cause === failed || cause === own)!;
  const merged = { ...own, severity: first.severity, findings };
  // The rate comes second if another cause explains why the compiled one fails.
  const rest = treated.filter((cause) => cause !== found && cause.findings.every(isTrial));
  return causes.filter((cause) => cause === first || cause !== failed && cause !== own)
    .flatMap((cause) => cause === first ? [merged, ...rest] : [cause]);
}
