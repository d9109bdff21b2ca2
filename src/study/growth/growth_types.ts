import { FLAT_SLOPE, STEEP_SLOPE } from "../../ground/theory/sibling_slopes.ts";
import { mean } from "../../ground/theory/statistics.ts";
import {
  boolean,
  count,
  list,
  nullable,
  number,
  object,
  oneOf,
  string,
} from "../../ground/words/shape.ts";

/** Rate of Adam if it was not compiled: a smaller one hides what grows. */
export const LARGE_RATE = 0.01;

/** Axes along which siblings grow. */
export const GROWTH_AXES: readonly GrowthAxis[] = ["width", "depth"];

/** Axis along which siblings grow. */
export type GrowthAxis = "width" | "depth";

/**
 * Change of one layer in all siblings, as powers of their size over that of the smallest: a kernel
 * drawn with `factor * width ** std.width` times its standard deviation, a learning rate of `width
 * ** rate.width` times the others'.
 */
export interface LayerScaling {
  /** Name of the layer, with `#` for each number if it repeats: `block_#`. */
  layer: string;
  /** Factor of its initial standard deviation in siblings of any size. */
  factor: number;
  /** Powers of the factor of its initial standard deviation. */
  std: Record<GrowthAxis, number>;
  /** Powers of the factor of its learning rate. */
  rate: Record<GrowthAxis, number>;
}

/** Training of the points of a study, as it is asked for. */
export interface TrainingPlan {
  /** Number of steps. */
  steps: number;
  /** Figures to keep: those of every layer at each step, or the loss alone. */
  keeps: "layers" | "loss";
  /** Changes to try. Default: none. */
  scalings?: readonly LayerScaling[];
}

/** Training of the points of a study, as it is done. */
export interface StudyTraining extends Required<TrainingPlan> {
  /** Class of the optimizer. */
  optimizer: string;
  /** Learning rate; `null` if the optimizer has none that is known. */
  rate: number | null;
  /** Factor on the compiled rate, which alone would move the smallest sibling too little. */
  raised: number;
  /** Size of the smallest sibling. */
  base: Record<GrowthAxis, number | null>;
}

/** Sizes of one layer over the steps of a training, all root mean squares. */
export interface GrowthLayer {
  /** Name of the layer. */
  name: string;
  /** Number of inputs of a unit of its first kernel; `null` without a kernel. */
  fanIn: number | null;
  /** Root mean square of that kernel before training. */
  std: number | null;
  /** Constant factor behind the layer, which its figures include; 1 if there is none. */
  multiplier: number;
  /** True if it is a branch: it has a kernel, and its output is joined with another one. */
  isBranch: boolean;
  /** Size of the layer's input. */
  inputs: (number | null)[];
  /** Size of its pre-activations, or of its outputs if it has no activation, from step 0 on. */
  activations: number[];
  /** Size of their change in each step, from step 1 on. */
  changes: number[];
  /** Size of the gradient of its first kernel at each step; empty without a kernel. */
  gradients: number[];
  /** Size of the change of that kernel in each step; empty without a kernel. */
  updates: number[];
}

/** Figures of a training at a point. */
export interface PointTraining {
  /** Number of weights of the model. */
  parameters: number;
  /** Loss before each step, and after the last. */
  losses: number[];
  /**
   * Last loss if the factor of the point applies to the learning rate of embeddings alone; `null`
   * if there are none, or the study has one rate.
   */
  embeddingLoss: number | null;
  /** Layers in the order of the forward pass; none if the study keeps the loss alone. */
  layers: GrowthLayer[];
  /**
   * The same, trained by Adam in place of an optimizer that takes the gradient as it is; none with
   * another optimizer, or if changes are tried.
   */
  adamLayers: GrowthLayer[];
}

const powers = object<Record<GrowthAxis, number>>({ width: number, depth: number });

const layers = list(object<GrowthLayer>({
  name: string,
  fanIn: nullable(number),
  std: nullable(number),
  multiplier: number,
  isBranch: boolean,
  inputs: list(nullable(number)),
  activations: list(number),
  changes: list(number),
  gradients: list(number),
  updates: list(number),
}));

export const pointTrainingShape = object<PointTraining>({
  parameters: count,
  losses: list(number),
  embeddingLoss: nullable(number),
  layers,
  adamLayers: layers,
});

