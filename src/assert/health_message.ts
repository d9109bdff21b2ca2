import type { Finding } from "../checks/finding.ts";
import { formatCount, formatLayers } from "../checks/format.ts";
import { allRules } from "../checks/register_rule.ts";
import type { Measurements } from "../measure/measurements.ts";
import { ruleFigure } from "../render/chart_model.ts";
import { describeModel, figureLines, oneLine } from "./message_parts.ts";

/** With these the message stays under 25 lines, the caller's `msg` included. */
const MAX_RULES = 8;
const MAX_ADVICE = 3;
const MAX_BARS = 7;

/**
 * Rules that find causes, in the order of their advice: what breaks a pass, what goes in, the head, the
 * weights; last the loss, which depends on those. What the others find of the signals follows from a cause
 * as a rule, and there is no room for the advice of all.
 */
const CAUSES = [
  ...["non-finite", "input-normalized", "output-head"],
  ...["init-scale", "symmetry", "bias-init", "initial-loss"],
];

const rankOf = (rule: string) => CAUSES.includes(rule) ? CAUSES.indexOf(rule) : CAUSES.length;

/** The text of a failed `assertHealthy`: a line for each broken rule, and the first one's chart. */
export function healthMessage(
  measurements: Measurements,
  errors: Finding[],
  msg: string | undefined,
): string {
  const byRule = [...Map.groupBy(errors, ({ rule }) => rule)];
  const causesFirst = byRule.toSorted(([a], [b]) => rankOf(a) - rankOf(b));
  const advice = [...new Set(causesFirst.map(([, [{ advice }]]) => advice))];
  const hidden = byRule.slice(MAX_RULES).map(([rule]) => rule);
  const [first] = errors;
  const rule = allRules().find(({ name }) => name === first.rule)!;
  const names = [measurements.model.name, ...measurements.layers.map(({ name }) => name)];
  return [
    ...[
      `${describeModel(measurements)} breaks ${formatCount(byRule.length, "rule")}:`,
      ...byRule.slice(0, MAX_RULES).map(([rule, findings]) => line(rule, findings, measurements)),
      ...(hidden.length === 0 ? [] : [`- and ${hidden.join(", ")}`]),
      ...advice.slice(0, MAX_ADVICE).map((text) => `Fix: ${text}`),
    ].map((line) => oneLine(line, names)),
    ...figureLines(ruleFigure(rule.figure, measurements.layers), byRule[0][1], MAX_BARS),
    ...(msg === undefined ? [] : [msg]),
  ].join("\n");
}

function line(rule: string, [first, ...others]: Finding[], { layers }: Measurements): string {
  const text = `- ${rule}: ${first.message}`;
  if (others.length === 0) return text;
  const names = new Set(others.map(({ layer }) => layer));
  const ordered = layers.map(({ name }) => name).filter((name) => names.has(name));
  const more = ordered.length === 0 ? "" : `: ${formatLayers(ordered, layers)}`;
  return `${text} And ${others.length} more${more}.`;
}
