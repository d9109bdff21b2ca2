import type { Cause, Diagnosis } from "../diagnosis/diagnosis.ts";
import { allRules } from "../checks/register_rule.ts";
import type { Measurements } from "../measure/measurements.ts";
import { ruleFigure } from "../render/chart_model.ts";
import { brokenRules, causeLines, trialLines, verdictLine } from "../render/render_diagnosis.ts";
import { formatCount } from "../words/numbers.ts";
import {
  describeModel,
  figureLines,
  oneLine,
  shortNames,
  withShortNames,
} from "./message_parts.ts";

/** These keep the message under 25 lines, including the caller's `msg` and a line before it. */
const MAX_LINES = 22;
const MAX_CAUSES = 3;
const MAX_BARS = 7;
/** Lines of a chart other than bars: its title, its axis, and the number of rows left out. */
const AROUND_BARS = 3;

/** Measurements and diagnosis of a network. */
export interface Illness {
  /** Measurements. */
  measurements: Measurements;
  /** Diagnosis. */
  diagnosis: Diagnosis;
}

/**
 * Returns the text of a failed `assertHealthy`: the verdict; at most three causes with the fix, the
 * result of trying it, and consequences; the trial; and the chart of the first cause. Each sentence
 * is one line, so that a log can be searched for it.
 */
export function healthMessage(
  { measurements, diagnosis }: Illness,
  msg: string | undefined,
): string {
  const { verdict, causes } = diagnosis;
  const nameOf = shortNames(measurements.layers.map(({ name }) => name));
  const layers = measurements.layers.map(({ name, className }) => ({
    name: nameOf(name),
    className,
  }));
  // Warnings are left out, unless the message is about nothing else.
  const failing = causes.filter(({ severity }) => verdict === "healthy" || severity === "error");
  const rest = failing.length - MAX_CAUSES;
  const style = { width: Infinity, color: false };
  const said = failing.slice(0, MAX_CAUSES)
    .map(({ findings: _, ...cause }) => withShortNames(cause, nameOf, measurements))
    .flatMap((cause, i) => causeLines({ ...cause, findings: [] }, `${i + 1}. `, layers, style));
  const lines = [
    `${describeModel(measurements)} is ${verdictLine(diagnosis, style)}`,
    ...said,
    ...rest > 0 ? [`${formatCount(rest, "more cause")} not shown.`] : [],
    ...trialLines(diagnosis, style),
    brokenRules(failing),
  ].map(oneLine);
  return [
    ...lines,
    ...chartOf(failing[0], measurements, MAX_LINES - lines.length - AROUND_BARS),
    ...msg === undefined ? [] : [msg],
  ].join("\n");
}

/** Returns the warnings among the causes, one line each. */
export function warningLines({ measurements, diagnosis }: Illness): string[] {
  const nameOf = shortNames(measurements.layers.map(({ name }) => name));
  return diagnosis.causes.filter(({ severity }) => severity === "warning")
    .map((cause) => withShortNames(cause, nameOf, measurements))
    .map(({ message }) => oneLine(`${describeModel(measurements)}: warning: ${message}`));
}

/** Draws the chart of the first rule that found a cause. */
function chartOf({ findings }: Cause, { layers }: Measurements, room: number): string[] {
  const first = findings.find(({ unjudged, rule }) =>
    !unjudged && allRules().some(({ name }) => name === rule)
  );
  if (first === undefined || room < 2) return [];
  const { figure } = allRules().find(({ name }) => name === first.rule)!;
  const marked = findings.filter(({ rule }) => rule === first.rule);
  return figureLines(ruleFigure(figure, layers), marked, Math.min(MAX_BARS, room));
}
