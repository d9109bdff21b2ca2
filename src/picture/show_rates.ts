import type { LearningRates } from "../probe/rate_search.ts";
import { rateCharts } from "../render/rate_chart.ts";
import { formatNumber } from "../words/numbers.ts";
import { drawProfile } from "./draw_profile.ts";
import { type Markup, markup } from "./markup.ts";

/** Shows the loss over learning rate, a chart for each optimizer that was tried. */
export function showRates(found: LearningRates, said: string): Markup {
  return markup`<p>${said}</p><div class="charts">${
    rateCharts(found).map((chart) => {
      const rates = found.rates.filter(({ optimizer }) => optimizer === chart.optimizer);
      return markup`<figure><figcaption><b>${chart.title}</b><span class="soft">${chart.about}</span></figcaption>${
        drawProfile(chart, {
          width: 400,
          height: 240,
          depth: rates.length,
          nameOf: (place) => formatNumber(rates[place].learningRate),
        })
      }</figure>`;
    })
  }</div>`;
}
