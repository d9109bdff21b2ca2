import { renderCharts, type RenderTextOptions, shownFolds } from "./render_charts.ts";
import type { Finding } from "../rules/finding.ts";
import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import type { Measurements } from "../measure/measurements.ts";
import { defuse } from "../words/failure.ts";
import { layerTable } from "./layer_table.ts";
import { renderRates } from "./rate_chart.ts";
import { findingWords, renderDiagnosis, verdictLine } from "./render_diagnosis.ts";
import { renderFindings } from "./render_findings.ts";
import { renderHeader } from "./render_header.ts";
import { renderLayerTable } from "./render_layer_table.ts";
import { caveatLines } from "./caveat_lines.ts";
import { wrapText } from "./fit_text.ts";
import { list, object, optional, primitive, requireValue, whole } from "../words/shape.ts";
import { findingShape, measurementsShape } from "../rules/require_measurements.ts";

/**
 * Shows a measured network as text: the verdict and the causes, what was measured, bar charts of
 * every layer's gradient and activation (side by side from 100 columns on), a table of the layers
 * with the predictions of theory, and the verdict again. Blocks that repeat share a row. With
 * `details`, or without a diagnosis, all findings follow in sentences. Layers with an error are
 * marked `!`, those with a warning `?`. No line is longer than `width`.
 *
 * @param measurements The measurements.
 * @param findings The findings of the rules.
 * @param options See {@linkcode RenderTextOptions}.
 * @returns The text, with a newline at its end.
 * @throws {InputError} If `width` is not a whole number of at least 20.
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
  requireValue("findings", findings, list(findingShape));
  requireValue(
    "options",
    options,
    object({
      scale: optional(
        primitive('"log" or "linear"', (value) => value === "log" || value === "linear"),
      ),
      layers: optional(primitive("a RegExp", (value) => value instanceof RegExp)),
    }),
  );
  const { width = 80, unicode = false, color = false } = options;
  requireValue("width", width, whole(20));
  const style = { width, color, unicode, ellipsis: unicode ? "…" : ".." };
  const order = measurements.layers.map(({ name }) => name);
  const { diagnosis, details = diagnosis === undefined } = options;
  const folds = shownFolds(measurements, options);
  const isFolded = folds.some(({ blocks }) => blocks.flat(2).length > 1);
  const lines = [
    ...caveatLines(measurements, width),
    ...diagnosis === undefined ? [] : [
      ...renderDiagnosis(diagnosis, measurements.layers, style),
      ...diagnosis.rates?.search == null ? [] : ["", ...renderRates(diagnosis.rates.search, style)],
      "",
    ],
    ...renderHeader(measurements, { ...style, engine: details }),
    ...renderCharts(measurements, findings, { ...options, width, color, details }),
    "",
    ...renderLayerTable(layerTable(measurements, findings, folds), style),
    "",
    ...details ? renderFindings(findings, order, { ...style, sums: diagnosis === undefined }) : [],
    ...diagnosis === undefined
      ? []
      : closingLines(findings, diagnosis, { isFolded, details }, style),
  ];
  while (lines.at(-1) === "") lines.pop();
  return `${lines.map(defuse).join("\n")}\n`;
}

/** Says what was left out and how to see it, then repeats the verdict. */
function closingLines(
  findings: readonly Finding[],
  diagnosis: Diagnosis,
  { isFolded, details }: { isFolded: boolean; details: boolean },
  style: { width: number; color: boolean },
): string[] {
  const hints = [
    ...findings.length === 0
      ? []
      : [`${findingWords(findings, diagnosis.causes)}${details ? "" : "; see --details"}.`],
    ...isFolded ? ["Every layer: --all."] : [],
  ];
  return [...wrapText(hints.join(" "), style.width), verdictLine(diagnosis, style)];
}
