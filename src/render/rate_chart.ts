import type { LearningRates, RateTried } from "../probe/rate_search.ts";
import { isSuggested } from "../rules/describe_trial.ts";
import { formatCount, formatNumber } from "../words/numbers.ts";
import { barChart } from "./bar_chart.ts";
import { type Chart, placed } from "./chart_model.ts";
import { wrapText } from "./fit_text.ts";

/** Chart of the loss over the learning rate of one optimizer. */
interface RateChart extends Chart {
  /** Class name of the optimizer. */
  optimizer: string;
}

/** Returns the charts of the loss over learning rate, one for each optimizer that was tried. */
export function rateCharts(found: LearningRates): RateChart[] {
  const ladders = Map.groupBy(found.rates, ({ optimizer }) => optimizer);
  const of = ladders.size > 1 ? (optimizer: string) => ` of ${optimizer}` : () => "";
  return [...ladders].map(([optimizer, rates]): RateChart => ({
    optimizer,
    title: `Loss over learning rate${of(optimizer)}`,
    about: aboutLoss(found),
    band: null,
    left: new Map(),
    ...placed(
      rates.map((rate, row) => ({
        label: formatNumber(rate.learningRate),
        value: rate.loss,
        mark: markOf(rate),
        gap: null,
        range: null,
        row,
      })),
      "log",
    ),
  }));
}

/** Draws the loss over learning rate as bar charts, with the suggested and the compiled rate marked. */
export function renderRates(
  found: LearningRates,
  { width, unicode, color }: { width: number; unicode: boolean; color: boolean },
): string[] {
  return rateCharts(found).flatMap(({ optimizer, title, about }) => {
    const rates = found.rates.filter((rate) => rate.optimizer === optimizer);
    const rows = rates.map((rate) => ({
      label: formatNumber(rate.learningRate),
      value: rate.loss,
      mark: markOf(rate) ?? undefined,
      columns: { rate: noteOf(rate, found) },
    }));
    return [
      ...wrapText(`${title}: ${about}`, width, "", "  "),
      ...barChart(rows, { width, unicode, color }).split("\n"),
    ];
  });
}

/** Says after how many steps, and where the loss starts. */
function aboutLoss({ steps, loss, guess, examples }: LearningRates): string {
  const guessing = guess === null ? "" : `, ${formatNumber(guess)} by guessing`;
  const few = examples === undefined ? "" : ` on ${formatCount(examples, "example")}`;
  return `after ${formatCount(steps, "step")}${few}; ${formatNumber(loss)} before${guessing}`;
}

function markOf({ given, usable }: RateTried): "error" | null {
  return given && !usable ? "error" : null;
}

/** Returns the words beside a rate: best or usable, and if it is the compiled one. */
function noteOf(rate: RateTried, found: LearningRates): string {
  const words = [];
  if (isSuggested(rate, found)) words.push("best");
  else if (rate.usable) words.push("usable");
  if (rate.given) words.push("compiled");
  return words.join(", ");
}
