import type { StudyVariant } from "./grid_point.ts";
import type { Quartiles } from "./quartiles.ts";
import type { StudyHeader } from "./study_header.ts";
import type { StudyLayer } from "./study_point.ts";

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
