import { type Diagnosis, judgedWords, verdictWords } from "../diagnosis/diagnosis.ts";
import type { DiagnosedReport } from "../render/report_document.ts";
import { VERDICT_LOOKS } from "../render/verdicts.ts";
import type { ChartAxis } from "../render/chart_model.ts";
import type { LayerFold } from "../render/fold_layers.ts";
import { drawSteps } from "./draw_steps.ts";
import { layerMap, type LayerNames } from "./layer_map.ts";
import { type Markup, markup } from "./markup.ts";
import { leadPanels } from "./report_panels.ts";
import { GRID_STYLE, gridsOf } from "./show_weights.ts";
import { showBlocks } from "./show_blocks.ts";
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
export function showLead(lead: Lead): Markup {
  const { report, title } = lead;
  const { measurements, diagnosis } = report;
  const [cause] = diagnosis.causes;
  const chart = leadChart(lead);
  return markup`<div class="lead${
    chart === null ? " is-alone" : ""
  }"><div class="lead-said">${title}${
    cause === undefined
      ? markup`<p class="lead-cause">${
        measurements.weightsOnly === undefined
          ? "No problems found."
          : "No problems found in the weights."
      }</p>${showChecked(report)}`
      : showCause(cause, measurements.layers)
  }</div>${
    chart === null ? null : markup`<div class="lead-chart">${chart}</div>`
  }<div class="lead-more">${curvesOf(diagnosis)}${showTrial(diagnosis)}</div></div>`;
}

/** Shows the bars of the figure that is wrong, or the blocks of a file of weights alone. */
function leadChart({ report, folds, names, scale, id }: Lead): Markup | null {
  const { nodes } = layerMap(folds, report.diagnosis, MAX_ROWS);
  const [grid] = gridsOf(report);
  if (grid !== undefined) return showBlocks(grid, { ...GRID_STYLE, id });
  const all = leadPanels({ report, nodes, scale });
  if (all.length === 0) return null;
  const isShown = nodes.map((_, row) => all.some(({ rows }) => rows[row] !== null));
  const panels = all.map((panel) => ({
    ...panel,
    rows: panel.rows.filter((_, row) => isShown[row]),
  }));
  const titles = panels.map(({ title }) => title).join(" and ");
  const label = `${titles}, layer by layer. Arrow keys go from layer to layer.`;
  return markup`${
    showBars({
      panels,
      nodes: nodes.filter((_, row) => isShown[row]),
      names,
      id,
      label,
    })
  }${barKey(panels)}`;
}

/** Shows the verdict as a title: the word large, then other words, such as the number of causes. */
export function verdictTitle(diagnosis: Diagnosis, words?: string): Markup {
  const { verdict, weightsOnly } = diagnosis;
  const [word, ...rest] = verdictWords({ ...diagnosis, weightsOnly: undefined }).split(/(?=[:,])/);
  const said = words ?? rest.join("").replace(/^[:,] /, "");
  return markup`<h1 class="verdict ${VERDICT_LOOKS[verdict].tone}">${word}${
    said === "" ? null : markup` <span class="counts">${said}</span>`
  }${
    weightsOnly === undefined
      ? null
      : markup` <span class="judged">${judgedWords(weightsOnly)}</span>`
  }</h1>`;
}

/** Draws the loss of the trial, as the network is and with the fixes. */
function curvesOf({ curves, verdict }: Diagnosis): Markup | null {
  if (curves === undefined) return null;
  const { before, after, guess, still = null } = curves;
  const fixed = after ?? [];
  const tone = VERDICT_LOOKS[verdict].tone;
  const isFalling = before[before.length - 1] < before[0];
  return markup`<figure class="trial"><figcaption>Loss in the trial${
    still === null
      ? null
      : markup`<span class="${tone}">${isFalling ? ". It falls, but " : ": "}${still}</span>`
  }</figcaption>${
    drawSteps({
      steps: Array.from({ length: Math.max(before.length, fixed.length) }, (_, step) => step),
      curves: [
        { name: after === undefined ? "loss" : "as it is", tone, values: before },
        { name: after === undefined ? "" : "with the fix", tone: "healthy", values: fixed },
      ],
      across: "steps",
      limit: guess === null ? null : { name: "guessing", value: guess },
    })
  }</figure>`;
}
