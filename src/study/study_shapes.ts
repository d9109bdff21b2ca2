import {
  allOf,
  boolean,
  count,
  list,
  nullable,
  number,
  object,
  oneOf,
  record,
  type Shape,
  string,
} from "../words/shape.ts";
import {
  type AxisGrowth,
  type GrowthAxis,
  type GrowthFix,
  type GrowthLevel,
  type GrowthSlope,
  type GrowthSummary,
  type LayerGrowth,
  type RateTransfer,
  scalingShape,
  studyTrainingShape,
} from "./growth/growth_types.ts";
import { studyHeaderShape, studyPointShape } from "./study_document.ts";

const figure = nullable(number);

export const studyShape = allOf(studyHeaderShape, object({ points: list(studyPointShape) }));

const quartiles = nullable(object({ lower: number, median: number, upper: number }));

const scale = object({
  scale: number,
  draws: number,
  healthy: number,
  failed: record(number),
  sigma: figure,
  predictedRatio: figure,
  deltaRatio: quartiles,
  layers: list(
    object({
      name: string,
      role: string,
      activation: nullable(string),
      figures: record(quartiles),
    }),
  ),
});

const scales = list(scale, { least: 1, expected: "one scale or more" });

export const summaryShape = object({
  header: studyHeaderShape,
  points: number,
  variants: list(object({
    activation: nullable(string),
    initializer: nullable(string),
    depth: figure,
    width: figure,
    label: string,
    scales,
    best: nullable(scale),
    band: nullable(object({ from: number, to: number })),
    balanced: figure,
    trouble: object({ below: list(string), above: list(string) }),
  })),
});

const level = oneOf<GrowthLevel>("flat", "warning", "error");
const axis = oneOf<GrowthAxis>("width", "depth");
const slope = object<GrowthSlope>({ value: number, half: nullable(number) });
const slopes = list(nullable(slope));

/** Shape of a {@linkcode GrowthSummary}. */
export const growthSummaryShape: Shape<GrowthSummary> = object<GrowthSummary>({
  model: string,
  source: nullable(string),
  training: studyTrainingShape,
  seeds: list(number),
  largest: object<GrowthSummary["largest"]>({ width: nullable(count), depth: nullable(count) }),
  growth: list(object<AxisGrowth>({
    axis,
    sizes: list(number),
    at: nullable(number),
    layers: list(object<LayerGrowth>({
      name: string,
      role: oneOf("hidden", "output"),
      repeats: boolean,
      hasKernel: boolean,
      isBranch: boolean,
      slopes: object<LayerGrowth["slopes"]>({
        activations: slopes,
        changes: slopes,
        gradients: slopes,
        updates: slopes,
      }),
      fanIn: nullable(number),
      input: nullable(number),
      multiplier: number,
      std: nullable(number),
      baseStd: nullable(number),
      size: nullable(slope),
      change: nullable(slope),
      level,
      curves: list(list(number)),
    })),
    level,
    withAdam: nullable(object({ layer: string, slope: number })),
  })),
  level,
  fixes: nullable(object<GrowthFix>({
    scalings: list(scalingShape),
    code: list(object<GrowthFix["code"][number]>({ layer: string, words: string, code: string })),
    level,
    steepest: number,
  })),
  transfer: list(object<RateTransfer>({
    of: oneOf("all", "embedding"),
    axis,
    sizes: list(number),
    at: nullable(number),
    best: list(number),
    slope,
    atEdge: boolean,
    level,
  })),
});
