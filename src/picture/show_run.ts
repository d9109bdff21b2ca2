import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import type { Chart, ChartAxis } from "../render/chart_model.ts";
import { foldLayers, splitFolds } from "../render/fold_layers.ts";
import type { DiagnosedReport } from "../render/report_document.ts";
import { reportCharts } from "../render/report_charts.ts";
import { formatNumber } from "../words/numbers.ts";
import { drawMap } from "./draw_map.ts";
import { drawProfile } from "./draw_profile.ts";
import { layerMap, LayerNames } from "./layer_map.ts";
import { type Markup, markup } from "./markup.ts";
import type { Section } from "./page.ts";
import { showRates } from "./show_rates.ts";
import { showDiagnosis } from "./show_diagnosis.ts";
import { showFindings } from "./show_findings.ts";
import { layersInDetail, showLayers } from "./show_layers.ts";
import { tableLegend, tableOfLayers } from "./table_of_layers.ts";

export interface RunStyle {
  /** Number of the run in the page, from 1. */
  run: number;
  /** Type of the charts' axes. */
  scale: ChartAxis["scale"];
  /** Number of layers with their own section. */
  details: number;
  /** True if each layer has a row in the table. */
  isWhole: boolean;
}

/** Number of layers that can be shown at once; in larger networks repetitions are folded. */
const MOST_UNFOLDED = 24;
/** Length of a name in a label below an axis. */
const LONGEST_LABEL = 11;

/** Returns the sections of an examined network. */
export function showRun(
  { measurements, findings, diagnosis }: DiagnosedReport,
  { run, scale, details, isWhole }: RunStyle,
): Section[] {
  const { layers } = measurements;
  const folds = foldLayers(layers, { all: layers.length <= MOST_UNFOLDED });
  const names = new LayerNames(layers, run, layersInDetail(layers, folds, findings, details));
  const charts = reportCharts(foldLayers(layers, { all: true }), findings, { scale });
  const shown = showFindings(findings, layers.map(({ name }) => name), names, `r${run}`);
  const id = (name: string) => `${name}-${run}`;
  const profile = (chart: Chart) =>
    drawProfile(chart, {
      width: 400,
      height: 240,
      depth: layers.length,
      nameOf: (place) => names.text(layers[place].name, LONGEST_LABEL),
      idOf: (place) => names.id(layers[place].name),
    });
  return [
    {
      id: id("diagnosis"),
      title: diagnosis.causes.length === 0 ? "Diagnosis" : "What is wrong",
      body: markup`<div class="overview"><div>${showDiagnosis(diagnosis, measurements, names)}</div>
        <div class="map"><h3>The network</h3>${
        drawMap(layerMap(splitFolds(folds, MOST_UNFOLDED), diagnosis), names)
      }</div></div>`,
    },
    ...ratesSection(diagnosis, id("rates")),
    {
      id: id("depth"),
      title: "Over depth",
      body: markup`<div class="charts">${
        charts.map((chart) => showChart(chart, profile(chart), names))
      }</div>`,
    },
    {
      id: id("table"),
      title: "Layers",
      body: markup`<p class="small soft">${tableLegend(layers.length)}</p>${
        tableOfLayers({ measurements, findings, folds, charts, names, id: id("layers"), isWhole })
      }`,
    },
    { id: id("findings"), title: "Findings", body: shown.body },
    {
      id: id("distributions"),
      title: "Distributions",
      body: showLayers({ layers, findings, placeOf: shown.placeOf, names, ground: id("ground") }),
    },
  ];
}

/** Returns the section of the loss over learning rate, if rates were tried. */
function ratesSection({ rates }: Diagnosis, id: string): Section[] {
  if (rates?.search == null) return [];
  return [{ id, title: "Learning rate", body: showRates(rates.search, rates.said) }];
}

function showChart(chart: Chart, drawing: Markup, names: LayerNames): Markup {
  const { title, about } = chart;
  return markup`<figure><figcaption><b>${title}</b><span class="soft">${
    about.replace(/^[: ]+/, "")
  }</span></figcaption>
    <div class="plot" tabindex="0" role="group" aria-label="${
    inWords(chart, names)
  } Arrow keys go from layer to layer; the table has all figures.">${drawing}</div></figure>`;
}

/** Describes a chart for screen readers. */
function inWords({ title, bars, band }: Chart, names: LayerNames): string {
  const known = bars.filter(({ value }) => value !== null && !Number.isNaN(value));
  if (known.length === 0) return `${title}: no layer has a number.`;
  const [least, most] = [
    known.reduce((a, b) => b.value! < a.value! ? b : a),
    known.reduce((a, b) => b.value! > a.value! ? b : a),
  ].map(({ label, value }) => `${formatNumber(value!)} in ${names.text(label)}`);
  const healthy = band === null
    ? ""
    : ` Healthy from ${formatNumber(band.from)} to ${formatNumber(band.to)}.`;
  return `${title}, layer by layer: from ${least} to ${most}.${healthy}`;
}
