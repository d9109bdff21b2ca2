import type { LearningRates } from "../probe/rate_search.ts";
import { rateCharts } from "../render/rate_chart.ts";
import { barPanel } from "./bar_panel.ts";
import { barTable } from "./show_bars.ts";
import { type Markup, markup } from "./markup.ts";

/** Shows the loss over learning rate, bars for each optimizer that was tried. */
export function showRates(found: LearningRates, said: string, id: string): Markup {
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
