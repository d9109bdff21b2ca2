import { fixLine } from "../checks/fix_line.ts";
import { type Finding, saidOf } from "../checks/finding.ts";
import type { RuleDocumentation } from "../checks/rule.ts";
import { layerNames, number, say } from "../checks/say.ts";
import { sayPlain, type Sentence } from "../checks/sentence.ts";
import type { ProbeSubject } from "../probe/probe_subject.ts";
import type { Figure } from "../render/chart_model.ts";
import { describeModel, figureLines, oneLine, shortNames } from "./message_parts.ts";

/** These keep an assertion's message under 25 lines, its `msg` included. */
const MAX_FINDINGS = 4;
const MAX_ADVICE = 2;
const MAX_BARS = 12;

/** Subject of a message. */
export interface Failure {
  /** Rule that is broken. */
  rule: Pick<RuleDocumentation, "name" | "problem">;
  /** Model and batch. */
  subject: ProbeSubject;
  /** Errors that broke it. */
  errors: Finding[];
  /** Layers that the rule judges, in their order. */
  layers: { name: string; className: string }[];
  /** Figure that was judged. */
  figure: Figure;
}

/**
 * Returns the message of a failed assertion: the model and its seed, every offender with its
 * figures, the fix, and a bar chart of the figure that was judged.
 */
export function failureMessage(
  { rule, subject, errors, layers, figure }: Failure,
  msg: string | undefined,
): string {
  const nameOf = shortNames(layers.map(({ name }) => name));
  const plain = (sentence: Sentence) => sayPlain(sentence, nameOf);
  const advice = new Set(errors.map((error) => plain(saidOf(error, "advice"))));
  const isUnjudged = errors.every(({ unjudged }) => unjudged);
  const what = isUnjudged ? "gave nothing to judge" : `has ${rule.problem}`;
  return [
    ...[
      `${describeModel(subject)} ${what} (rule ${rule.name}):`,
      ...errors.slice(0, MAX_FINDINGS).map((error) => `- ${plain(saidOf(error, "message"))}`),
      ...others(errors.slice(MAX_FINDINGS), layers).map(plain),
      ...[...advice].slice(0, MAX_ADVICE).map(fixLine),
    ].map(oneLine),
    // If nothing was judged, there is no figure to show.
    ...(isUnjudged ? [] : figureLines(figure, errors, MAX_BARS)),
    ...(msg === undefined ? [] : [msg]),
  ].join("\n");
}

function others(rest: Finding[], layers: Failure["layers"]): Sentence[] {
  if (rest.length === 0) return [];
  const names = new Set(rest.map(({ layer }) => layer));
  const ordered = layers.map(({ name }) => name).filter((name) => names.has(name));
  return [say`- and ${number(rest.length)} more: ${layerNames(ordered, layers)}`];
}
