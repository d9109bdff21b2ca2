import type { ChartAxis } from "../render/chart_model.ts";
import { type Cause, countCauses, type Diagnosis } from "../diagnosis/diagnosis.ts";
import { foldLayers, shownFolds } from "../render/fold_layers.ts";
import type { DiagnosedReport } from "../render/report_document.ts";
import { formatCount } from "../words/numbers.ts";
import { escapeControls } from "../words/show_value.ts";
import type { BarPanel } from "./bar_panel.ts";
import { drawMap, laneCount } from "./draw_map.ts";
import { type LayerMap, layerMap, LayerNames, type MapNode } from "./layer_map.ts";
import { type Markup, markup } from "./markup.ts";
import type { Section } from "./page.ts";
import { reportPanels } from "./report_panels.ts";
import { barKey, showBars } from "./show_bars.ts";
import { showChecked } from "./show_checked.ts";
import { showCauses } from "./show_diagnosis.ts";
import { showFindings } from "./show_findings.ts";
import { layersInDetail, showLayers } from "./show_layers.ts";
import { showLead } from "./show_lead.ts";
import { showRates } from "./show_rates.ts";
import { weightsSections } from "./show_weights.ts";
import { tableLegend, tableOfLayers } from "./table_of_layers.ts";

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
  const alike = foldLayers(layers);
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
      {
        id: id("distributions"),
        title: "Distributions",
        body: showLayers({ measurements, findings, folds: alike, placeOf: shown.placeOf, names }),
      },
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
