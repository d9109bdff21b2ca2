import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import { verdictLine } from "../render/render_diagnosis.ts";
import type { DiagnosedReport } from "../render/report_document.ts";
import { VERDICT_LOOKS } from "../render/verdicts.ts";
import type { ChartAxis } from "../render/chart_model.ts";
import type { LayerFold } from "../render/fold_layers.ts";
import { drawCurves } from "./draw_curves.ts";
import { layerMap, type LayerNames } from "./layer_map.ts";
import { type Markup, markup } from "./markup.ts";
import { causePanel, reportPanels } from "./report_panels.ts";
import { barKey, showBars } from "./show_bars.ts";
import { showChecked } from "./show_checked.ts";
import { showCause, showTrial } from "./show_diagnosis.ts";

/** Number of rows beside the cause. */
const MAX_ROWS = 20;

/** First screen of a report. */
interface Lead {
  report: DiagnosedReport;
  folds: readonly LayerFold[];
  names: LayerNames;
  scale: ChartAxis["scale"];
  /** Heading: the verdict. */
  title: Markup;
  /** Id in links, unique in the page. */
  id: string;
}

/**
 * Shows what a reader has to see first: the verdict, the first cause and its fix, and beside it the
 * bars of the figure that is wrong and of the gradients, before and after the fix.
 */
export function showLead({ report, folds, names, scale, title, id }: Lead): Markup {
  const { measurements, diagnosis } = report;
  const [cause] = diagnosis.causes;
  const { nodes } = layerMap(folds, diagnosis, MAX_ROWS);
  const request = { report, nodes, scale };
  const [gradients, activations] = reportPanels(request);
  const wrong = cause === undefined ? null : causePanel(cause, request);
  const isShort = cause === undefined || wrong === null;
  const panels = [wrong, gradients, isShort ? activations : null].filter((panel) => panel != null);
  return markup`<div class="lead${
    panels.length === 0 ? " is-alone" : ""
  }"><div class="lead-said">${title}${
    cause === undefined
      ? markup`<p class="lead-cause">${
        measurements.weightsOnly === undefined
          ? "No problems found."
          : "No problems found in the weights."
      }</p>${showChecked(report)}`
      : showCause(cause, measurements.layers)
  }</div>${
    panels.length === 0 ? null : markup`<figure class="lead-chart">${
      showBars({
        panels,
        nodes,
        names,
        id,
        label: `${
          panels.map(({ title }) => title).join(" and ")
        }, layer by layer. Arrow keys go from layer to layer.`,
      })
    }${barKey(panels)}</figure>`
  }<div class="lead-more">${curvesOf(diagnosis)}${showTrial(diagnosis)}</div></div>`;
}

/** Shows the verdict as a title: the word large, then the number of causes. */
export function verdictTitle(diagnosis: Diagnosis): Markup {
  const [word, ...rest] = verdictLine(diagnosis, { color: false }).split(/(?=[:,])/);
  const said = rest.join("").replace(/^[:,] /, "");
  return markup`<h1 class="verdict ${VERDICT_LOOKS[diagnosis.verdict].tone}">${word}${
    said === "" ? null : markup` <span class="counts">${said}</span>`
  }</h1>`;
}

/** Draws the loss of the trial, as the network is and with the fixes. */
function curvesOf({ curves, verdict }: Diagnosis): Markup | null {
  if (curves === undefined) return null;
  const { before, after, guess } = curves;
  const tone = VERDICT_LOOKS[verdict].tone;
  return markup`<figure class="trial"><figcaption>Loss in the trial</figcaption>${
    drawCurves(
      [
        { name: after === undefined ? "loss" : "as it is", tone, values: before },
        ...after === undefined ? [] : [{ name: "with the fix", tone: "healthy", values: after }],
      ],
      guess === null ? null : { name: "guessing", value: guess },
    )
  }</figure>`;
}
