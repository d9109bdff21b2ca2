import type { Finding } from "../checks/finding.ts";
import { formatCount } from "../checks/format.ts";
import { formatLayers } from "../checks/format_layers.ts";
import type { Rule } from "../checks/rule.ts";
import type { Measurements } from "../measure/measurements.ts";
import { barChart, type BarChartRow } from "../render/bar_chart.ts";

/** With these an assertion's message stays under 25 lines, its own `msg` included. */
const MAX_FINDINGS = 4;
const MAX_ADVICE = 2;
const MAX_BARS = 12;
const WIDTH = 80;

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
    `${describe(measurements)} has ${rule.problem} (rule ${rule.name}):`,
    ...errors.slice(0, MAX_FINDINGS).map(({ message }) => `- ${message}`),
    ...others(errors.slice(MAX_FINDINGS), measurements),
    ...advice.slice(0, MAX_ADVICE).map((text) => `To do: ${text}`),
    ...chart(rule, measurements, errors),
    ...(msg === undefined ? [] : [msg]),
  ].join("\n");
}

function describe({ model, seed, batch, objective }: Measurements): string {
  const seeds = `seed ${seed ?? "unknown"}`;
  const drawn = batch.seed === null ? "" : ` of seed ${batch.seed}`;
  return `Model "${model.name}" (${seeds}, ${formatCount(batch.examples, "example")}${drawn}, ` +
    `objective "${objective.name}")`;
}

function others(rest: Finding[], { layers }: Measurements): string[] {
  if (rest.length === 0) return [];
  const names = new Set(rest.map(({ layer }) => layer));
  const ordered = layers.map(({ name }) => name).filter((name) => names.has(name));
  return [`- and ${rest.length} more: ${formatLayers(ordered, layers)}`];
}

function chart(rule: Rule, { layers }: Measurements, errors: Finding[]): string[] {
  const marked = new Set(errors.flatMap(({ layer, layers }) => [layer, ...(layers ?? [])]));
  const rows = layers
    .map((layer): BarChartRow => ({
      label: layer.name,
      value: rule.figure.of(layer),
      ...(marked.has(layer.name) ? { mark: "error" } : {}),
    }))
    .filter(({ value }) => value !== null);
  if (rows.length === 0) return [];
  const { title, scale } = rule.figure;
  return [`${title}:`, barChart(rows, { width: WIDTH, scale, maxRows: MAX_BARS })];
}
