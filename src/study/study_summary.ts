import type { StudyVariant } from "./grid_point.ts";
import type { Quartiles } from "./quartiles.ts";
import type { StudyHeader } from "./study_header.ts";
import type { StudyLayer } from "./study_point.ts";

/** The figures of a layer that are summarised over the draws. */
export type LayerFigureName = Exclude<keyof StudyLayer, "name" | "role" | "activation">;

/** One layer at one scale, over the draws. */
export interface LayerSummary {
  /** Name of the layer. */
  name: string;
  /** Whether it is hidden. */
  role: "hidden" | "output";
  /** Its activation. */
  activation: string | null;
  /** Quartiles of each figure; `null` where no draw has one. */
  figures: Record<LayerFigureName, Quartiles | null>;
}

/** One scale of a variant, over the draws. */
export interface ScaleSummary {
  /** What the kernels were multiplied by. */
  scale: number;
  /** How many draws were measured. */
  draws: number;
  /** How many of them are healthy. */
  healthy: number;
  /** How many draws failed each rule; only rules that at least one failed. */
  failed: Record<string, number>;
  /** Median sigma_w of the hidden layers' kernels; `null` where none has one. */
  sigma: number | null;
  /** l2(delta) of the first hidden layer over that of the last. */
  deltaRatio: Quartiles | null;
  /** What mean-field theory predicts for it; `null` if it does not apply. */
  predictedRatio: number | null;
  /** The layers. */
  layers: LayerSummary[];
}

/** One variant of a study. */
export interface VariantSummary extends StudyVariant {
  /** What distinguishes it from the others: `tanh`, `relu, depth 30`. */
  label: string;
  /** The scales that were measured, ascending. */
  scales: ScaleSummary[];
  /**
   * The best scale: the one with the most healthy draws and the delta ratio nearest to 1; without a ratio,
   * the middle one. `null` if none is healthy.
   */
  best: ScaleSummary | null;
  /**
   * The healthy scales around it without a gap, at which at least half of the draws are healthy. An edge
   * lies between two measured scales: halfway, by logarithm, to the first one that is not healthy.
   */
  band: { from: number; to: number } | null;
  /** The scale, between two measured ones, at which the median delta ratio passes 1. */
  balanced: number | null;
  /**
   * What goes wrong below the band, and above it: rules that half of the draws or more fail. Without a
   * band, below and above the scale whose delta ratio is nearest to 1.
   */
  trouble: { below: string[]; above: string[] };
}

/** What a study shows. */
export interface StudySummary {
  /** What was studied. */
  header: StudyHeader;
  /** How many points were measured. */
  points: number;
  /** One entry for every variant with measurements. */
  variants: VariantSummary[];
}
