import type { DiagnosedReport } from "../render/formats.ts";
import type { ChartAxis } from "../render/chart_model.ts";
import type { Measurements } from "../measure/measurements.ts";
import { headerFacts } from "../render/render_header.ts";
import { verdictLine, verdictPaint } from "../render/render_diagnosis.ts";
import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import { type Markup, markup } from "./markup.ts";
import { renderPage } from "./page.ts";
import { LONGEST_TITLE, shortTitle } from "./short_title.ts";
import { showRun } from "./show_run.ts";

/** So many layers have a place of their own in a page. */
export const MOST_DETAILS = 200;

/** A report as one self-contained page. */
export function renderReportPage(
  report: DiagnosedReport,
  { scale = "log" }: { scale?: ChartAxis["scale"] } = {},
): Promise<string> {
  const { measurements, diagnosis } = report;
  return renderPage({
    title: `${shortTitle(measurements.model.name)}: ${verdictOf(diagnosis)}`,
    header: markup`<p class="kicker">gradient-health report</p>
      <h1><bdi>${shortTitle(measurements.model.name)}</bdi></h1>
      ${verdictMarkup(diagnosis)}${factsOf(measurements)}`,
    sections: showRun(report, { run: 1, scale, details: MOST_DETAILS, isWhole: true }),
  });
}

/** The verdict in words: `SICK: 1 cause`. */
export function verdictOf(diagnosis: Diagnosis): string {
  return verdictLine(diagnosis, { color: false });
}

/** The verdict as a line of its own. */
export function verdictMarkup(diagnosis: Diagnosis): Markup {
  return markup`<p class="verdict ${verdictPaint(diagnosis)}">${verdictOf(diagnosis)}</p>`;
}

/** What was measured, with what and on what. */
export function factsOf(measurements: Measurements): Markup {
  const facts = headerFacts(measurements, { longest: LONGEST_TITLE, ellipsis: "…" });
  return markup`<dl class="facts">${
    facts.map(([label, text]) => markup`<dt>${label}</dt><dd><bdi>${text}</bdi></dd>`)
  }</dl>`;
}
