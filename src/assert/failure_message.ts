import type { Finding } from "../checks/finding.ts";
import { formatLayers } from "../checks/format_layers.ts";
import type { Rule } from "../checks/rule.ts";
import type { Measurements } from "../measure/measurements.ts";
import { describeModel } from "./describe_model.ts";
import { figureChart } from "./figure_chart.ts";

/** With these an assertion's message stays under 25 lines, its own `msg` included. */
const MAX_FINDINGS = 4;
const MAX_ADVICE = 2;
const MAX_BARS = 12;

/**
 * The text of a failed assertion: which model under which seed, every offender with its figures,
 * what to do, and a bar chart of the figure that was judged.
 */
export function failureMessage(
  rule: Rule,
  measurements: Measurements,
  errors: Finding[],
  msg: string | undefined,
): string {
  const advice = [...new Set(errors.map((error) => error.advice))];
  return [
    `${describeModel(measurements)} has ${rule.problem} (rule ${rule.name}):`,
    ...errors.slice(0, MAX_FINDINGS).map(({ message }) => `- ${message}`),
    ...others(errors.slice(MAX_FINDINGS), measurements),
    ...advice.slice(0, MAX_ADVICE).map((text) => `To do: ${text}`),
    ...figureChart(rule, measurements, errors, MAX_BARS),
    ...(msg === undefined ? [] : [msg]),
  ].join("\n");
}

function others(rest: Finding[], { layers }: Measurements): string[] {
  if (rest.length === 0) return [];
  const names = new Set(rest.map(({ layer }) => layer));
  const ordered = layers.map(({ name }) => name).filter((name) => names.has(name));
  return [`- and ${rest.length} more: ${formatLayers(ordered, layers)}`];
}
