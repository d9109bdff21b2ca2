import { engineShape } from "../core/rules/shapes/measurement_shape.ts";
import { INITIALIZERS } from "../ground/theory/initializers.ts";
import { DOCUMENTS, writeJson } from "../ground/words/document.ts";
import { InputError } from "../ground/words/input_error.ts";
import {
  allOf,
  anyObject,
  boolean,
  count,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  readShape,
  record,
  requireValue,
  type Shape,
  string,
} from "../ground/words/shape.ts";
import { showValue } from "../ground/words/show_value.ts";
import { countPoints, type ResolvedGrid, type StudyLayer, type StudyPoint } from "./grid_point.ts";
import {
  type AxisGrowth,
  type GrowthAxis,
  type GrowthFix,
  type GrowthLevel,
  type GrowthSlope,
  type GrowthSummary,
  type LayerGrowth,
  pointTrainingShape,
  type RateTransfer,
  scalingShape,
  type StudyTraining,
  studyTrainingShape,
} from "./growth/growth_types.ts";

/** Part of a study: the `index`-th of `count`, from 1. */
export interface Shard {
  /** Number of the part, from 1. */
  index: number;
  /** Number of parts. */
  count: number;
}

/** Subject and environment of a study, which must be equal in all parts of one study. */
export interface StudyHeader {
  /** Kind of the file. */
  format: "gradient-health study";
  /** Version of the format. */
  version: 1;
  /** Version of this package. */
  package: string;
  /** Engine that computed the figures. */
  engine: { backend: string; simd: boolean; relaxedSimd: boolean; tfjs: string };
  /** The model. */
  model: {
    /** Name of the model. */
    name: string;
    /** Path of its file, or `null`. */
    source: string | null;
    /** Hash of layers, weights and batch at the grid's first point, different for each model. */
    fingerprint: string;
  };
  /** Name of the objective. */
  objective: string;
  /** Number of examples in the batch. */
  examples: number;
  /** Path of the batch's file, or `null`. */
  batch: string | null;
  /** Pattern of the layers whose kernels were scaled, or `null` for all. */
  scaleLayers: string | null;
  /** Names of the rules that decided whether a point is healthy. */
  rules: string[];
  /** Grid of the points. */
  grid: ResolvedGrid;
  /** Number of points of the whole study. */
  total: number;
  /** Part of the study in this file, or `null` for the whole. */
  shard: Shard | null;
  /** Training of every point; absent unless the study trains. */
  training?: StudyTraining;
}

/**
 * Returns the points of a shard: from `from` to below `to`. Together the shards cover every point
 * once, and their sizes differ by at most one point.
 *
 * @param grid The grid.
 * @param shard The part, or `null` for all points.
 * @throws {InputError} If the part does not exist.
 * @returns The index of the first point, and the index after the last.
 *
 * @example Seven points in three parts
 * ```ts
 * import { resolveGrid, shardRange } from "@gradient-health/gradient-health/study";
 * import { assertEquals } from "@std/assert";
 *
 * const grid = resolveGrid({ scales: [1, 2, 3, 4, 5, 6, 7] });
 * const parts = [1, 2, 3].map((index) => shardRange(grid, { index, count: 3 }));
 * assertEquals(parts.map(({ from, to }) => to - from).sort(), [2, 2, 3]);
 * ```
 */
export function shardRange(grid: ResolvedGrid, shard: Shard | null): { from: number; to: number } {
  requireValue("grid", grid, gridShape);
  requireValue("shard", shard, nullable(anyObject));
  const total = countPoints(grid);
  if (shard === null) return { from: 0, to: total };
  const { index, count } = shard;
  const sound = Number.isSafeInteger(index) && Number.isSafeInteger(count) && index >= 1 &&
    index <= count;
  if (!sound) {
    throw new InputError({
      place: "shard",
      found: `${showValue(index)}/${showValue(count)}`,
      expected: "whole numbers i/n with 1 <= i <= n",
    });
  }
  const cut = (i: number) => Number(BigInt(total) * BigInt(i) / BigInt(count));
  return { from: cut(index - 1), to: cut(index) };
}

