import { type Cause, countCauses, type Diagnosis } from "../core/diagnosis/diagnosis.ts";
import type { GateFinding } from "../core/rules/finding.ts";
import type { Measurements } from "../core/measure/measurements.ts";
import type { LearningRates } from "../core/probe/rate_search.ts";
import type { ChartAxis } from "../core/text/chart_model.ts";
import { foldLayers, foldPlaces, shownFolds } from "../core/text/fold_layers.ts";
import { acceptedIn, isOpen } from "../core/text/gate_words.ts";
import { rateCharts } from "../core/text/report_charts.ts";
import { findingWords, verdictLine } from "../core/text/render_diagnosis.ts";
import { findingParagraphs, type Paragraph } from "../core/text/render_findings.ts";
import { headerFacts } from "../core/text/render_header.ts";
import type { DiagnosedReport } from "../core/text/report_document.ts";
import { formatCount } from "../ground/words/numbers.ts";
import { object, optional, primitive, requireValue } from "../ground/words/shape.ts";
import { escapeControls } from "../ground/words/show_value.ts";
import { type BarPanel, barPanel } from "./bar_panel.ts";
import { lanesOf, type LayerMap, layerMap, LayerNames, type MapNode } from "./layer_map.ts";
import { LONGEST_TITLE, type Markup, markup, modelTitle, prose, showFacts } from "./markup.ts";
import { renderPage, reportShape, type Section } from "./page.ts";
import { reportPanels } from "./report_panels.ts";
import { barKey, barTable, showBars } from "./show_bars.ts";
import { layersInDetail, showLayers } from "./show_layers.ts";
import { showCauses, showChecked, showLead, verdictTitle } from "./show_lead.ts";
import { weightsSections } from "./show_weights.ts";
import { tableLegend, tableOfLayers } from "./table_of_layers.ts";

const MOST_LINKS = 12;
const TITLES = { error: "Error", warning: "Warning", note: "Note" };

/** Findings of a run in paragraphs, and the place of each. */
interface ShownFindings {
  body: Markup;
  /** Id of the paragraph of each finding. */
  placeOf: ReadonlyMap<GateFinding, string>;
}

/** Findings of a run, and the causes from which they come. */
interface FoundContent {
  findings: readonly GateFinding[];
  diagnosis: Pick<Diagnosis, "causes">;
  measurements: Pick<Measurements, "layers">;
}

/**
 * Shows the findings, errors first, and the suppressed ones. The causes have the fixes, since that of
 * a consequence would repeat or contradict them.
 */
function showFindings(
  { findings, diagnosis: { causes }, measurements: { layers } }: FoundContent,
  names: LayerNames,
  prefix: string,
): ShownFindings {
  const order = layers.map(({ name }) => name);
  const open = findings.filter(isOpen);
  const paragraphs = findingParagraphs(open, order);
  const accepted = acceptedIn(findings, order);
  return {
    placeOf: new Map(
      paragraphs.flatMap(({ findings }, i) =>
        findings.map((finding) => [finding, `${prefix}-f${i + 1}`])
      ),
    ),
    body: markup`${
      open.length === 0
        ? null
        : markup`<details class="findings"><summary>All findings: ${
          findingWords(open, causes)
        }</summary>${
          paragraphs.map((paragraph, i) => showParagraph(paragraph, `${prefix}-f${i + 1}`, names))
        }</details>`
    }${
      accepted.map(({ rule, where, reason }) =>
        markup`<p class="soft">Suppressed: ${rule}, <bdi>${escapeControls(where)}</bdi> (${
          escapeControls(reason)
        })</p>`
      )
    }`,
  };
}