export const scalingShape = object<LayerScaling>({
  layer: string,
  factor: number,
  std: powers,
  rate: powers,
});

export const studyTrainingShape = object<StudyTraining>({
  steps: count,
  keeps: oneOf("layers", "loss"),
  optimizer: string,
  rate: nullable(number),
  raised: number,
  base: object<StudyTraining["base"]>({ width: nullable(count), depth: nullable(count) }),
  scalings: list(scalingShape),
});

/** Returns a layer's name with `#` for each number, the same for all repetitions of a block. */
export function repeatedName(name: string): string {
  return name.replaceAll(/\d+/g, "#");
}

/** Returns true if a scaling applies to a layer. */
export function scales({ layer }: LayerScaling, name: string): boolean {
  return layer === name || layer.includes("#") && layer === repeatedName(name);
}

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
  /** Slope of the initial size of its input; `null` for integers. */
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

const LEVELS: readonly GrowthLevel[] = ["flat", "warning", "error"];
/** Quantiles at 97.5 % of Student's t, from one degree of freedom on. */
const T_QUANTILES = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26];

/** Quantile for many degrees of freedom. */
const NORMAL_QUANTILE = 1.96;

/** Size of a sibling and a figure of it. */
export type SizedFigure = readonly [size: number, figure: number];

/**
 * Returns the slope of log2 figure over log2 size by least squares.
 *
 * @returns `null` if a figure is 0, since nothing was measured then; infinity if one is not finite.
 */
export function slopeOf(figures: readonly SizedFigure[]): number | null {
  if (figures.length < 2 || figures.some(([, figure]) => figure === 0)) return null;
  if (figures.some(([, figure]) => !Number.isFinite(figure))) return Infinity;
  const points = figures.map(([size, figure]) => [Math.log2(size), Math.log2(figure)]);
  const [x, y] = [0, 1].map((i) => mean(points.map((point) => point[i])));
  let products = 0, squares = 0;
  for (const point of points) {
    products += (point[0] - x) * (point[1] - y);
    squares += (point[0] - x) ** 2;
  }
  return products / squares;
}

/** Returns the mean of slopes over seeds with its 95 % interval; `null` if a seed has none. */
export function acrossSeedsOf(slopes: readonly (number | null)[]): GrowthSlope | null {
  const known = slopes.filter((slope) => slope !== null);
  if (known.length === 0 || known.length < slopes.length) return null;
  const value = mean(known);
  if (!Number.isFinite(value)) return { value: Infinity, half: null };
  if (known.length === 1) return { value, half: null };
  const freedom = known.length - 1;
  const variance = known.reduce((sum, slope) => sum + (slope - value) ** 2, 0) / freedom;
  const quantile = T_QUANTILES[freedom - 1] ?? NORMAL_QUANTILE;
  return { value, half: quantile * Math.sqrt(variance / known.length) };
}

/** Judges a slope. */
export function levelOf(slope: number): GrowthLevel {
  const steepness = Math.abs(slope);
  if (steepness <= FLAT_SLOPE) return "flat";
  return steepness <= STEEP_SLOPE ? "warning" : "error";
}

/** Returns the worst of some judgements. */
export function worstOf(levels: readonly GrowthLevel[]): GrowthLevel {
  return LEVELS[Math.max(0, ...levels.map((level) => LEVELS.indexOf(level)))];
}

/** Returns the layers that are judged. */
export function judgedLayers({ layers }: { layers: readonly LayerGrowth[] }): LayerGrowth[] {
  return layers.filter(({ repeats }) => !repeats);
}

/** Returns the largest |slope| along an axis that the judgement counts. */
export function steepestSlope({ layers }: AxisGrowth): number {
  return Math.abs(steepestLayer(layers)?.slope ?? 0);
}

/** Returns the judged layer of the largest |slope|; `null` if nothing is judged. */
export function steepestLayer(
  layers: readonly LayerGrowth[],
): { layer: string; slope: number } | null {
  const slopes = judgedLayers({ layers }).flatMap(({ name, size, change, role }) =>
    [size, change].flatMap((slope) =>
      slope === null || role === "output" && slope.value < 0
        ? []
        : [{ layer: name, slope: slope.value }]
    )
  );
  return slopes.reduce<typeof slopes[number] | null>(
    (a, b) => a === null || Math.abs(b.slope) > Math.abs(a.slope) ? b : a,
    null,
  );
}
