import type { Measurements } from "../measure/measurements.ts";
import type { NotReproduced } from "../model/loaded_model.ts";
import { formatCount } from "../../ground/words/numbers.ts";
import { type Overview, withOverview } from "../../ground/words/overview.ts";
import { oneOf } from "../../ground/words/shape.ts";
import {
  atLeast,
  counted,
  exactFigure,
  type Expected,
  type FindingFigure,
  inWords,
  number,
  say,
  sayPlain,
  type Sentence,
} from "./say.ts";

/** Severities of findings, the worst first. */
export const SEVERITIES = ["error", "warning", "note"] as const;

/** Shape of a severity in documents and arguments. */
export const severityShape = oneOf(...SEVERITIES);

/**
 * Result of a rule for one layer or for the whole model. A finding is data: renderers show it,
 * assertions throw it, the gate counts it.
 */
export interface Finding {
  /** Name of the rule, for example `vanishing-gradients`. */
  rule: string;
  /** Severity. `error` fails an assertion and the gate; `warning` and `note` are only shown. */
  severity: "error" | "warning" | "note";
  /** Kind of finding within its rule, for example `blocked`. Absent if the rule has no kinds. */
  kind?: string;
  /** Name of the layer, or `null` if the finding is about the whole model. */
  layer: string | null;
  /** Name of the input or target that the finding is about. Absent if it is about neither. */
  tensor?: string;
  /**
   * All layers concerned, including {@linkcode Finding.layer}. Absent if there is only that one.
   */
  layers?: string[];
  /** Measured figure, or `null` if there is none. */
  measured: number | null;
  /** Expected value. */
  expected: Expected;
  /**
   * True if the rule could not judge anything because there was no finite gradient. Its assertion
   * then fails. Absent otherwise, also if the rule does not apply.
   */
  unjudged?: boolean;
  /** Name of the crossed threshold. Absent if no threshold was crossed. */
  threshold?: string;
  /** Figures behind the finding, by name. */
  figures?: Record<string, FindingFigure>;
  /** Description of the problem in one sentence, with its figures. */
  message: string;
  /** Description of the fix in one sentence. */
  fix: string;
  /** Both sentences as data. Absent if the rule wrote plain text. */
  said?: { message: Sentence; fix: Sentence };
}

/** A finding with its weight in the gate. */
export interface GateFinding extends Finding {
  /** Reason why it does not count, if a suppression accepts it; its severity is then `note`. */
  suppressed?: string;
  /** Subject of the finding if that is not the model. */
  about?: "configuration";
}

/**
 * Result of a rule's judge: a finding without the name of the rule, which `defineRule` fills in.
 */
export interface Verdict extends Omit<Finding, "rule" | "expected" | "message" | "fix" | "said"> {
  /** Expected value; a string if it is only words. */
  expected: Expected | string;
  /** Description of the problem in one sentence, with its figures. */
  message: Sentence | string;
  /** Description of the fix in one sentence. */
  fix: Sentence | string;
}

export function makeFinding(
  rule: string,
  { message, fix, expected, ...verdict }: Verdict,
): Finding {
  return {
    rule,
    ...verdict,
    expected: typeof expected === "string" ? inWords(expected) : expected,
    ...sentencesOf(message, fix),
  };
}

/** Returns a copy of a finding with another severity or other sentences. */
export function amendFinding(
  finding: Finding,
  { message = saidOf(finding, "message"), fix = saidOf(finding, "fix"), ...others }: Partial<
    Pick<Verdict, "severity" | "message" | "fix">
  >,
): Finding {
  const { said: _, ...rest } = finding;
  return { ...rest, ...others, ...sentencesOf(message, fix) };
}

export function saidOf(finding: Finding, which: "message" | "fix"): Sentence {
  return finding.said?.[which] ?? [finding[which]];
}

function sentencesOf(
  message: Verdict["message"],
  fix: Verdict["fix"],
): Pick<Finding, "message" | "fix" | "said"> {
  const isText = typeof message === "string" && typeof fix === "string";
  const said = { message: asSentence(message), fix: asSentence(fix) };
  return {
    message: sayPlain(said.message),
    fix: sayPlain(said.fix),
    ...isText ? {} : { said },
  };
}

const asSentence = (said: Sentence | string): Sentence => typeof said === "string" ? [said] : said;

/** Makes findings display themselves, one line each. */
export function shownFindings(findings: Finding[], measurements: Measurements): Finding[] {
  const given = () => ({ findings, measurements });
  return withOverview(findings, overview, { of: "findings", given });
}

function overview(findings: readonly Finding[]): Overview {
  const count = (severity: Finding["severity"]) =>
    formatCount(findings.filter((finding) => finding.severity === severity).length, severity);
  return {
    title: `${count("error")}, ${count("warning")}, ${count("note")}`,
    columns: ["severity", "rule", "layer", "finding"],
    rows: findings.map(({ severity, rule, layer, message }) => [severity, rule, layer, message]),
  };
}

/** Fix of a finding that needs no action. */
export const NOTHING_TO_DO = "Nothing to do.";

/** Returns the fix as a line of a message, after `Fix:` if there is something to do. */
export function fixLine(fix: string): string {
  return fix === NOTHING_TO_DO ? fix : `Fix: ${fix}`;
}

/** Returns the note of a rule that cannot judge its input. */
export function noVerdict(
  kind: string,
  why: Sentence,
  expected: Expected | string,
  fix: string,
): Verdict {
  return {
    severity: "note",
    kind,
    layer: null,
    measured: null,
    expected,
    message: say`No verdict: ${why}.`,
    fix,
  };
}

/** Returns the note of a batch-dependent rule about a batch that is too small. */
export function tooFewExamples(examples: number, minExamples: number): Verdict {
  return {
    severity: "note",
    kind: "few-examples",
    layer: null,
    measured: examples,
    expected: atLeast(minExamples, { unit: "examples" }),
    threshold: "minExamples",
    figures: { examples: exactFigure(examples, "examples") },
    message: say`No verdict: ${counted(examples, "example")} ${
      examples === 1 ? say`is` : say`are`
    } too few to judge (minExamples ${number(minExamples, "exact")}).`,
    fix: say`Measure on ${number(minExamples, "exact")} examples or more.`,
  };
}

/** Returns the note of a rule that judges a setting of the program which was not reproduced. */
export function substitutedSetting({ setting, name, substitute }: NotReproduced): Verdict {
  return noVerdict(
    "not-reproduced",
    name === null
      ? say`the model was compiled without a ${setting}, and ${substitute} took its place`
      : say`the ${setting} ${name} is not reproduced, and ${substitute} took its place`,
    `a reproduced ${setting}`,
    setting === "loss"
      ? "Name a loss that is known with --objective, or measure the model in a module."
      : "Compile the model in a module with an optimizer of TensorFlow.js.",
  );
}
