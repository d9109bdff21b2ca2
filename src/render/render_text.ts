import type { Finding } from "../checks/finding.ts";
import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import type { Measurements } from "../measure/measurements.ts";
import { defuse } from "../words/defuse.ts";
import { renderCharts } from "./render_charts.ts";
import { renderDiagnosis, verdictLine } from "./render_diagnosis.ts";
import { countSeverities, renderFindings } from "./render_findings.ts";
import { renderHeader } from "./render_header.ts";
import { wrapText } from "./wrap_text.ts";
import { arrayOf, must, objectWith, optional, requireValue } from "../words/requirements.ts";
import { findingShape, measurementsShape } from "../checks/requirements.ts";
import { showValue } from "../words/show_value.ts";

/** Options of {@linkcode renderText}. */
export interface RenderTextOptions {
  /** Columns that a line may take, at least 20. Default: 80. */
  width?: number;
  /** Whether bars are drawn with eighth blocks instead of plain ASCII. Default: false. */
  unicode?: boolean;
  /** Whether to colour by severity (ANSI escapes); for terminals only. Default: false. */
  color?: boolean;
  /** Whether a bar's length follows the logarithm of the figure or the figure. Default: `log`. */
  scale?: "log" | "linear";
  /** Draws only the layers whose name matches; all findings are shown anyway. Default: all. */
  layers?: RegExp;
  /** What is wrong, causes first: it is shown before everything else. Default: nothing. */
  diagnosis?: Diagnosis;
  /** Whether to show every finding although there is a diagnosis. Default: false. */
  details?: boolean;
}

/**
 * Shows a measured network as text: what was measured, bar charts of every layer's gradient, activation
 * and delta, then the findings in sentences, each with its advice, and one line of totals. Layers with an
 * error are marked `!`, those with a warning `?`. No line is longer than `width`.
 *
 * @param measurements What was measured.
 * @param findings What the rules found.
 * @param options See {@linkcode RenderTextOptions}.
 * @returns The text, with a newline at its end.
 * @throws {RangeError} If `width` is not a whole number of at least 20.
 *
 * @example For a terminal
 * ```ts
 * import { renderText } from "@gradient-health/gradient-health/render";
 * import type { Measurements } from "@gradient-health/gradient-health/measure";
 *
 * function show(measurements: Measurements) {
 *   const color = Deno.stdout.isTerminal();
 *   console.log(renderText(measurements, [], { color, unicode: true }));
 * }
 * ```
 */
export function renderText(
  measurements: Measurements,
  findings: readonly Finding[],
  options: RenderTextOptions = {},
): string {
  requireValue("measurements", measurements, measurementsShape);
  requireValue("findings", findings, arrayOf(findingShape));
  requireValue(
    "options",
    options,
    objectWith({
      scale: optional(must('"log" or "linear"', (value) => value === "log" || value === "linear")),
      layers: optional(must("a RegExp", (value) => value instanceof RegExp)),
    }),
  );
  const { width = 80, unicode = false, color = false } = options;
  if (!Number.isInteger(width) || width < 20) {
    throw new RangeError(
      `width is ${showValue(width)}, expected a whole number of at least 20`,
    );
  }
  const style = { width, color, ellipsis: unicode ? "…" : ".." };
  const order = measurements.layers.map(({ name }) => name);
  const { diagnosis, details = diagnosis === undefined } = options;
  const lines = [
    ...diagnosis === undefined
      ? []
      : [...renderDiagnosis(diagnosis, measurements.layers, style), ""],
    ...renderHeader(measurements, style),
    ...renderCharts(measurements, findings, { ...options, width, color }),
    "",
    ...details ? renderFindings(findings, order, style) : foldedLines(findings, diagnosis!, style),
  ];
  return `${lines.map(defuse).join("\n")}\n`;
}

/** What stands in place of the findings where a diagnosis has said what they come to. */
function foldedLines(
  findings: readonly Finding[],
  diagnosis: Diagnosis,
  style: { width: number; color: boolean },
): string[] {
  const counts = countSeverities(findings);
  const more = findings.length === 0
    ? []
    : wrapText(`${counts} --details shows them.`, style.width);
  return [...more, verdictLine(diagnosis, style)];
}
