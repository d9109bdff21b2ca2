import type { LayerMeasurements, TensorStatistics } from "../measure/measurements.ts";
import type { LearningRates, RateTried } from "../probe/rate_search.ts";
import { isSuggested } from "../rules/describe_trial.ts";
import type { Finding } from "../rules/finding.ts";
import { explodingGradients } from "../rules/signal/exploding_gradients.ts";
import { vanishingGradients } from "../rules/signal/vanishing_gradients.ts";
import { formatCount, formatNumber } from "../../ground/words/numbers.ts";
import { barChart } from "./bar_chart.ts";
import { type Chart, type ChartAxis, type ChartBar, hasBar, placed } from "./chart_model.ts";
import { wrapText } from "./fit_text.ts";
import {
  foldName,
  gravest,
  kernelOf,
  type LayerFold,
  type LayerGroup,
  severitiesOf,
  worstOf,
} from "./fold_layers.ts";
import { type LayerFigure, wrongLayers } from "./layer_table.ts";

/**
 * Limits of the factor by which the signal may change between the last hidden layer and any other.
 */
export const SIGNAL_BAND = {
  from: vanishingGradients.thresholds.vanishingRatio.default,
  to: explodingGradients.thresholds.explodingRatio.default,
};

/** Series of a report. */
interface Series {
  title: string;
  about: string;
  /** Figures whose findings mark a layer: those that its bar shows. */
  figures: readonly LayerFigure[];
  /** Returns the statistics of a layer. */
  of: (layer: LayerMeasurements) => Source;
  /**
   * True if the values belong to the output. For layers that share a row, they then come from the
   * last layer, otherwise from the one with the kernel, the first.
   */
  isOutput: boolean;
  /** True if it is shown only with details. */
  isDetail: boolean;
  /** Returns the healthy band, anchored on the values of hidden layers without findings, in order. */
  bandOf: ((sound: readonly number[]) => Chart["band"]) | null;
}

interface Source {
  statistics: TensorStatistics | null;
  /** Reason why there are no statistics. */
  reason: string;
  /** True if the layer could have had them. */
  applies: boolean;
}

const SERIES: readonly Series[] = [
  {
    title: "mean |gradient|",
    about:
      " of the kernel: healthy if all layers are within a factor of 1000 of each other, and none is 0",
    figures: ["gradient"],
    of(layer) {
      const kernel = kernelOf(layer);
      if (kernel === undefined) return { statistics: null, reason: "no weights", applies: false };
      return {
        statistics: kernel.gradientsOfUsedRows ?? kernel.gradients,
        reason: kernel.absent.gradients ?? "no gradient",
        applies: true,
      };
    },
    isOutput: false,
    isDetail: false,
    bandOf: (sound) => {
      const middle = sound.toSorted((a, b) => a - b)[sound.length >> 1];
      return middle === undefined
        ? null
        : { from: middle / Math.sqrt(SIGNAL_BAND.to), to: middle * Math.sqrt(SIGNAL_BAND.to) };
    },
  },
  {
    title: "mean |activation|",
    about: ": healthy if much the same from layer to layer",
    figures: ["activation", "saturated", "dead"],
    of: ({ activations, absent }) => ({
      statistics: activations,
      reason: absent.activations ?? "not measured",
      applies: true,
    }),
    isOutput: true,
    isDetail: false,
    bandOf: null,
  },
  {
    title: "mean |gradient| before the activation (delta)",
    about: `: healthy if it neither fades nor grows by more than a factor of ${
      formatNumber(SIGNAL_BAND.to)
    } from the last hidden layer to the first`,
    figures: ["gradient"],
    of: ({ preActivations, preActivationGradients, absent }) => ({
      statistics: preActivationGradients,
      reason: absent.preActivationGradients ?? absent.preActivations ?? "no pre-activation",
      applies: preActivations !== null || preActivationGradients !== null,
    }),
    isOutput: false,
    isDetail: true,
    bandOf: (sound) => {
      const last = sound.at(-1);
      return last === undefined
        ? null
        : { from: SIGNAL_BAND.from * last, to: SIGNAL_BAND.to * last };
    },
  },
];

/**
 * Builds the charts of a report: gradients, activations, deltas. A figure that no layer has is left
 * out.
 *
 * @param folds The rows from `foldLayers`.
 * @param options Scale of the bars, and whether to include deltas (default: true).
 */
export function reportCharts(
  folds: readonly LayerFold[],
  findings: readonly Finding[],
  { scale, details = true }: { scale: ChartAxis["scale"]; details?: boolean },
): Chart[] {
  // In a file of weights alone, no layer was called.
  if (folds.every(({ blocks }) => blocks.flat(2).every(({ calls }) => calls === 0))) return [];
  return SERIES.filter(({ isDetail }) => details || !isDetail)
    .map((series) => seriesChart(series, folds, findings, scale))
    .filter(({ bars }) => bars.length > 0);
}

function seriesChart(
  { title, about, figures, of, isOutput, bandOf }: Series,
  folds: readonly LayerFold[],
  findings: readonly Finding[],
  scale: ChartAxis["scale"],
): Chart {
  const severities = severitiesOf(findings);
  const wrong = wrongLayers(findings, ...figures);
  const bars: Omit<ChartBar, "position">[] = [];
  const left: Chart["left"] = new Map();
  const sound: number[] = [];
  const layerOf = (group: LayerGroup) => isOutput ? group[group.length - 1] : group[0];
  for (const [row, fold] of folds.entries()) {
    const all = fold.blocks.flat().map(layerOf);
    const known = all.filter((layer) => of(layer).applies);
    for (const layer of all) {
      const { reason, applies } = of(layer);
      if (!applies) left.set(reason, [...left.get(reason) ?? [], layer.name]);
    }
    if (known.length === 0) continue;
    const worst = layerOf(worstOf(fold, severities).group);
    const shown = known.includes(worst) ? worst : known[0];
    const values = known.map((layer) => valueOf(of(layer)));
    const bar = values.find(({ value }) => Number.isNaN(value)) ?? valueOf(of(shown));
    known.forEach((layer, i) => {
      const { value } = values[i];
      const isSound = layer.role === "hidden" && !severities.has(layer.name);
      if (isSound && hasBar(value)) sound.push(value);
    });
    bars.push({
      ...bar,
      label: foldName(fold),
      mark: gravest(fold.blocks.flat(2), Number.isNaN(bar.value) ? severities : wrong),
      range: rangeOf(values.map(({ value }) => value)),
      row,
    });
  }
  return { title, about, band: bandOf?.(sound) ?? null, left, ...placed(bars, scale) };
}

/** Returns the range of a row's values, if all are known and not the same. */
function rangeOf(values: readonly (number | null)[]): ChartBar["range"] {
  const known = values.filter((value) => value !== null);
  const from = Math.min(...known);
  const to = Math.max(...known);
  return from < to && Number.isFinite(to) ? { from, to } : null;
}

function valueOf({ statistics, reason }: Source): Pick<ChartBar, "value" | "gap"> {
  if (statistics === null) return { value: null, gap: reason };
  const { count, nonFinite, meanAbs } = statistics;
  if (nonFinite === 0) return { value: meanAbs, gap: null };
  // The mean covers only the finite entries: as a bar it would look like a healthy layer.
  const gap = nonFinite < count
    ? `${nonFinite} of ${count} NaN or infinite, the others ${formatNumber(meanAbs)}`
    : "all NaN or infinite";
  return { value: NaN, gap };
}

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