function showParagraph(
  { severity, rules, where, said, findings }: Paragraph,
  id: string,
  names: LayerNames,
): Markup {
  const layers = new Set(
    findings.flatMap(({ layer, layers }) => layers ?? (layer === null ? [] : [layer])),
  );
  const sorted = [...layers].sort((a, b) => names.place(a) - names.place(b));
  const say = (text: string) => markup`<p><bdi>${prose(text.replace(/\s+/g, " "))}</bdi></p>`;
  return markup`<div class="finding is-${severity}" id="${id}"><h3><span class="${severity}">${
    TITLES[severity]
  }</span> ${rules.join(", ")}</h3>
    <p class="small soft">${
    sorted.length === 0 ? escapeControls(where) : names.list(sorted, MOST_LINKS)
  }</p>
    ${said.map(say)}</div>
    `;
}

interface RunStyle {
  /** Number of the run in the page, from 1. */
  run: number;
  /** Heading: the verdict. */
  title: Markup;
  /** Type of the charts' axes. */
  scale: ChartAxis["scale"];
  /** Number of layers with their own section. */
  details: number;
  /** True if each layer has a row in the table. */
  isWhole: boolean;
}

/** Examined network in a page. */
interface ShownRun {
  /** First screen: the verdict, the first cause, and the charts of the wrong figures. */
  lead: Markup;
  sections: Section[];
}

/** Shows an examined network: the first screen, and the sections after it. */
export function showRun(report: DiagnosedReport, style: RunStyle): ShownRun {
  const { measurements, findings, diagnosis } = report;
  const { run, title, scale, details, isWhole } = style;
  const { layers } = measurements;
  const folds = shownFolds(layers);
  // A small network too shows the distributions of equal layers once.
  const alike = foldPlaces(foldLayers(layers));
  const names = new LayerNames(layers, run, layersInDetail(alike, findings, details));
  const shown = showFindings(report, names, `r${run}`);
  const id = (name: string) => `${name}-${run}`;
  const causes = diagnosis.causes.slice(1);
  const map = layerMap(folds, diagnosis);
  const panels = reportPanels({ report, nodes: map.nodes, scale });
  return {
    lead: showLead({ report, folds, names, scale, title, id: id("lead") }),
    sections: [
      ...causes.length === 0 ? [] : [{
        id: id("causes"),
        title: moreCauses(causes),
        body: showCauses(causes, measurements),
      }],
      ...weightsSections(report, id),
      ...ratesSection(diagnosis, id("rates")),
      ...panels.length === 0 ? [] : [{
        id: id("depth"),
        title: "Layer by layer",
        body: showDepth(panels, map, names, id("bars")),
      }],
      {
        id: id("table"),
        title: "Figures",
        body: markup`<p class="small soft">${tableLegend(measurements)}</p>${
          tableOfLayers({
            measurements,
            findings,
            folds,
            names,
            id: id("layers"),
            isWhole,
          })
        }`,
      },
      // A file of whole numbers alone has no weights to draw.
      ...!measurements.layers.some(({ name }) => names.isLinked(name)) ? [] : [{
        id: id("distributions"),
        title: "Distributions",
        body: showLayers({ measurements, findings, folds: alike, placeOf: shown.placeOf, names }),
      }],
      // A healthy network has the rules that passed on top.
      ...diagnosis.causes.length === 0 && findings.length === 0 ? [] : [{
        id: id("checked"),
        title: "What was checked",
        body: markup`${diagnosis.causes.length === 0 ? null : showChecked(report)}${shown.body}`,
      }],
    ],
  };
}

/** Counts causes as the verdict does: `1 more cause, 3 warnings`. */
function moreCauses(causes: readonly Cause[]): string {
  const { errors, warnings } = countCauses(causes);
  if (errors === 0) return formatCount(warnings, "more warning");
  const more = formatCount(errors, "more cause");
  return warnings === 0 ? more : `${more}, ${formatCount(warnings, "warning")}`;
}

/** Shows the bars of a network beside its edges. */
function showDepth(
  panels: readonly BarPanel[],
  map: LayerMap,
  names: LayerNames,
  id: string,
): Markup {
  return markup`<ul class="abouts">${
    panels.map(({ title, about }) => markup`<li><b>${title}</b> ${about}</li>`)
  }</ul><div class="lanes-${laneCount(map)}">${
    showBars({
      panels,
      nodes: map.nodes,
      names,
      id,
      label: `${
        panels.map(({ title }) => title).join(", ")
      }, layer by layer. Arrow keys go from layer to layer.`,
      margin: (heights) => drawMap(map, heights),
      about: stateOf,
    })
  }</div>${barKey(panels)}`;
}

