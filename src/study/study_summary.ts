import { formatCount, formatFactor } from "../ground/words/numbers.ts";
import { type Overview, withOverview } from "../ground/words/overview.ts";
import { list, number, requireValue } from "../ground/words/shape.ts";
import type { StudyLayer, StudyPoint, StudyVariant } from "./grid_point.ts";
import type { StudyHeader } from "./study_document.ts";

/** A study: its header, and the measurements at every point. Plain data. */
export interface Study extends StudyHeader {
  /** Points, in the order of the grid; fewer than `total` in a shard or after an early end. */
  points: StudyPoint[];
}

/** Name of a layer's figure that is summarised over the draws. */
export type LayerFigureName = Exclude<keyof StudyLayer, "name" | "role" | "activation">;

/** Summary of a layer at a scale, over the draws. */
export interface LayerSummary {
  /** Name of the layer. */
  name: string;
  /** Role of the layer. */
  role: "hidden" | "output";
  /** Activation of the layer. */
  activation: string | null;
  /** Quartiles of each figure; `null` if no draw has one. */
  figures: Record<LayerFigureName, Quartiles | null>;
}

/** Summary of a variant at a scale, over the draws. */
export interface ScaleSummary {
  /** Factor by which the kernels were multiplied. */
  scale: number;
  /** Number of measured draws. */
  draws: number;
  /** Number of healthy draws. */
  healthy: number;
  /** Number of draws that failed each rule, for rules that at least one failed. */
  failed: Record<string, number>;
  /** Median sigma_w of the hidden layers' kernels; `null` if none has one. */
  sigma: number | null;
  /** l2(delta) of the first hidden layer over that of the last. */
  deltaRatio: Quartiles | null;
  /** Ratio that mean-field theory predicts; `null` if it does not apply. */
  predictedRatio: number | null;
  /** Summaries of the layers. */
  layers: LayerSummary[];
}

/** Summary of a variant of a study. */
export interface VariantSummary extends StudyVariant {
  /** Properties that distinguish it from the others: `tanh`, `relu, depth 30`. */
  label: string;
  /** Summaries of the measured scales, ascending. */
  scales: ScaleSummary[];
  /**
   * Best scale: the one with the most healthy draws and the delta ratio nearest to 1; without a
   * ratio, the middle one. `null` if none is healthy.
   */
  best: ScaleSummary | null;
  /**
   * Continuous range of scales around the best one at which at least half of the draws are healthy.
   * An edge is halfway, by logarithm, to the first measured scale that is not healthy.
   */
  band: { from: number; to: number } | null;
  /** Scale, between two measured ones, at which the median delta ratio crosses 1. */
  balanced: number | null;
  /**
   * Rules that half of the draws or more fail below the band, and above it. Without a band: below
   * and above the scale whose delta ratio is nearest to 1.
   */
  trouble: { below: string[]; above: string[] };
}

/** Summary of a study. */
export interface StudySummary {
  /** Header of the study. */
  header: StudyHeader;
  /** Number of measured points. */
  points: number;
  /** Summary of every variant with measurements. */
  variants: VariantSummary[];
}

/** Quartiles of a figure over the draws. */
export interface Quartiles {
  /** Lower quartile. */
  lower: number;
  /** Median. */
  median: number;
  /** Upper quartile. */
  upper: number;
}

/**
 * Computes quartiles with linear interpolation between order statistics. NaN counts as larger than
 * any number: a quartile that involves it is NaN.
 *
 * @param values The figures of the draws.
 * @returns The quartiles, or `null` without figures.
 *
 * @example Five draws, one of them far off
 * ```ts
 * import { quartiles } from "@gradient-health/gradient-health/study";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(quartiles([1, 2, 3, 4, 1000]), { lower: 2, median: 3, upper: 4 });
 * ```
 */
export function quartiles(values: readonly number[]): Quartiles | null {
  requireValue("values", values, list(number));
  if (values.length === 0) return null;
  const broken = values.filter(Number.isNaN).length;
  const sorted = [
    ...values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b),
    ...Array<number>(broken).fill(NaN),
  ];
  const at = (share: number) => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const part = place - below;
    // Not part * 0: that would be NaN beside an infinity.
    return part === 0 || sorted[below] === sorted[below + 1]
      ? sorted[below]
      : sorted[below] * (1 - part) + sorted[below + 1] * part;
  };
  return { lower: at(0.25), median: at(0.5), upper: at(0.75) };
}

/** Gives a summary a printed and a shown form: a line per variant. */
export function shownSummary(summary: StudySummary): StudySummary {
  return withOverview(summary, overview, { of: "study", given: () => summary });
}

/** Gives a study the printed and the shown form of its summary. */
export function shownStudy(study: Study, summarize: (study: Study) => StudySummary): Study {
  return withOverview(study, () => overview(summarize(study)), {
    of: "study",
    given: () => summarize(study),
  });
}

function overview({ header, points, variants }: StudySummary): Overview {
  return {
    title: `study of ${header.model.name}: ${points} of ${formatCount(header.total, "point")}`,
    columns: ["variant", "best scale", "healthy from", "to", "gradients keep their size at"],
    rows: variants.map(({ label, best, band, balanced }) => [
      label,
      ...[best?.scale, band?.from, band?.to, balanced].map((scale) =>
        scale == null ? null : formatFactor(scale)
      ),
    ]),
  };
}
