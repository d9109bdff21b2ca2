import { type Expected, inWords } from "./expected.ts";
import { type FindingFigure, sayPlain, type Sentence } from "./sentence.ts";

/** How grave a finding may be, the gravest first. */
export const SEVERITIES = ["error", "warning", "note"] as const;

/**
 * What a rule says of one layer (or of the whole model). A finding is data: renderers show it,
 * assertions throw it, the gate counts it.
 */
export interface Finding {
  /** Name of the rule, `vanishing-gradients` for instance. */
  rule: string;
  /** `error` fails an assertion and the gate; `warning` and `note` are only shown. */
  severity: "error" | "warning" | "note";
  /** What it is among the findings of its rule, `blocked` for instance; absent where the rule does not say. */
  kind?: string;
  /** Name of the layer, or `null` when the finding is about the whole model. */
  layer: string | null;
  /** Name of the input or of the target that it is about; absent where it is about neither. */
  tensor?: string;
  /** Every layer concerned, {@linkcode Finding.layer} included; absent where that one is all. */
  layers?: string[];
  /** The measured figure; `null` where there is none. */
  measured: number | null;
  /** What was expected. */
  expected: Expected;
  /**
   * True where the rule could judge nothing, since there was no gradient to judge or none that is a
   * number: an assertion over it fails then. Absent elsewhere, also where a rule does not apply.
   */
  unjudged?: boolean;
  /** Name of the threshold that was crossed; absent where the rule has none to cross. */
  threshold?: string;
  /** The figures behind it, by name. */
  figures?: Record<string, FindingFigure>;
  /** One sentence: what is wrong, with the figures. */
  message: string;
  /** One sentence: what to do about it. */
  advice: string;
  /** The same two sentences as data; absent where the rule wrote plain text. */
  said?: { message: Sentence; advice: Sentence };
}

/** What a rule's judge finds: a finding without the name of the rule, which `defineRule` fills in. */
export interface Verdict
  extends Omit<Finding, "rule" | "expected" | "message" | "advice" | "said"> {
  /** What was expected; a string where it is words, or no more than a text. */
  expected: Expected | string;
  /** What is wrong, in one sentence, with the figures. */
  message: Sentence | string;
  /** What to do about it, in one sentence. */
  advice: Sentence | string;
}

/** The finding of a verdict. */
export function makeFinding(
  rule: string,
  { message, advice, expected, ...verdict }: Verdict,
): Finding {
  return {
    rule,
    ...verdict,
    expected: typeof expected === "string" ? inWords(expected) : expected,
    ...sentencesOf(message, advice),
  };
}

/** A finding with another severity, or other sentences. */
export function amendFinding(
  finding: Finding,
  { message = saidOf(finding, "message"), advice = saidOf(finding, "advice"), ...others }: Partial<
    Pick<Verdict, "severity" | "message" | "advice">
  >,
): Finding {
  const { said: _, ...rest } = finding;
  return { ...rest, ...others, ...sentencesOf(message, advice) };
}

/** A sentence of a finding. */
export function saidOf(finding: Finding, which: "message" | "advice"): Sentence {
  return finding.said?.[which] ?? [finding[which]];
}

function sentencesOf(
  message: Verdict["message"],
  advice: Verdict["advice"],
): Pick<Finding, "message" | "advice" | "said"> {
  const isText = typeof message === "string" && typeof advice === "string";
  const said = { message: asSentence(message), advice: asSentence(advice) };
  return {
    message: sayPlain(said.message),
    advice: sayPlain(said.advice),
    ...isText ? {} : { said },
  };
}

const asSentence = (said: Sentence | string): Sentence => typeof said === "string" ? [said] : said;
