import { type Finding, saidOf } from "../checks/finding.ts";
import { formatCount } from "../checks/format.ts";
import { allRules } from "../checks/register_rule.ts";
import { layerNames, NOTHING, number, say } from "../checks/say.ts";
import { sayPlain, type Sentence } from "../checks/sentence.ts";
import type { Measurements } from "../measure/measurements.ts";
import { ruleFigure } from "../render/chart_model.ts";
import { describeModel, figureLines, oneLine, shortNames } from "./message_parts.ts";

/** With these the message stays under 25 lines, the caller's `msg` included. */
const MAX_RULES = 8;
const MAX_ADVICE = 3;
const MAX_BARS = 7;

/** The place of a rule's advice, of which there is no room for all: what finds a cause comes first. */
const rankOf = (rule: string) =>
  allRules().find(({ name }) => name === rule)?.causeOrder ?? Number.MAX_VALUE;

/** The text of a failed `assertHealthy`: a line for each broken rule, and the first one's chart. */
export function healthMessage(
  measurements: Measurements,
  errors: Finding[],
  msg: string | undefined,
): string {
  const byRule = [...Map.groupBy(errors, ({ rule }) => rule)];
  const causesFirst = byRule.toSorted(([a], [b]) => rankOf(a) - rankOf(b));
  const nameOf = shortNames(measurements.layers.map(({ name }) => name));
  const plain = (sentence: Sentence) => sayPlain(sentence, nameOf);
  const advice = new Set(causesFirst.map(([, [first]]) => plain(saidOf(first, "advice"))));
  const hidden = byRule.slice(MAX_RULES).map(([rule]) => rule);
  const [first] = errors;
  const rule = allRules().find(({ name }) => name === first.rule)!;
  return [
    ...[
      `${describeModel(measurements)} breaks ${formatCount(byRule.length, "rule")}:`,
      ...byRule.slice(0, MAX_RULES)
        .map(([rule, findings]) => `- ${rule}: ${plain(line(findings, measurements))}`),
      ...(hidden.length === 0 ? [] : [`- and ${hidden.join(", ")}`]),
      ...[...advice].slice(0, MAX_ADVICE).map((text) => `Fix: ${text}`),
    ].map(oneLine),
    ...figureLines(ruleFigure(rule.figure, measurements.layers), byRule[0][1], MAX_BARS),
    ...(msg === undefined ? [] : [msg]),
  ].join("\n");
}

function line([first, ...others]: Finding[], { layers }: Measurements): Sentence {
  const text = saidOf(first, "message");
  if (others.length === 0) return text;
  const names = new Set(others.map(({ layer }) => layer));
  const ordered = layers.map(({ name }) => name).filter((name) => names.has(name));
  const more = ordered.length === 0 ? NOTHING : say`: ${layerNames(ordered, layers)}`;
  return say`${text} And ${number(others.length)} more${more}.`;
}