function stateOf({ about, causes, severity, follows }: MapNode): Markup {
  const said = () => {
    if (causes.length > 0) {
      return markup` <span class="state ${severity!}">cause ${causes.join(", ")}</span>`;
    }
    return follows.length > 0 ? markup` <span class="state soft">follows</span>` : null;
  };
  return markup` <span class="soft class">${escapeControls(about)}</span>${said()}`;
}

/** Returns the section of the loss over learning rate, if rates were tried. */
function ratesSection({ rates }: Diagnosis, id: string): Section[] {
  if (rates?.search == null) return [];
  return [{ id, title: "Learning rate", body: showRates(rates.search, rates.said, id) }];
}

/** Shows the loss over learning rate, bars for each optimizer that was tried. */
function showRates(found: LearningRates, said: string, id: string): Markup {
  return markup`<p>${said}</p>${
    rateCharts(found).map((chart, i) => {
      const panel = barPanel({
        chart,
        fixed: null,
        rows: chart.bars.map(({ label }) => [label]),
        wrong: new Map(
          chart.bars.flatMap(({ label, mark }) => mark === null ? [] : [[label, mark]]),
        ),
        origin: null,
      });
      return markup`<figure class="rates"><figcaption><b>${chart.title}</b> ${chart.about}</figcaption>${
        barTable({
          panels: [{ ...panel, title: "loss" }],
          rows: chart.bars.map(({ label }) => ({ attributes: null, name: markup`${label}` })),
          heading: "rate",
          id: `${id}-${i + 1}`,
          label: chart.title,
        })
      }</figure>`;
    })
  }`;
}

const LANE = 11;
const MOST_LANES = 7;

/** Returns the number of lanes beside the trunk for edges that skip layers. */
function laneCount({ edges }: LayerMap): number {
  return lanesOf(edges, MOST_LANES).reduce((most, { lane }) => Math.max(most, lane + 1), 0);
}

/**
 * Draws the edges of the graph left of its rows: a line down the trunk from each layer to the next
 * that reads it, and lanes on the left for edges that skip layers.
 *
 * @param heights Height of each row.
 */
function drawMap(map: LayerMap, heights: readonly number[]): Markup {
  const { nodes, edges } = map;
  const passing = lanesOf(edges, MOST_LANES);
  const trunk = laneCount(map) * LANE + 8;
  const tops = heights.reduce<number[]>((tops, height) => [...tops, tops.at(-1)! + height], [0]);
  const y = (node: number) => tops[node] + heights[node] / 2;
  const straight = edges.filter(({ from, to }) => to === from + 1)
    .map(({ from, to }) => `M${trunk} ${y(from)}V${y(to)}`).join("");
  const arcs = passing.map(({ from, to, lane }) => {
    const x = trunk - (lane + 1) * LANE;
    const bend = Math.min(8, (y(to) - y(from)) / 2);
    return `M${trunk} ${y(from)}Q${x} ${y(from)} ${x} ${y(from) + bend}V${y(to) - bend}Q${x} ${
      y(to)
    } ${trunk} ${y(to)}`;
  }).join("");
  return markup`<svg class="map" width="${trunk + 6}" height="${tops.at(
    -1,
  )!}" aria-hidden="true"><path d="${straight}"/>${
    arcs === "" ? null : markup`<path class="skip-edge" d="${arcs}"/>`
  }${
    nodes.map((node, i) =>
      markup`<circle cx="${trunk}" cy="${y(i)}" r="4" class="${nodeClass(node)}"/>`
    )
  }</svg>`;
}

function nodeClass({ severity, follows }: MapNode): string {
  if (severity !== null) return `is-${severity}`;
  return follows.length > 0 ? "follows" : "sound";
}

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
  return showFacts(headerFacts(measurements, { longest: LONGEST_TITLE, ellipsis: "…" }));
}