/** An axis of a study has at least one value. */
const axis = <T>(shape: Shape<T>) =>
  list(shape, { expected: "an array of an item or more", least: 1 });

const layer = object<StudyLayer>({
  name: string,
  role: oneOf("hidden", "output"),
  activation: nullable(string),
  sigma: nullable(number),
  gradient: nullable(number),
  delta: nullable(number),
  deltaNorm: nullable(number),
  meanActivation: nullable(number),
  saturated: nullable(number),
  dead: nullable(number),
  zeroGradients: nullable(number),
  zeroDeltas: nullable(number),
  zeroActivations: nullable(number),
});

/** Keys of a point in the order of writing. */
const studyPointShape = object<StudyPoint>({
  index: count,
  seed: number,
  activation: nullable(string),
  initializer: nullable(oneOf(...INITIALIZERS)),
  depth: nullable(count),
  width: nullable(count),
  scale: number,
  rate: optional(number),
  objective: number,
  deltaRatio: nullable(number),
  inputRms: number,
  plain: boolean,
  healthy: boolean,
  failed: list(string),
  layers: list(layer),
  training: optional(pointTrainingShape),
});

const gridShape = object<StudyHeader["grid"]>({
  seeds: axis(number),
  activations: axis(nullable(string)),
  initializers: axis(nullable(oneOf(...INITIALIZERS))),
  depths: axis(nullable(count)),
  widths: axis(nullable(count)),
  scales: axis(number),
  rates: optional(axis(number)),
});

/** Keys of a study without its points, in the order of writing. */
export const studyHeaderShape = object<StudyHeader>({
  format: oneOf("gradient-health study"),
  version: oneOf(DOCUMENTS.study.version),
  package: string,
  engine: engineShape,
  model: object<StudyHeader["model"]>({
    name: string,
    source: nullable(string),
    fingerprint: string,
  }),
  objective: string,
  examples: count,
  batch: nullable(string),
  scaleLayers: nullable(string),
  rules: list(string),
  grid: gridShape,
  total: count,
  shard: nullable(object<NonNullable<StudyHeader["shard"]>>({ index: count, count })),
  training: optional(studyTrainingShape),
});

/** Beginning of every study, which identifies files of this program. */
export const STUDY_BEGINNING = '{\n  "format": "gradient-health study"';
/** Line before the points, and the one after them. */
export const POINTS_LINE = '  "points": [';
export const END_LINE = "  ]";
/** Beginning of every point. */
export const POINT_BEGINNING = '    {"index":';

/** Returns the text before the points, one line per key. The points follow, one line each. */
export function studyOpening(header: StudyHeader): string {
  const entries = Object.entries(studyHeaderShape.encode(header) as object);
  const lines = entries.map(([key, value]) => `  ${writeJson(key)}: ${writeJson(value)},`);
  return ["{", ...lines, POINTS_LINE].join("\n");
}

/** Returns the line of a point, without the comma that separates it from the next. */
export function studyLine(point: StudyPoint): string {
  return `    ${writeJson(studyPointShape.encode(point))}`;
}

/** Text after the points. */
export const STUDY_CLOSING = `\n${END_LINE}\n}\n`;

/** Reads the lines before {@linkcode POINTS_LINE}. */
export function readStudyOpening(lines: readonly string[], where: string): StudyHeader {
  return readShape(`${lines.join("\n").replace(/,$/, "")}}`, studyHeaderShape, where);
}

export function readStudyLine(line: string, where: string): StudyPoint {
  return readShape(line.replace(/,$/, ""), studyPointShape, where);
}

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
const growthAxis = oneOf<GrowthAxis>("width", "depth");
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
    axis: growthAxis,
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
    axis: growthAxis,
    sizes: list(number),
    at: nullable(number),
    best: list(number),
    slope,
    atEdge: boolean,
    level,
  })),
});
