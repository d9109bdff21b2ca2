import { VERDICT_LOOKS } from "../render/verdicts.ts";
import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import type { Chart, ChartAxis } from "../render/chart_model.ts";
import { cutMiddle } from "../render/fit_text.ts";
import { foldLayers } from "../render/fold_layers.ts";
import type { DiagnosedReport } from "../render/report_document.ts";
import { verdictLine } from "../render/render_diagnosis.ts";
import { reportCharts } from "../render/report_charts.ts";
import { escapeControls } from "../words/show_value.ts";
import { formatCount } from "../words/numbers.ts";
import { drawProfile } from "./draw_profile.ts";
import { Markup, markup, shortTitle } from "./markup.ts";

const WIDTH = 400;
const HEIGHT = 260;
const GAP = 24;
const MARGIN = 20;
/** Height of the name, the verdict and the titles above the charts. */
const HEADER = 78;
const LONGEST_LABEL = 11;

/**
 * Light in either colour scheme, since an image in a README does not know the scheme of the page.
 */
const STYLE = `
.paper { fill: #fff; stroke: #dfe2e6; }
text { font: 11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #59616b; }
.name { font-size: 15px; font-weight: 650; fill: #1b1e23; }
.error { font-size: 13px; font-weight: 600; fill: #b3261e; }
.healthy { font-size: 13px; font-weight: 600; fill: #1b6b41; }
.warning { font-size: 13px; font-weight: 600; fill: #7a5200; }
.changed { font-size: 13px; font-weight: 600; fill: #6b3fa0; }
.title { font-size: 13px; font-weight: 600; fill: #1b1e23; }
.grid { stroke-opacity: 1; }
.grid line { stroke: #e6e8eb; }
.range line { stroke: #3a5a8c; }
.curve path { fill: none; stroke: #3a5a8c; stroke-opacity: .55; }
.dot circle { fill: #3a5a8c; stroke: #fff; }
.dot [data-lane] { fill: #59616b; }
.dot [data-mark=error] { fill: #b3261e; }
.dot [data-mark=warning] { fill: #fff; stroke: #7a5200; }
`;

/** Profiles side by side, under one heading. */
export interface ProfileImage {
  /** Heading; empty if the titles of the charts are enough. */
  title: string;
  /** Verdict, or `null` if there is none. */
  verdict: Pick<Diagnosis, "verdict" | "causes"> | null;
  /** Charts; each has a bar for each name. */
  charts: readonly Chart[];
  /** Labels of the horizontal axis. */
  names: readonly string[];
}

/**
 * Renders the two plots of a report, mean |gradient| and mean |activation| of each layer, as one
 * image.
 */
export function renderReportImage(
  { measurements, findings, diagnosis }: DiagnosedReport,
  { scale = "log" }: { scale?: ChartAxis["scale"] } = {},
): Promise<string> {
  const { layers, model } = measurements;
  return Promise.resolve(renderProfiles({
    title: shortTitle(model.name),
    verdict: diagnosis,
    charts: reportCharts(foldLayers(layers, { all: true }), findings, { scale, details: false }),
    names: layers.map(({ name }) => name),
  }));
}

export function renderProfiles({ title, verdict, charts, names }: ProfileImage): string {
  const width = 2 * MARGIN + charts.length * WIDTH + Math.max(0, charts.length - 1) * GAP;
  const header = title === "" ? MARGIN + 20 : HEADER;
  const height = header + HEIGHT + MARGIN / 2;
  const said = verdict === null ? "" : verdictLine(verdict, { color: false });
  const drawn = charts.map((chart, i) => {
    const x = MARGIN + i * (WIDTH + GAP);
    const { source } = drawProfile(chart, {
      width: WIDTH,
      height: HEIGHT,
      depth: names.length,
      nameOf: (place) => cutMiddle(escapeControls(names[place]), LONGEST_LABEL, { ellipsis: "…" }),
    });
    const placed = source.replace(
      /^<svg/,
      `<svg x="${x}" y="${header}" width="${WIDTH}" height="${HEIGHT}"`,
    );
    return markup`<text class="title" x="${x + 2}" y="${
      header - 8
    }">${chart.title}</text>${new Markup(placed)}
      `;
  });
  const image =
    markup`<svg class="gradient-health" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="gh-title gh-desc">
    <title id="gh-title">${[title, said].filter((text) => text !== "").join(": ")}</title>
    <desc id="gh-desc">${charts.map((chart) => chart.title).join(" and ")} of each of ${
      formatCount(names.length, "layer")
    }, from the input on.</desc>
    <style>${new Markup(STYLE)}</style>
    <rect class="paper" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6"/>
    <text class="name" x="${MARGIN + 2}" y="30">${title}</text>
    ${
      verdict === null
        ? null
        : markup`<text class="${VERDICT_LOOKS[verdict.verdict].style}" x="${
          width - MARGIN
        }" y="30" text-anchor="end">${said}</text>`
    }
    ${drawn}</svg>
    `;
  return image.source;
}
