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

/** What a message is about. */
export interface Failure {
  /** The rule that is broken. */
  rule: Pick<RuleDocumentation, "name" | "problem">;
  /** The model and the batch. */
  subject: ProbeSubject;
  /** What broke it. */
  errors: Finding[];
  /** The layers that the rule could have named, in their order. */
  layers: { name: string; className: string }[];
  /** The figure that was judged. */
  figure: Figure;
}

/**
 * The message of a failed assertion: which model under which seed, every offender with its figures,
 * what to do, and a bar chart of the figure that was judged.
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
    // What was not judged has no figure to show.
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
