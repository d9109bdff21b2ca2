import type { GrowthAxis, LayerScaling, StudyTraining } from "./growth_types.ts";

/** Slope of log2 size over log2 width or depth, the mean over seeds. */
export interface GrowthSlope {
  /** The slope; infinity if a figure was not finite. */
  value: number;
  /** Half of its 95 % interval over seeds; `null` for one seed. */
  half: number | null;
}

/** Judgement of a slope: at most 0.25, at most 0.5, or more. */
export type GrowthLevel = "flat" | "warning" | "error";

/** Name of a figure of a layer over the steps. */
export type GrowthFigure = "activations" | "changes" | "gradients" | "updates";

/** Slopes of one layer along one axis. */
export interface LayerGrowth {
  /** Name of the layer in the smallest sibling. */
  name: string;
  /** Role: an output's size before training may fall. */
  role: "hidden" | "output";
  /** True if it repeats with depth, so that its share of the whole falls and it is not judged. */
  repeats: boolean;
  /** True if it has a kernel. */
  hasKernel: boolean;
  /** True if its output is a branch that is joined with another one. */
  isBranch: boolean;
  /** Slopes at each step: activations from step 0, changes from step 1. */
  slopes: Record<GrowthFigure, (GrowthSlope | null)[]>;
  /** Slope of its fan-in; `null` without a kernel. */
  fanIn: number | null;
  /** Slope of the initial size of what enters it; `null` for integers. */
  input: number | null;
  /** Slope of the constant behind it. */
  multiplier: number;
  /** Slope of the initial standard deviation of its kernel; `null` without one. */
  std: number | null;
  /** Initial standard deviation of its kernel in the smallest sibling. */
  baseStd: number | null;
  /** Judged slope of its activations: the middle one from the second step on. */
  size: GrowthSlope | null;
  /** Judged slope of their change: the middle one. */
  change: GrowthSlope | null;
  /** Judgement. */
  level: GrowthLevel;
  /** Size of its activations at each size and step, the geometric mean over seeds. */
  curves: number[][];
}

/** Siblings that differ in one axis. */
export interface AxisGrowth {
  /** Axis along which they grow. */
  axis: GrowthAxis;
  /** Their sizes, ascending. */
  sizes: number[];
  /** Size along the other axis; `null` if the study has one size there. */
  at: number | null;
  /** Layers that all of them have, in the order of the forward pass. */
  layers: LayerGrowth[];
  /** Judgement: the worst of its layers. */
  level: GrowthLevel;
  /**
   * Steepest slope with Adam in place of an optimizer that takes the gradient as it is, which is not
   * judged; `null` with another optimizer.
   */
  withAdam: { layer: string; slope: number } | null;
}

/** Best rates at each size. */
export interface RateTransfer {
  /** Rate that was varied: that of all weights, or of embeddings alone. */
  of: "all" | "embedding";
  /** Axis along which the siblings grow. */
  axis: GrowthAxis;
  /** Their sizes. */
  sizes: number[];
  /** Size along the other axis; `null` if the study has one size there. */
  at: number | null;
  /** Best factor of the learning rate at each size, the geometric mean over seeds. */
  best: number[];
  /** Slope of log2 best rate over log2 size. */
  slope: GrowthSlope;
  /** True if a best rate is the least or the largest that was tried: the slope is a bound. */
  atEdge: boolean;
  /** Judgement of the slope. */
  level: GrowthLevel;
}

/** Result of a study of growth. Plain data. */
export interface GrowthSummary {
  /** Name of the model. */
  model: string;
  /** Path of its file, or `null`. */
  source: string | null;
  /** Its training. */
  training: StudyTraining;
  /** Seeds. */
  seeds: number[];
  /** Largest sibling. */
  largest: Record<GrowthAxis, number | null>;
  /** Growth along each axis, for each size along the other one. */
  growth: AxisGrowth[];
  /** Judgement: the worst of all. */
  level: GrowthLevel;
  /** Changes that were tried, if any are known. */
  fixes: GrowthFix | null;
  /** Transfer of the best rate, if it was tested. */
  transfer: RateTransfer[];
}

/** Changes that were tried on all siblings. */
export interface GrowthFix {
  /** Changes of each layer. */
  scalings: LayerScaling[];
  /** The same as code, one entry a layer. */
  code: { layer: string; words: string; code: string }[];
  /** Judgement of the siblings trained with them. */
  level: GrowthLevel;
  /** Steepest judged slope with them. */
  steepest: number;
}
