import type { DiagnosedReport } from "../render/report_document.ts";
import type { Measurements } from "../measure/measurements.ts";
import { headerFacts } from "../render/render_header.ts";
import { verdictLine } from "../render/render_diagnosis.ts";
import { object, optional, primitive, requireValue } from "../words/shape.ts";
import { LONGEST_TITLE, type Markup, markup, modelTitle } from "./markup.ts";
import { renderPage, reportShape } from "./page.ts";
import { verdictTitle } from "./show_lead.ts";
import { showRun } from "./show_run.ts";

/** Number of layers that have their own section in a page. */
export const MOST_DETAILS = 200;

/** Options of {@linkcode renderReportPage}. */
export interface ReportPageOptions {
  /**
   * Axis of the bars. Default: `"log"`, which shows layers that differ by a factor of a
   * thousand.
   */
  scale?: "log" | "linear";
}

const optionsShape = object({
  scale: optional(primitive('"log" or "linear"', (value) => value === "log" || value === "linear")),
});

/**
 * Renders a report as one self-contained page: the verdict, the first cause and its fix beside the
 * bars of the figure that is wrong, before and after the fix; then the network with bars of every
 * layer's gradient and activation, a table of the layers that can be sorted and filtered,
 * histograms (if they were measured with `histograms: true`), and what was checked.
 *
 * @param report Measurements, findings and diagnosis: `examine` returns all three.
 * @param options Options of the drawing.
 * @returns The page, an HTML document that needs no other file, with a newline at its end.
 * @throws {InputError} If an argument is of another kind.
 *
 * @example The exercise's network as a page
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { examine } from "@gradient-health/gradient-health/examine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { renderReportPage } from "@gradient-health/gradient-health/picture";
 * import { assertStringIncludes } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel();
 * const report = await examine(model, randomBatch(model), { histograms: true, trial: "off" });
 * const page = await renderReportPage(report);
 * assertStringIncludes(page, "SICK: 1 cause");
 * model.dispose();
 * ```
 */
export function renderReportPage(
  report: DiagnosedReport,
  options: ReportPageOptions = {},
): Promise<string> {
  requireValue("report", report, reportShape);
  requireValue("options", options, optionsShape);
  const { scale = "log" } = options;
  const { measurements, diagnosis } = report;
  const title = modelTitle(measurements);
  const { lead, sections } = showRun(report, {
    run: 1,
    title: markup`<p class="kicker"><bdi>${title}</bdi></p>${verdictTitle(diagnosis)}`,
    scale,
    details: MOST_DETAILS,
    isWhole: true,
  });
  return renderPage({
    title: `${title}: ${verdictLine(diagnosis, { color: false })}`,
    header: lead,
    sections: [...sections, { id: "run", title: "The run", body: factsOf(measurements) }],
  });
}

/** Describes the measured model, the engine and the batch. */
export function factsOf(measurements: Measurements): Markup {
  const facts = headerFacts(measurements, { longest: LONGEST_TITLE, ellipsis: "…" });
  return markup`<dl class="facts">${
    facts.map(([label, text]) => markup`<dt>${label}</dt><dd><bdi>${text}</bdi></dd>`)
  }</dl>`;
}
